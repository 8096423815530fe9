package idp_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/onafed/onafed/idp"
)

// asCommand puts this program into dir under a name, as a copy or as the same file.
func asCommand(t *testing.T, dir, name string, same bool) string {
	t.Helper()
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	path := filepath.Join(dir, name)
	if same {
		if err := os.Symlink(own, path); err != nil {
			t.Skip("no symbolic links:", err)
		}
		return path
	}
	in, err := os.Open(own)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o700)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFromEnvironmentCommand(t *testing.T) {
	opts := bare(t)
	opts.AllowExec = true
	t.Setenv("IDP_TEST_COMMAND", "vendor")
	t.Setenv("GORACE", "atexit_sleep_ms=0")
	relative, own, vendor := t.TempDir(), t.TempDir(), t.TempDir()
	asCommand(t, own, "ona", true)
	path := asCommand(t, vendor, "gitpod", false)
	asCommand(t, relative, "ona", false)
	t.Chdir(relative)
	if err := os.Mkdir(filepath.Join(vendor, "ona"), 0o700); err != nil { // not a program
		t.Fatal(err)
	}
	t.Setenv("PATH", strings.Join([]string{"", ".", own, vendor}, string(os.PathListSeparator)))
	src, err := idp.FromEnvironment("a b;c", opts)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := sourceName(src), `command "`+path+`"`; got != want {
		t.Errorf("Source = %s, want %s: neither this program nor a relative directory", got, want)
	}
	tok, err := src.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := tok.Claims().Name, "idp token --audience a b;c 1"; got != want {
		t.Errorf("the command was called with %q and the guard, want %q", got, want)
	}
	// All other sources come before the command.
	t.Setenv("ONA_TOKEN", "pat")
	if src, err := idp.FromEnvironment("a", opts); err != nil || sourceName(src) != "ONA_TOKEN" {
		t.Errorf("FromEnvironment with ONA_TOKEN = %v, %v", src, err)
	}
}

func TestFromEnvironmentCommandNotRun(t *testing.T) {
	for name, tt := range map[string]struct {
		there    bool // whether there is a program named ona
		same     bool // whether it is this program
		allowed  bool
		guard    string
		relative bool // whether PATH is "."
		reason   string
	}{
		"not allowed":                {there: true, reason: "not allowed"},
		"not on PATH":                {allowed: true, reason: "not on PATH"},
		"only this program":          {there: true, same: true, allowed: true, reason: "not on PATH"},
		"started by FromEnvironment": {there: true, allowed: true, guard: "1", reason: "started to get a token"},
		"in a relative directory":    {there: true, allowed: true, relative: true, reason: "not on PATH"},
	} {
		t.Run(name, func(t *testing.T) {
			opts := bare(t)
			dir := t.TempDir()
			t.Setenv("PATH", dir)
			t.Setenv(idp.ExecGuard, tt.guard)
			opts.AllowExec = tt.allowed
			if tt.there {
				asCommand(t, dir, "ona", tt.same)
			}
			if tt.relative {
				t.Chdir(dir)
				t.Setenv("PATH", ".")
			}
			src, err := idp.FromEnvironment(idp.AudienceAWS, opts)
			e, ok := errors.AsType[*idp.EnvironmentError](err)
			if !ok || !strings.Contains(e.Skipped[5].Reason, tt.reason) {
				t.Errorf("FromEnvironment = %v, %v, want %q", src, err, tt.reason)
			}
		})
	}
}

// The newer name comes first, in whatever directory.
func TestFindCommand(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	asCommand(t, first, "gitpod", false)
	want := asCommand(t, second, "ona", false)
	if got := idp.FindCommand([]string{first, second}, []string{"ona", "gitpod"}); got != want {
		t.Errorf("FindCommand = %q, want %q", got, want)
	}
}

// Relative directories are skipped in every spelling, because they depend on the working directory.
func TestFindCommandSkipsRelativeDirectories(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "bin"), 0o700); err != nil {
		t.Fatal(err)
	}
	want := asCommand(t, filepath.Join(dir, "bin"), "ona", false)
	t.Chdir(dir)
	t.Setenv("PATH", filepath.Join(dir, "bin")) // for names without a directory
	relative := []string{"", ".", "bin", "./bin", "bin/../bin", "../" + filepath.Base(dir) + "/bin"}
	for _, d := range relative {
		if got := idp.FindCommand([]string{d}, []string{"ona"}); got != "" {
			t.Errorf("FindCommand in %q = %q, want nothing", d, got)
		}
	}
	if got := idp.FindCommand(append(relative, filepath.Join(dir, "bin")), []string{"ona"}); got != want {
		t.Errorf("FindCommand = %q, want %q", got, want)
	}
}

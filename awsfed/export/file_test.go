package export_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/onafed/onafed/awsfed/export"
	"github.com/onafed/onafed/idp"
)

// credentialsFile returns a credentials file with the text, in a folder of its own.
func credentialsFile(t *testing.T, text string, opts *export.FileOptions) *export.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "credentials")
	if text != "" {
		write(t, path, text, 0o600)
	}
	f, err := export.NewCredentialsFile(path, opts)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func configFile(t *testing.T, text string, opts *export.FileOptions) *export.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config")
	write(t, path, text, 0o600)
	f, err := export.NewConfigFile(path, opts)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// A file that cannot be edited safely stays as it is, byte for byte.
func TestRefusedFileIsUntouched(t *testing.T) {
	t.Parallel()
	texts := map[string]int{
		"[p]\naws_access_key_id = a\n[p]\n":      3,
		"[p]\nregion = x # c\n":                  2,
		"\ufeff[p]\n":                            1,
		"[q]\nx = 1\nX = 2\n":                    3,
		"[p]\ngarbage\n":                         2,
		"[p]\noutput = \"quoted\"\n":             2,
		"[q\n":                                   1,
		"loose = 1\n[p]\n":                       1,
		"[p]\naws_access_key_id = a\n  b = c\n":  3,
		"[q]\nok = 1\n\n# c\n[DEFAULT]\nx = 1\n": 5,
		"[p]\na = 1\n\xff\n":                     3,
		"[p]\r\na = 1\r\nb = 2\rc = 3\r\n":       3,
	}
	for text, line := range texts {
		f := credentialsFile(t, text, &export.FileOptions{Overwrite: true})
		before, err := os.Stat(f.Path())
		if err != nil {
			t.Fatal(err)
		}
		err = f.WriteCredentials(t.Context(), "p", credentials(1))
		var fe *export.FileError
		if !errors.As(err, &fe) || fe.Line != line {
			t.Errorf("%q: %v, want a refusal of line %d", text, err, line)
		}
		after, err := os.Stat(f.Path())
		if err != nil {
			t.Fatal(err)
		}
		if read(t, f.Path()) != text || !os.SameFile(before, after) || !before.ModTime().Equal(after.ModTime()) {
			t.Errorf("%q: the file was changed", text)
		}
	}
}

func TestUnchangedFileIsNotWritten(t *testing.T) {
	t.Parallel()
	f := credentialsFile(t, "[p]\nregion=x\n", nil)
	before, err := os.Stat(f.Path())
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Edit(t.Context(), "p", export.Set("region", "x")); err != nil {
		t.Fatal(err)
	}
	after, err := os.Stat(f.Path())
	if err != nil {
		t.Fatal(err)
	}
	if !os.SameFile(before, after) {
		t.Error("the file was replaced although nothing changed")
	}
}

func TestFilesOfOtherUsersAreRefused(t *testing.T) {
	t.Parallel()
	f := credentialsFile(t, "[p]\n", nil)
	if err := os.Chown(f.Path(), 12345, -1); err != nil {
		t.Skip("only root can try this")
	}
	if err := f.Edit(t.Context(), "p", export.Set("region", "x")); err == nil || read(t, f.Path()) != "[p]\n" {
		t.Errorf("another user's file was edited: %v", err)
	}
	folder, err := export.NewCredentialsFile(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := folder.Edit(t.Context(), "p", export.Set("region", "x")); err == nil {
		t.Error("a folder was edited")
	}
}

func TestDefaultPaths(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "")
	t.Setenv("AWS_CONFIG_FILE", "")
	paths := func() [2]string {
		cred, err := export.NewCredentialsFile("", nil)
		if err != nil {
			t.Fatal(err)
		}
		conf, err := export.NewConfigFile("", nil)
		if err != nil {
			t.Fatal(err)
		}
		return [2]string{cred.Path(), conf.Path()}
	}
	if got, want := paths(), [2]string{filepath.Join(home, ".aws", "credentials"), filepath.Join(home, ".aws", "config")}; got != want {
		t.Errorf("paths %q, want %q", got, want)
	}
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(home, "a"))
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(home, "b"))
	if got, want := paths(), [2]string{filepath.Join(home, "a"), filepath.Join(home, "b")}; got != want {
		t.Errorf("paths %q, want %q", got, want)
	}
}

// The name of a folder may contain any character. An error with such a name is one line of
// printable text.
func TestErrorsAreOneCleanLine(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such names")
	}
	file := filepath.Join(t.TempDir(), "a\n\x1b[31m\u202eb")
	write(t, file, "", 0o600)
	f, err := export.NewCredentialsFile(filepath.Join(file, "deep", "credentials"), nil)
	if err != nil {
		t.Fatal(err)
	}
	errs := map[string]error{
		"Edit":      f.Edit(t.Context(), "p", export.Set("region", "x")),
		"OpenCache": export.OpenCache(&export.CacheOptions{Dir: filepath.Join(file, "cache")}).Off(),
	}
	_, _, errs["Lookup"] = f.Lookup("p", "region")
	_, errs["Write"] = newTokenFile(t, filepath.Join(file, "deep", "token"), idp.Static(idToken(t, 1, time.Hour)), nil).Write(t.Context())
	for call, err := range errs {
		if err == nil || strings.ContainsFunc(err.Error(), func(c rune) bool { return c < ' ' || c > '~' }) {
			t.Errorf("%s: %q", call, err)
		}
	}
}

// An edit does not write a file that is too large to be read again.
func TestEditKeepsTheSizeLimit(t *testing.T) {
	t.Parallel()
	text := "[q]\n# " + strings.Repeat("x", 16<<20-len("[q]\n# ")-1-len("\n[p]\nregion = x\n")) + "\n"
	f := credentialsFile(t, text, nil)
	if err := f.Edit(t.Context(), "p", export.Set("region", "xx")); err == nil || !strings.Contains(err.Error(), "16 MiB") || read(t, f.Path()) != text {
		t.Errorf("a byte more than the limit: %v", err)
	}
	if err := f.Edit(t.Context(), "p", export.Set("region", "x")); err != nil {
		t.Errorf("up to the limit: %v", err)
	}
	if got, _, err := f.Lookup("p", "region"); got != "x" || err != nil {
		t.Errorf("Lookup = %q, %v", got, err)
	}
}

// A file that is not regular stays as it is, and so does its folder.
func TestOnlyRegularFilesAreReplaced(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("on Windows a socket is a regular file")
	}
	dir, err := os.MkdirTemp("", "s") //nolint:usetesting // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	path := filepath.Join(dir, "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	link := filepath.Join(dir, "link")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{path, link} {
		f, err := export.NewCredentialsFile(p, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.WriteCredentials(t.Context(), "p", credentials(1)); err == nil || !strings.Contains(err.Error(), "not a regular file") {
			t.Errorf("WriteCredentials: %v", err)
		}
		if _, err := newTokenFile(t, p, idp.Static(idToken(t, 1, time.Hour)), nil).Write(t.Context()); err == nil || !strings.Contains(err.Error(), "not a regular file") {
			t.Errorf("TokenFile: %v", err)
		}
	}
	if names := glob(t, filepath.Join(dir, ".*")); len(names) > 0 {
		t.Errorf("left in the folder: %q", names)
	}

	zero, err := export.NewCredentialsFile("/dev/zero", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := zero.Lookup("p", "region"); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("Lookup in another device = %v", err)
	}
	null, err := export.NewCredentialsFile(os.DevNull, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, ok, err := null.Lookup("p", "region"); got != "" || ok || err != nil {
		t.Errorf("Lookup in the null device = %q, %v, %v", got, ok, err)
	}
	if removed, err := null.RemoveCredentials(t.Context(), "p"); removed || err != nil {
		t.Errorf("RemoveCredentials in the null device = %v, %v", removed, err)
	}
}

func TestLookupIgnoresCase(t *testing.T) {
	t.Parallel()
	f := credentialsFile(t, "[p]\nRegion = x\n", nil)
	for _, key := range []string{"region", "Region", "REGION"} {
		if got, ok, err := f.Lookup("p", key); got != "x" || !ok || err != nil {
			t.Errorf("Lookup(%s) = %q, %v, %v", key, got, ok, err)
		}
	}
}

func TestFileErrorText(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]*export.FileError{
		`export: "/x" line 3: a reason; do this`: {Path: "/x", Line: 3, Reason: "a reason", Next: "do this"},
		`export: "/x" line 1: a reason`:          {Path: "/x", Line: 1, Reason: "a reason"},
		`export: "/x": a reason: still locked`:   {Path: "/x", Reason: "a reason", Err: export.ErrLocked},
		`export: "/x": still locked; try again`:  {Path: "/x", Err: export.ErrLocked, Next: "try again"},
	} {
		if got := err.Error(); got != want {
			t.Errorf("Error = %q, want %q", got, want)
		}
	}
}

// An error of the operating system about the file itself does not repeat its path.
func TestErrorsNameTheFileOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := strings.Repeat("x", 300) // longer than Unix accepts
	if runtime.GOOS == "windows" {
		name = "a*b" // no name on Windows; there, wine calls a file with a long name missing
	}
	f, err := export.NewCredentialsFile(filepath.Join(dir, name), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Inspect("p"); err == nil || strings.Count(err.Error(), dir) != 1 {
		t.Errorf("Inspect = %v, want the path once", err)
	}
}

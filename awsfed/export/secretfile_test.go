package export_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/onafed/onafed/awsfed/export"
)

func TestWriteSecret(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "new", "folder", "secret")
	for _, content := range []string{"first", "second", "second", ""} {
		if err := export.WriteSecret(t.Context(), path, content, nil); err != nil {
			t.Fatal(err)
		}
		if got := read(t, path); got != content {
			t.Errorf("the file contains %q, want %q", got, content)
		}
		checkMode(t, path, 0o600)
	}
	checkMode(t, filepath.Dir(path), 0o700)
	checkMode(t, filepath.Dir(filepath.Dir(path)), 0o700)
	empty := filepath.Join(t.TempDir(), "empty")
	if err := export.WriteSecret(t.Context(), empty, "", nil); err != nil {
		t.Fatal(err)
	}
	if got := read(t, empty); got != "" {
		t.Errorf("the empty secret is %q", got)
	}
}

func TestWriteSecretCorrectsTheMode(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secret")
	write(t, path, "same", 0o644)
	if err := export.WriteSecret(t.Context(), path, "same", nil); err != nil {
		t.Fatal(err)
	}
	checkMode(t, path, 0o600)
}

// The new file would replace the link or the device itself.
func TestWriteSecretRefusesWhatIsNotARegularFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	paths := []string{dir}
	if runtime.GOOS != "windows" {
		paths = append(paths, os.DevNull)
		link := filepath.Join(dir, "link")
		if err := os.Symlink(filepath.Join(dir, "target"), link); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, link)
	}
	for _, path := range paths {
		err := export.WriteSecret(t.Context(), path, "sEcReT", nil)
		refused, ok := errors.AsType[*export.FileError](err)
		if !ok || refused.Path != path || strings.Contains(err.Error(), "sEcReT") {
			t.Errorf("WriteSecret(%q) = %v, want a *FileError with the path and without the content", path, err)
		}
	}
	if _, err := os.Lstat(filepath.Join(dir, "target")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the link was followed: %v", err)
	}
}

func checkMode(t *testing.T, path string, want os.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != want && runtime.GOOS != "windows" {
		t.Errorf("%s has mode %04o, want %04o", path, got, want)
	}
}

// A server writes a file with a new name at each start, and removes it. Its locks must not add up.
func TestWriteSecretLeavesOneLock(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"a", "b", "c"} {
		path := filepath.Join(dir, name)
		if err := export.WriteSecret(t.Context(), path, "secret", nil); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 {
		t.Errorf("the folder has %v, %v, want one lock", left, err)
	}
}

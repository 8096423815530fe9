package export_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onafed/onafed/awsfed/export"
)

// After the rename the file is new, even if the flush fails. A file system that cannot flush is no
// error. A disk error says that the file was replaced.
func TestUnflushedFolder(t *testing.T) {
	t.Parallel()
	for _, err := range []error{nil, syscall.EINVAL, syscall.ENOTSUP, syscall.ENOSYS, syscall.EACCES, &fs.PathError{Op: "sync", Path: "x", Err: syscall.EPERM}} {
		if got := export.CheckFlush(err); got != nil {
			t.Errorf("%v: %v", err, got)
		}
	}
	if err := export.CheckFlush(syscall.EIO); !errors.Is(err, syscall.EIO) || !strings.Contains(err.Error(), "the file was replaced") {
		t.Errorf("a disk error: %v", err)
	}
}

// A failed write leaves no temporary file. The target is a folder, so only the rename fails.
func TestFailedReplaceLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	at := openTarget(t, filepath.Join(dir, "x"))
	if err := at.Replace(t.Context(), "secret"); err == nil {
		t.Error("a folder was replaced")
	}
	if err := at.WriteNamed("secret"); err != nil {
		t.Fatal(err)
	}
	if err := at.Replace(t.Context(), "secret"); err == nil {
		t.Error("a folder was replaced")
	}
	if names := glob(t, filepath.Join(dir, ".*")); len(names) > 0 {
		t.Errorf("left: %q", names)
	}
	// Only an error that may go away is retried, and only a file that cannot be replaced is read-only.
	if err := os.Chmod(filepath.Join(dir, "x"), 0o500); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		if err := at.Replace(t.Context(), "secret"); err == nil || strings.Contains(err.Error(), "read-only") || runtime.GOOS != "windows" && time.Since(begin) != 0 {
			t.Errorf("Replace = %v after %v, want the error of the operating system at once", err, time.Since(begin))
		}
	})
}

// A temporary file that a killed writer left is replaced, whatever it is.
func TestReplaceOverAnOldTemporaryFile(t *testing.T) {
	t.Parallel()
	for _, named := range []bool{false, true} {
		path := filepath.Join(t.TempDir(), "x")
		at := openTarget(t, path)
		temp := filepath.Join(filepath.Dir(path), ".x.onafed.tmp")
		if err := os.Symlink(path, temp); err != nil {
			write(t, temp, "old", 0o600)
		}
		if named {
			if err := at.WriteNamed("new"); err != nil {
				t.Fatal(err)
			}
			if got := read(t, temp); got != "new" {
				t.Errorf("the temporary file has %q", got)
			}
			continue
		}
		if err := at.Replace(t.Context(), "new"); err != nil || read(t, path) != "new" {
			t.Errorf("Replace = %v", err)
		}
	}
}

// The folder is resolved once. If another user puts a link in its place, the file is still replaced
// in the folder that was checked.
func TestFolderThatIsReplacedLater(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("an open folder cannot be renamed")
	}
	dir := t.TempDir()
	own, moved, other := filepath.Join(dir, "own"), filepath.Join(dir, "moved"), filepath.Join(dir, "other")
	for _, d := range []string{own, other} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	at := openTarget(t, filepath.Join(own, "x"))
	if err := errors.Join(os.Rename(own, moved), os.Symlink(other, own)); err != nil {
		t.Fatal(err)
	}
	if err := at.Replace(t.Context(), "secret"); err != nil || read(t, filepath.Join(moved, "x")) != "secret" {
		t.Errorf("Replace = %v", err)
	}
	if left, err := os.ReadDir(other); err != nil || len(left) > 0 {
		t.Errorf("written through the link: %v, %v", left, err)
	}
}

// In a folder where everybody can write, another user can replace the user's folder while the way to
// the file is checked. The check goes on in the folder that it entered.
func TestFolderThatIsReplacedMeanwhile(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no modes")
	}
	base := t.TempDir()
	if err := errors.Join(os.Chmod(base, 0o777), os.MkdirAll(filepath.Join(base, "own", "x"), 0o700), os.MkdirAll(filepath.Join(base, "other", "x"), 0o700)); err != nil {
		t.Fatal(err)
	}
	swap := func() {
		if err := errors.Join(os.Rename(filepath.Join(base, "own"), filepath.Join(base, "moved")), os.Rename(filepath.Join(base, "other"), filepath.Join(base, "own"))); err != nil {
			t.Error(err)
		}
	}
	at, err := export.OpenTargetSlowly(base, "own", "x", "secret", swap)
	if err != nil {
		t.Fatal(err)
	}
	defer at.Close()
	if err := at.Replace(t.Context(), "s"); err != nil || read(t, filepath.Join(base, "moved", "x", "secret")) != "s" {
		t.Errorf("Replace = %v, want the file in the folder that was entered", err)
	}
	if err := os.Rename(filepath.Join(base, "moved"), filepath.Join(base, "other")); err != nil {
		t.Fatal(err)
	}
	if err := export.OpenReplaced(base, "own", swap); err == nil || !strings.Contains(err.Error(), "was replaced while it was opened") {
		t.Errorf("a folder that was replaced before it was opened: %v", err)
	}
	if err := export.OpenReplaced(base, "own", func() { check(t, os.RemoveAll(filepath.Join(base, "own"))) }); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that was removed before it was opened: %v", err)
	}
}

func openTarget(t *testing.T, path string) export.Target {
	t.Helper()
	at, err := export.OpenTarget(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(at.Close)
	return at
}

// An edit that is refused or changes nothing leaves no lock, unless there was one. Neither does a
// removal of keys from a file without any.
func TestRefusedEditLeavesNoLock(t *testing.T) {
	t.Parallel()
	edits := map[string]func(f *export.File) error{
		"[p]\n[p]\n": func(f *export.File) error { return f.Edit(t.Context(), "p", export.Set("region", "x")) },
		"[p]\naws_access_key_id = AKIAX\naws_secret_access_key = x\n": func(f *export.File) error { return f.WriteCredentials(t.Context(), "p", credentials(1)) },
		"[p]\nrole_arn = x\n": func(f *export.File) error { return f.WriteCredentials(t.Context(), "p", credentials(1)) },
		"[p]\nregion = x\n":   func(f *export.File) error { return f.Edit(t.Context(), "p", export.Set("region", "x")) },
		"[q]\nregion = x\n": func(f *export.File) error {
			_, err := f.RemoveCredentials(t.Context(), "p")
			return err
		},
	}
	for text, edit := range edits {
		f := credentialsFile(t, text, nil)
		if err := edit(f); (err == nil) != strings.Contains(text, "region") || read(t, f.Path()) != text {
			t.Errorf("%q: %v", text, err)
		}
		if names := glob(t, filepath.Join(filepath.Dir(f.Path()), ".*")); len(names) > 0 {
			t.Errorf("%q: left %q", text, names)
		}
	}
}

// After a temporary error the call is repeated for two seconds, and until the context ends.
func TestRetryWhile(t *testing.T) {
	t.Parallel()
	busy, other := errors.New("busy"), errors.New("other")
	for _, tt := range []struct {
		rule     string
		failures int
		err      error
		canceled bool
		want     error
		least    time.Duration
		most     time.Duration
	}{
		{"no error", 0, nil, false, nil, 0, 0},
		{"it passes", 5, busy, false, nil, time.Millisecond, 200 * time.Millisecond},
		{"it stays", 1000, busy, false, busy, 2 * time.Second, 2200 * time.Millisecond},
		{"another error", 1, other, false, other, 0, 0},
		{"the context ends", 1000, busy, true, busy, 0, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if tt.canceled {
				cancel()
			}
			begin, calls := time.Now(), 0
			err := export.RetryWhile(ctx, func(err error) bool { return errors.Is(err, busy) }, func() error {
				if calls++; calls > tt.failures {
					return nil
				}
				return tt.err
			})
			if took := time.Since(begin); !errors.Is(err, tt.want) || took < tt.least || took > tt.most {
				t.Errorf("%s: %v after %v, want %v within %v to %v", tt.rule, err, took, tt.want, tt.least, tt.most)
			}
		})
	}
}

// The next edit removes the temporary file of a killed writer, whether or not it succeeds.
func TestOldTemporaryFileIsRemoved(t *testing.T) {
	t.Parallel()
	for rule, text := range map[string]string{"changed": "[p]\nregion = a\n", "unchanged": "[p]\nregion = x\n", "refused": "[p]\n[p]\n"} {
		f := credentialsFile(t, text, nil)
		_, temp := f.Siblings()
		write(t, temp, "aws_secret_access_key = half", 0o600)
		err := f.Edit(t.Context(), "p", export.Set("region", "x"))
		if (err != nil) != (rule == "refused") {
			t.Errorf("%s: %v", rule, err)
		}
		if _, err := os.Lstat(temp); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: the temporary file is left", rule)
		}
	}
}

package export_test

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"

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

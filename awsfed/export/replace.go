package export

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"syscall"
	"time"

	"github.com/onafed/onafed/internal/retry"
)

// createFlags are the flags for a new file. With them a link in its place is an error.
const createFlags = os.O_RDWR | os.O_CREATE | os.O_EXCL

// replace writes the text to a new file, which replaces the file. A reader, and a reader after a
// crash, finds the old file or the new one. The caller holds the lock.
func (t target) replace(ctx context.Context, perm filePerm, text string) error {
	dir, err := t.stage(perm, text)
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := t.rename(ctx, dir); err != nil {
		t.removeTemp()
		return err
	}
	return checkFlush(dir.Sync())
}

// stage writes the text to the temporary file, and returns its opened folder.
//
// Where the system can, the new file gets a name only when it is complete. A killed writer then
// leaves nothing behind.
func (t target) stage(perm filePerm, text string) (dir *os.File, err error) {
	if dir, err = t.root.Open("."); err != nil {
		return nil, err
	}
	err = t.writeUnnamed(dir, perm, text)
	if errors.Is(err, errors.ErrUnsupported) {
		err = t.writeNamed(perm, text)
	}
	if err != nil {
		t.removeTemp()
		dir.Close()
		return nil, err
	}
	return dir, nil
}

// writeNamed writes the temporary file under its name.
func (t target) writeNamed(perm filePerm, text string) error {
	temp, err := t.root.OpenFile(t.tempName(), createFlags, 0o600)
	if errors.Is(err, fs.ErrExist) { // a killed writer left it
		t.removeTemp()
		temp, err = t.root.OpenFile(t.tempName(), createFlags, 0o600)
	}
	if err != nil {
		return err
	}
	return errors.Join(fill(temp, perm, text), temp.Close())
}

// fill sets the permissions before it writes, so that no other user can read a part of the content.
// It sets the mode of a private file too, because the umask may have removed permissions of the
// user.
func fill(temp *os.File, perm filePerm, text string) error {
	if perm.chgrp {
		if err := temp.Chown(-1, perm.group); err != nil {
			return err
		}
	}
	if err := chmod(temp, perm.mode); err != nil {
		return err
	}
	if _, err := temp.WriteString(text); err != nil {
		return err
	}
	return temp.Sync()
}

// chmod sets the mode of an open file where there are modes.
func chmod(file *os.File, mode fs.FileMode) error {
	if !hasOwners {
		return nil
	}
	return file.Chmod(mode)
}

// rename replaces the file with the temporary file. On Windows that fails while another
// program, such as a virus scanner, has the file open.
func (t target) rename(ctx context.Context, dir *os.File) error {
	err := retryWhile(ctx, func(err error) bool { return isBusy(err) && !t.isReadOnly() }, func() error { return t.renameOnce(dir) })
	switch {
	case errors.Is(err, syscall.EBUSY):
		return &FileError{Reason: "the file is a mount point and cannot be replaced", Next: "mount its folder instead", Err: err}
	case isBusy(err) && t.isReadOnly():
		return &FileError{Reason: "the file is read-only", Next: "run attrib -r on it", Err: err}
	case isBusy(err):
		return &FileError{Reason: "another program has the file open", Next: "close that program", Err: err}
	}
	return err
}

// isReadOnly reports whether the file has the attribute that forbids to replace it on Windows.
func (t target) isReadOnly() bool {
	info, err := t.root.Lstat(t.name)
	return err == nil && info.Mode().Perm()&0o200 == 0
}

// retryWhile repeats a call for up to two seconds while its error is temporary.
func retryWhile(ctx context.Context, temporary func(error) bool, call func() error) error {
	deadline := time.Now().Add(2 * time.Second)
	for wait := 2 * time.Millisecond; ; wait = min(2*wait, 100*time.Millisecond) {
		err := call()
		if err == nil || !temporary(err) || time.Now().After(deadline) || !retry.Pause(ctx, wait) {
			return err
		}
	}
}

// checkFlush returns the error for a folder that was not flushed after the rename. It returns nil
// if the file system, the folder's mode or Windows does not allow a flush, because then nothing can
// be done.
func checkFlush(err error) error {
	if err == nil || errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) || errors.Is(err, fs.ErrPermission) {
		return nil
	}
	return &FileError{Reason: "the file was replaced, but its folder was not flushed to disk: the old file may be back after a power failure", Err: err}
}

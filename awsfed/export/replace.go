package export

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/onafed/onafed/internal/retry"
)

// target is a file to replace, with its lock and its temporary file.
//
// The name of the temporary file is fixed. Only the holder of the lock writes it, so an existing
// one was left by a killed writer and is replaced. There is never more than one, and none to search
// for.
type target struct {
	path, dir, lock, temp string
}

func targetAt(path string) target {
	dir, name := filepath.Split(path)
	return target{
		path: path,
		dir:  filepath.Clean(dir),
		lock: dir + "." + name + ".onafed.lock",
		temp: dir + "." + name + ".onafed.tmp",
	}
}

// removeTemp removes the temporary file that a killed writer may have left.
func (t target) removeTemp() { _ = os.Remove(t.temp) }

// filePerm says which users may use a new file.
type filePerm struct {
	mode  fs.FileMode
	chgrp bool
	group int // if chgrp
}

// replaceFile replaces the file by the parts, one after the other. A reader, and a reader after a
// crash, finds the old file or the new one. The caller holds the lock.
func replaceFile(ctx context.Context, at target, perm filePerm, parts ...string) (err error) {
	temp, err := createTemp(at.temp)
	if errors.Is(err, fs.ErrExist) { // a killed writer left it
		at.removeTemp()
		temp, err = createTemp(at.temp)
	}
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			at.removeTemp()
		}
	}()
	if err := fillTemp(temp, perm, parts); err != nil {
		temp.Close()
		return err
	}
	if err := temp.Close(); err != nil {
		return err
	}
	if err := rename(ctx, at.temp, at.path); err != nil {
		if errors.Is(err, syscall.EBUSY) {
			return &FileError{Reason: "the file is a mount point and cannot be replaced", Next: "mount its folder instead", Err: err}
		}
		return err
	}
	return checkFlush(syncFolder(at.dir))
}

// checkFlush returns the error for a folder that was not flushed after the rename. It returns nil
// if the file system or the folder's mode does not allow a flush, because then nothing can be done.
func checkFlush(err error) error {
	if err == nil || errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) || errors.Is(err, fs.ErrPermission) {
		return nil
	}
	return &FileError{Reason: "the file was replaced, but its folder was not flushed to disk: the old file may be back after a power failure", Err: err}
}

func createTemp(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL|openNoFollow, 0o600)
}

// fillTemp sets the permissions before it writes, so that no other user can read a part of the
// content.
func fillTemp(temp *os.File, perm filePerm, parts []string) error {
	if perm.chgrp {
		if err := temp.Chown(-1, perm.group); err != nil {
			return err
		}
	}
	if perm.mode != 0o600 { // the mode that it was created with
		if err := temp.Chmod(perm.mode); err != nil {
			return err
		}
	}
	for _, part := range parts {
		if _, err := temp.WriteString(part); err != nil {
			return err
		}
	}
	return temp.Sync()
}

// rename renames a file. On Windows that fails while another program, such as a virus scanner, has
// the file open, so it is tried for two seconds.
func rename(ctx context.Context, from, to string) error {
	deadline := time.Now().Add(2 * time.Second)
	for wait := 2 * time.Millisecond; ; wait = min(2*wait, 100*time.Millisecond) {
		err := os.Rename(from, to)
		if err == nil || !isBusy(err) || time.Now().After(deadline) {
			return err
		}
		if !retry.Pause(ctx, wait) {
			return err
		}
	}
}

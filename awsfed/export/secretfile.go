package export

import (
	"context"
	"os"
	"path/filepath"
	"time"
)

// secretLockTimeout is how long a writer of a secret file waits for other writers of that file.
const secretLockTimeout = 10 * time.Second

// WriteSecret writes a file that only this user can read (mode 0600). It creates missing folders
// with mode 0700. The file is replaced atomically, under a lock beside it and after a flush to disk,
// so a reader, and a reader after a crash, sees the old content or the new content, never a part.
//
// Anything but a regular file at path, such as a device or a symbolic link, is an error: the new
// file would replace it. An existing folder is not checked; choose one in which other users cannot
// write. Errors are [*FileError]. WriteSecret is safe for concurrent use, in one process and in
// many.
func WriteSecret(ctx context.Context, path, content string) error {
	abs, err := filepath.Abs(path)
	if err != nil {
		return &FileError{Path: path, Reason: "it is relative to a folder that cannot be found", Err: err}
	}
	at := placeOf(abs)
	if err := os.MkdirAll(at.dir, 0o700); err != nil {
		return failAt(abs, err)
	}
	var own locks
	if _, err := writeSecret(ctx, &own, at, filePerm{mode: 0o600}, content); err != nil {
		return failAt(abs, err)
	}
	return nil
}

// writeSecret replaces the file, unless it already has the content and the permissions.
func writeSecret(ctx context.Context, l *locks, at place, perm filePerm, content string) (changed bool, err error) {
	if err := checkReplaceable(at.path); err != nil {
		return false, err
	}
	lock, err := l.take(ctx, at.lock, secretLockTimeout)
	if err != nil {
		return false, err
	}
	defer lock.release()
	old, info, err := readText(at.path, true)
	if err == nil && info != nil && old == content && hasPerm(info, perm) {
		_ = os.Remove(at.temp) // a killed writer may have left one; a replacement would reuse it
		return false, nil
	}
	if err := replaceFile(ctx, at, perm, content); err != nil {
		return false, err
	}
	return true, nil
}

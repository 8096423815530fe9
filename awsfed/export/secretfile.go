package export

import (
	"context"
	"os"
	"path/filepath"
	"time"
)

// secretLockTimeout is how long a writer of a secret file waits for other writers of the same file.
const secretLockTimeout = 10 * time.Second

// WriteSecret writes a file that only this user can read (mode 0600). Missing folders are made with
// mode 0700. The file is replaced atomically, under a lock and after a flush to disk: a reader, and
// a reader after a crash, sees the old content or the new content, never a part. The lock is the
// empty file .onafed.lock of the folder, and stays: one for all files, because their names may
// differ each time.
//
// Anything but a regular file at path, such as a device or a symbolic link, is refused, because the
// new file would replace it. An existing folder is not checked; choose one in which other users
// cannot write. Errors are [*FileError]. WriteSecret is safe for concurrent use, in one process and
// in many.
func WriteSecret(ctx context.Context, path, content string) error {
	abs, err := absolute(path)
	if err != nil {
		return err
	}
	at := targetAt(abs)
	at.lock = filepath.Join(at.dir, ".onafed.lock")
	if err := os.MkdirAll(at.dir, 0o700); err != nil {
		return failAt(abs, err)
	}
	if _, err := writeSecret(ctx, new(locks), at, filePerm{mode: 0o600}, content); err != nil {
		return failAt(abs, err)
	}
	return nil
}

// writeSecret replaces the file, unless it has the content and the permissions already.
func writeSecret(ctx context.Context, l *locks, at target, perm filePerm, content string) (changed bool, err error) {
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
		at.removeTemp()
		return false, nil
	}
	err = replaceFile(ctx, at, perm, content)
	return err == nil, err
}

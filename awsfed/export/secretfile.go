package export

import (
	"context"
	"errors"
	"io/fs"
	"time"
)

// secretLockTimeout is how long a writer of a secret file waits for other writers of the same file.
const secretLockTimeout = 10 * time.Second

// SecretOptions are the options of [WriteSecret]. Nil means the defaults.
type SecretOptions struct {
	// TrustedOwner is described at [FileOptions].
	TrustedOwner string
}

// WriteSecret writes a file that only this user can read (mode 0600). Missing folders are made with
// mode 0700. The file is replaced atomically, under a lock and after a flush to disk: a reader, and
// a reader after a crash, sees the old content or the new content, never a part. The lock is the
// empty file .onafed.lock of the folder, and stays: one for all files, because their names may
// differ each time.
//
// Anything but a regular file at path, such as a device or a symbolic link, is refused, because the
// new file would replace it. A folder or link of another user on the way is refused as by [File].
// Errors are [*FileError], or an [*OptionError] for "TrustedOwner". WriteSecret is safe for
// concurrent use, in one process and in many.
func WriteSecret(ctx context.Context, path, content string, opts *SecretOptions) error {
	rule := folderRule{create: true}
	if opts != nil {
		var err error
		if rule.owners, err = newOwners("WriteSecret", opts.TrustedOwner); err != nil {
			return err
		}
	}
	path, err := absolute(path)
	if err != nil {
		return err
	}
	at, err := openTarget(path, rule)
	if err != nil {
		return failAt(path, err)
	}
	defer at.close()
	at.lockName = ".onafed.lock"
	if _, err := at.writeSecret(ctx, new(locks), rule.owners, filePerm{mode: 0o600}, content); err != nil {
		return failAt(path, err)
	}
	return nil
}

// writeSecret replaces the file, unless it has the content and the permissions already. A file that
// is not regular is refused before a lock is made, because a folder such as /dev must not get one.
func (t target) writeSecret(ctx context.Context, l *locks, o owners, perm filePerm, content string) (changed bool, err error) {
	info, err := t.root.Lstat(t.name)
	if err == nil {
		err = checkRegular(info)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	lock, err := l.take(ctx, t.lockPath(), secretLockTimeout, t.createLock)
	if err != nil {
		return false, err
	}
	defer lock.release()
	old, info, err := t.read(o)
	if err == nil && info != nil && old == content && perm.fits(info) {
		t.removeTemp()
		return false, nil
	}
	err = t.replace(ctx, perm, content)
	return err == nil, err
}

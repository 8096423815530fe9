package export

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// place is where a file is replaced: the file and what stands beside it.
//
// The temporary file has one fixed name. Only the holder of the lock writes it,
// so one that is there already was left by a killed writer and is replaced: no
// search for orphans is needed, and there is never more than one.
type place struct {
	path, dir, lock, temp string
}

func placeOf(path string) place {
	dir, name := filepath.Split(path)
	return place{
		path: path,
		dir:  filepath.Clean(dir),
		lock: dir + "." + name + ".onafed.lock",
		temp: dir + "." + name + ".onafed.tmp",
	}
}

// filePerm is who may use a new file.
type filePerm struct {
	mode  fs.FileMode
	chgrp bool
	group int // when chgrp
}

// replaceFile puts the parts, one after the other, in the place of at.path so
// that a reader and a crash find the old file or the new one. The caller holds
// the lock.
func replaceFile(ctx context.Context, at place, perm filePerm, parts ...string) (err error) {
	temp, err := createTemp(at.temp)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(at.temp)
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
			return &FileError{Reason: "the file cannot be replaced, it is a mount of its own", Next: "mount its folder instead", Err: err}
		}
		return err
	}
	return unflushed(syncFolder(at.dir))
}

// unflushed is the error for a folder that could not be flushed after the rename,
// nil where the file system or the folder's mode does not let it: there is no
// more that can be done there.
func unflushed(err error) error {
	if err == nil || errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) || errors.Is(err, fs.ErrPermission) {
		return nil
	}
	return &FileError{Reason: "the file was replaced, but its folder could not be flushed: after a power cut the old one may be back", Err: err}
}

func createTemp(name string) (*os.File, error) {
	const flag = os.O_WRONLY | os.O_CREATE | os.O_EXCL | openNoFollow
	temp, err := os.OpenFile(name, flag, 0o600)
	if errors.Is(err, fs.ErrExist) {
		if err := os.Remove(name); err != nil {
			return nil, err
		}
		temp, err = os.OpenFile(name, flag, 0o600)
	}
	return temp, err
}

func fillTemp(temp *os.File, perm filePerm, parts []string) error {
	if perm.chgrp {
		if err := temp.Chown(-1, perm.group); err != nil {
			return err
		}
	}
	if perm.mode != 0o600 { // with that mode it was made
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

// rename tries for two seconds where the system refuses while somebody else,
// a virus scanner for one, has the file open (Windows).
func rename(ctx context.Context, from, to string) error {
	return retryBusy(ctx, 2*time.Second, func() error { return os.Rename(from, to) })
}

func retryBusy(ctx context.Context, limit time.Duration, do func() error) error {
	err := do()
	if err == nil || !isBusy(err) {
		return err
	}
	deadline := time.Now().Add(limit)
	for wait := 2 * time.Millisecond; time.Now().Before(deadline); wait = min(2*wait, 100*time.Millisecond) {
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
		if err = do(); err == nil || !isBusy(err) {
			return err
		}
	}
	return err
}

// makeFolder makes the folder, and those above it, for the user alone.
func makeFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return tightenFolder(dir)
}

// tightenFolder refuses a folder that is somebody else's link, and takes
// others' rights from AWS's own folder. Any other folder was chosen by the user
// and keeps its mode.
func tightenFolder(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		to, err := followLinks(dir)
		if err != nil {
			return err
		}
		if info, err = os.Stat(to); err != nil {
			return err
		}
		if !isOwn(info) || isWritable(info) {
			return &FileError{Reason: "folder " + quoted(dir) + " is a link to one that is not this user's alone", Next: "name the file itself"}
		}
	}
	if filepath.Base(dir) == ".aws" && isOwn(info) && isLoose(info) {
		return os.Chmod(dir, 0o700) //nolint:gosec // a folder, and for the user alone
	}
	return nil
}

// followLinks follows symbolic links from path to what is none, or to nothing.
// Each link on the way must be the user's own, and each folder the user's or
// root's and writable by nobody else, else that somebody decides what is
// overwritten.
func followLinks(path string) (string, error) {
	for range 16 {
		dir, name := filepath.Split(path)
		dir, err := filepath.EvalSymlinks(dir)
		if err != nil {
			return "", err
		}
		path = filepath.Join(dir, name)
		folder, err := os.Stat(dir)
		if err != nil {
			return "", err
		}
		if !isOwn(folder) && !isRoots(folder) || isWritable(folder) {
			return "", &FileError{Reason: "a symbolic link is on the way, and folder " + quoted(dir) + " is not this user's alone", Next: "name the file itself"}
		}
		info, err := os.Lstat(path)
		if errors.Is(err, fs.ErrNotExist) {
			return path, nil
		}
		if err != nil {
			return "", err
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			return path, nil
		}
		if !isOwn(info) {
			return "", &FileError{Reason: "symbolic link " + quoted(path) + " belongs to another user", Next: "name the file itself"}
		}
		to, err := os.Readlink(path)
		if err != nil {
			return "", err
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(dir, to)
		}
		path = to
	}
	return "", &FileError{Reason: "too many symbolic links"}
}

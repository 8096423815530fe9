package export

import (
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/onafed/onafed/internal/quote"
)

// A target is a file to replace. All access to it, its lock and its temporary file goes through the
// opened folder.
//
// The name of the temporary file is fixed. Only the holder of the lock writes it, so an existing
// one was left by a killed writer and is replaced. So there is at most one, and old ones need no
// search.
type target struct {
	folder
	name     string
	lockName string
}

// openTarget opens the folder of the file at an absolute path. A link with the name of the file is
// not followed.
func openTarget(path string, rule folderRule) (target, error) {
	dir, name := filepath.Split(path)
	f, err := openFolder(dir, rule)
	return target{folder: f, name: name, lockName: "." + name + ".onafed.lock"}, err
}

func (t target) close() { _ = t.root.Close() } // nothing was written to it

func (t target) tempName() string { return "." + t.name + ".onafed.tmp" }

// lockPath returns the path of the lock, for package flock and for messages.
func (t target) lockPath() string { return filepath.Join(t.path, t.lockName) }

// removeTemp removes the temporary file that a killed writer may have left.
func (t target) removeTemp() { _ = t.root.Remove(t.tempName()) }

// createLock creates the empty lock file, with its mode whatever the umask is.
func (t target) createLock() error {
	file, err := t.root.OpenFile(t.lockName, createFlags, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	return chmod(file, 0o600)
}

// resolve opens the folder of the file to edit, after following links in its place. A link must
// belong to one of the owners, and other users must not be able to write to the folder of the link
// and to the one that it leads to: they could choose the file that is replaced.
func (f *File) resolve() (target, error) {
	rule := folderRule{owners: f.owners, create: true}
	path := f.path
	for range 16 {
		at, err := openTarget(path, rule)
		if err != nil {
			return target{}, err
		}
		to, err := f.link(at)
		if err == nil && to == "" {
			if err = f.tighten(at); err == nil {
				return at, nil
			}
		}
		at.close()
		if err != nil {
			return target{}, err
		}
		if path = to; !filepath.IsAbs(to) {
			path = at.path + string(filepath.Separator) + to
		}
		rule.create, rule.forbid = false, othersWrite
	}
	return target{}, refuse(0, "too many symbolic links", "name the file itself")
}

// link returns where the file leads, "" if it is a regular file or does not exist.
func (f *File) link(at target) (string, error) {
	info, err := at.root.Lstat(at.name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil
	case err != nil:
		return "", err
	case info.Mode()&fs.ModeSymlink == 0:
		return "", checkRegular(info)
	case allows(at.info, othersWrite):
		return "", refuse(0, "it is a symbolic link, and another user can change folder "+quote.Path(at.path), "name the file itself")
	case !f.owners.accept(info):
		return "", foreign(filepath.Join(at.path, at.name), info)
	}
	return at.root.Readlink(at.name)
}

// tighten removes other users' permissions from AWS's own folder. Any other folder was chosen by
// the user and keeps its mode.
func (f *File) tighten(at target) error {
	if filepath.Base(filepath.Dir(f.path)) == ".aws" && f.owners.own(at.info) && allows(at.info, anyOther) {
		return at.root.Chmod(".", 0o700)
	}
	return nil
}

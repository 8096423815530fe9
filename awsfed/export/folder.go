package export

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/onafed/onafed/internal/quote"
)

// makeFolder makes the folder, and those above it, with mode 0700.
func makeFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return tightenFolder(dir)
}

// checkFolder returns what is wrong with a folder that must be the user's own, "" if nothing is.
func checkFolder(info fs.FileInfo) string {
	switch {
	case !info.IsDir():
		return "is a link or not a folder"
	case !isOwn(info):
		return "belongs to another user"
	}
	return ""
}

// tightenFolder refuses a link to a folder that another user controls, and removes other users'
// permissions from AWS's own folder. Any other folder was chosen by the user and keeps its mode.
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
			return refuse(0, "folder "+quote.Path(dir)+" is a link to a folder that another user can change", "name the file itself")
		}
	}
	if filepath.Base(dir) == ".aws" && isOwn(info) && isLoose(info) {
		return os.Chmod(dir, 0o700) //nolint:gosec // a folder, for the user alone
	}
	return nil
}

// followLinks follows symbolic links from path until a file that is not a link or does not exist.
// Each link on the way must belong to the user, and each folder to the user or root and be writable
// by nobody else. Otherwise another user could choose the file that is replaced.
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
			return "", refuse(0, "the path has a symbolic link, and another user can change folder "+quote.Path(dir), "name the file itself")
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
			return "", refuse(0, "symbolic link "+quote.Path(path)+" belongs to another user", "name the file itself")
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
	return "", refuse(0, "too many symbolic links", "name the file itself")
}

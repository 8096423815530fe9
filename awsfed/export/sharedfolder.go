package export

import (
	"errors"
	"io/fs"
	"path/filepath"
)

// A SharedFolder is a folder on the way to a file in which other users can replace what is on the
// way.
type SharedFolder struct {
	Path string
	// Everybody says that all users can write in the folder, and it does not have the sticky bit.
	// Otherwise its group can.
	Everybody bool
}

// SharedFolders returns the folders on the way to the file, and its own folder, in which other users
// can write. An edit accepts them, and each of them lets other users read or replace the file. The
// error is the one with which an edit would refuse the way to the file. A missing folder ends the
// way without an error. Windows has no such folders.
func (f *File) SharedFolders() ([]SharedFolder, error) {
	w := walk{rule: folderRule{owners: f.owners}}
	defer w.close()
	if err := w.start(filepath.Dir(f.path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, failAt(f.path, err)
	}
	return w.shared, nil
}

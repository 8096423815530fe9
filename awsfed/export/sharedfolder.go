package export

import (
	"errors"
	"io/fs"
	"path/filepath"
)

// A SharedFolder is a folder in the path of a file. Other users can replace the next folder, or the
// file, in it.
type SharedFolder struct {
	Path string
	// Everybody reports whether all users can write in the folder and it does not have the sticky
	// bit. Otherwise only its group can write in it.
	Everybody bool
}

// SharedFolders returns the folders in the path of the file, with its own folder, in which other
// users can write. An edit accepts them, but these users can replace the file. If an edit would
// refuse the path, SharedFolders returns the same error. A missing folder ends the path and is not
// an error. On Windows the result is empty.
func (f *File) SharedFolders() ([]SharedFolder, error) {
	w := walk{rule: folderRule{owners: f.owners}}
	defer w.close()
	if err := w.start(filepath.Dir(f.path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, failAt(f.path, err)
	}
	return w.shared, nil
}

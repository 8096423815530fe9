package export

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
)

// maxFileSize has room for more than ten thousand profiles with session tokens.
const maxFileSize = 16 << 20

// readText reads a whole file, following links. A missing file and the null device give "".
func readText(path string) (string, error) {
	file, info, err := openOld(func() (*os.File, error) { return os.OpenFile(path, os.O_RDONLY|openNonblock, 0) })
	if file == nil {
		return "", err
	}
	defer file.Close()
	if isNull(info) {
		return "", nil
	}
	return readFile(file, info)
}

// read reads the whole file to replace. A missing file gives "" and nil. A file that this user
// could not restore is refused, such as the file of another user or a device. If a link has
// replaced the file, it is followed only within the folder.
func (t target) read(o owners) (text string, info fs.FileInfo, err error) {
	file, info, err := openOld(func() (*os.File, error) { return t.root.OpenFile(t.name, os.O_RDONLY|openNonblock, 0) })
	if file == nil {
		return "", nil, err
	}
	defer file.Close()
	if !o.own(info) {
		return "", nil, refuse(0, "the file belongs to another user", "run as that user, or name another file")
	}
	text, err = readFile(file, info)
	return text, info, err
}

// openOld opens a file. The result is nil if the file does not exist.
func openOld(open func() (*os.File, error)) (file *os.File, info fs.FileInfo, err error) {
	err = retryWhile(context.Background(), isShared, func() error {
		file, err = open()
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	if info, err = file.Stat(); err != nil {
		file.Close()
		return nil, nil, err
	}
	return file, info, nil
}

func readFile(file *os.File, info fs.FileInfo) (string, error) {
	if err := checkRegular(info); err != nil {
		return "", err
	}
	if info.Size() > maxFileSize {
		return "", refuse(0, "larger than 16 MiB", "")
	}
	data := make([]byte, info.Size()+1) // one byte more shows that the file grew
	n, err := io.ReadFull(file, data)
	switch {
	case err == nil:
		return "", refuse(0, "the file changed while it was read", "try again")
	case !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return "", err
	}
	return string(data[:n]), nil
}

// checkRegular refuses to read or replace anything but a regular file.
func checkRegular(info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return refuse(0, "not a regular file", "name another file")
	}
	return nil
}

// isNull reports whether the file is the null device, which people name to mean "no file".
func isNull(info fs.FileInfo) bool {
	if info.Mode()&fs.ModeDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err == nil && os.SameFile(info, null)
}

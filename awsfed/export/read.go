package export

import (
	"errors"
	"io"
	"io/fs"
	"os"
)

// maxFileSize has room for more than ten thousand profiles with session tokens.
const maxFileSize = 16 << 20

const notRegular = "not a regular file"

// readText reads a whole file. A missing file gives "" and nil, the null device "". To write, it
// refuses a file that could not be put back: another user's file, a device.
func readText(path string, write bool) (text string, info fs.FileInfo, err error) {
	flag := os.O_RDONLY
	if write {
		flag |= openNoFollow
	}
	file, err := os.OpenFile(path, flag|openNonblock, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil, nil
	}
	if err != nil {
		return "", nil, err
	}
	defer file.Close()
	info, err = file.Stat()
	switch {
	case err != nil:
		return "", nil, err
	case !write && isNull(info):
		return "", info, nil
	case !info.Mode().IsRegular():
		return "", nil, refuse(0, notRegular, "")
	case info.Size() > maxFileSize:
		return "", nil, refuse(0, "larger than 16 MiB", "")
	case write && !isOwn(info):
		return "", nil, refuse(0, "the file belongs to another user", "run as that user, or name another file")
	}
	data := make([]byte, info.Size()+1) // one byte more shows that the file grew
	n, err := io.ReadFull(file, data)
	switch {
	case err == nil:
		return "", nil, refuse(0, "the file changed while it was read", "try again")
	case !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return "", nil, err
	}
	return string(data[:n]), info, nil
}

// checkReplaceable refuses to replace anything but a regular file. It is called before a lock is
// made beside the file, because a folder such as /dev must not get one.
func checkReplaceable(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	}
	return checkRegular(info)
}

func checkRegular(info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return refuse(0, notRegular, "name another file")
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

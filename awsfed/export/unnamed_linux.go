package export

import (
	"errors"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// writeUnnamed writes the temporary file and then gives it its name. The error is
// errors.ErrUnsupported if the file system has no unnamed files or the file cannot get its name.
func (t target) writeUnnamed(dir *os.File, perm filePerm, text string) error {
	temp, err := openUnnamed(dir)
	if err != nil {
		return errors.ErrUnsupported
	}
	defer temp.Close()
	if err := fill(temp, perm, text); err != nil {
		return err
	}
	name := "/proc/self/fd/" + strconv.Itoa(int(temp.Fd()))
	if err := unix.Linkat(unix.AT_FDCWD, name, int(dir.Fd()), t.tempName(), unix.AT_SYMLINK_FOLLOW); err != nil {
		return errors.ErrUnsupported // also over the file of a killed writer, which writeNamed removes
	}
	return nil
}

// renameOnce allocates less than the Rename of os.Root.
func (t target) renameOnce(dir *os.File) error {
	temp := t.tempName()
	if err := unix.Renameat(int(dir.Fd()), temp, int(dir.Fd()), t.name); err != nil {
		return &os.LinkError{Op: "rename", Old: temp, New: t.name, Err: err}
	}
	return nil
}

func openUnnamed(dir *os.File) (*os.File, error) {
	fd, err := unix.Openat(int(dir.Fd()), ".", unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), "temporary file"), nil
}

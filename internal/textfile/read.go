package textfile

import (
	"errors"
	"io"
	"os"
)

// ReadStart returns the first limit bytes of the regular file at path, or all if it has fewer.
// Other files are an error: opening a pipe blocks until another program writes to it, and a device
// may have no end.
func ReadStart(path string, limit int) ([]byte, error) {
	info, err := os.Stat(path) // before Open, which blocks
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("want a regular file, got " + kind(info.Mode()))
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, int64(limit)))
}

func kind(m os.FileMode) string {
	switch {
	case m.IsDir():
		return "a directory"
	case m&os.ModeNamedPipe != 0:
		return "a pipe"
	case m&os.ModeSocket != 0:
		return "a socket"
	default:
		return "a device"
	}
}

package export

import (
	"errors"

	"golang.org/x/sys/windows"
)

// isShared reports whether another process has the file open without sharing it.
func isShared(err error) bool {
	return errors.Is(err, windows.ERROR_SHARING_VIOLATION) || errors.Is(err, windows.ERROR_LOCK_VIOLATION)
}

// isBusy reports whether a file cannot be replaced now. Over a file that is open, or about to be
// deleted, a rename fails with "access denied".
func isBusy(err error) bool { return isShared(err) || errors.Is(err, windows.ERROR_ACCESS_DENIED) }

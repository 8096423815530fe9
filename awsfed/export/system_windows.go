package export

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/windows"
)

const (
	openNoFollow = 0
	openNonblock = 0
	lockFlags    = os.O_CREATE | os.O_RDWR
)

// Owners and modes are access control lists here. The ones of a user's profile folder admit only
// the user and administrators. They are not checked.

func isOwn(fs.FileInfo) bool             { return true }
func isRoots(fs.FileInfo) bool           { return true }
func hasPerm(fs.FileInfo, filePerm) bool { return true }
func isLoose(fs.FileInfo) bool           { return false }
func isWritable(fs.FileInfo) bool        { return false }
func isWorldWritable(fs.FileInfo) bool   { return false }

// isBusy reports whether another process has the file open without sharing it. A rename over a file
// that is open, or about to be deleted, fails with "access denied".
func isBusy(err error) bool {
	return errors.Is(err, windows.ERROR_SHARING_VIOLATION) ||
		errors.Is(err, windows.ERROR_LOCK_VIOLATION) ||
		errors.Is(err, windows.ERROR_ACCESS_DENIED)
}

// syncFolder does nothing: NTFS journals names, and a folder cannot be flushed.
func syncFolder(string) error { return nil }

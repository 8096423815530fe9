//go:build !windows

package export

import (
	"io/fs"
	"os"
	"syscall"
)

const (
	openNoFollow = syscall.O_NOFOLLOW
	openNonblock = syscall.O_NONBLOCK // a pipe in the file's place must not hang us
	// Read-write because an exclusive lock on NFS needs it. A lock file is
	// never a link: whoever planted one would have us create its target.
	lockFlags = os.O_CREATE | os.O_RDWR | syscall.O_NOFOLLOW
)

// isOwn tells whether the file is the user's.
func isOwn(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == os.Geteuid()
}

// isRoots tells whether the file is root's, who could do anything anyway.
func isRoots(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && st.Uid == 0
}

// hasPerm tells whether the file is for those of perm to use, and nobody else.
func hasPerm(info fs.FileInfo, perm filePerm) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && info.Mode().Perm() == perm.mode && (!perm.chgrp || int(st.Gid) == perm.group)
}

// isLoose tells whether anybody else may use the file.
func isLoose(info fs.FileInfo) bool { return info.Mode().Perm()&0o077 != 0 }

// isWritable tells whether anybody else may write to the file or folder.
func isWritable(info fs.FileInfo) bool { return info.Mode().Perm()&0o022 != 0 }

// isWorldWritable tells whether everybody may write to the folder, with or
// without the sticky bit.
func isWorldWritable(info fs.FileInfo) bool { return info.Mode().Perm()&0o002 != 0 }

// isBusy tells an error that goes away by itself; renaming over an open file
// is no matter here.
func isBusy(error) bool { return false }

// syncFolder makes a rename last: without it a power cut can bring the old
// name back.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

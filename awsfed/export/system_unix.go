//go:build unix

package export

import (
	"io/fs"
	"os"
	"syscall"
)

const (
	openNoFollow = syscall.O_NOFOLLOW
	openNonblock = syscall.O_NONBLOCK // opening a named pipe must not block
	// Read-write, because an exclusive lock on NFS needs it. A lock file is never a link: with a
	// link another user could make us create its target.
	lockFlags = os.O_CREATE | os.O_RDWR | syscall.O_NOFOLLOW
)

// isOwn reports whether the file belongs to the user.
func isOwn(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == os.Geteuid()
}

// isRoots reports whether the file belongs to root, who can change everything anyway.
func isRoots(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && st.Uid == 0
}

// hasPerm reports whether exactly the users of perm may use the file.
func hasPerm(info fs.FileInfo, perm filePerm) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && info.Mode().Perm() == perm.mode && (!perm.chgrp || int(st.Gid) == perm.group)
}

// isLoose reports whether other users may use the file.
func isLoose(info fs.FileInfo) bool { return info.Mode().Perm()&0o077 != 0 }

// isWritable reports whether other users may write to the file or folder.
func isWritable(info fs.FileInfo) bool { return info.Mode().Perm()&0o022 != 0 }

// isWorldWritable reports whether all users may write to the folder, with or without the sticky
// bit.
func isWorldWritable(info fs.FileInfo) bool { return info.Mode().Perm()&0o002 != 0 }

// isBusy reports whether a rename failed only because the file is open. That does not happen here.
func isBusy(error) bool { return false }

// syncFolder flushes the folder to disk. Without it the old name may be back after a power failure.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

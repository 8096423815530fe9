//go:build unix

package export

import (
	"io/fs"
	"os"
	"syscall"
)

const (
	hasOwners    = true
	openNonblock = syscall.O_NONBLOCK // opening a named pipe must not block
	// Read-write, because an exclusive lock on NFS needs it. A lock file is never a link: with a
	// link another user could choose the file that is locked.
	lockFlags = os.O_RDWR | syscall.O_NOFOLLOW
)

// ownerOf returns the numbers of the user and the group that own a file.
func ownerOf(info fs.FileInfo) (uid, gid int) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return -1, -1
	}
	return int(st.Uid), int(st.Gid)
}

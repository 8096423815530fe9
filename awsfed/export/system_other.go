//go:build !unix && !windows

package export

import (
	"io/fs"
	"os"
)

// These systems (js/wasm, wasip1, plan9) have no owners that can be checked. They have no locks
// either, so no file is written there.
const (
	hasOwners    = false
	openNonblock = 0
	lockFlags    = os.O_RDWR
)

func ownerOf(fs.FileInfo) (uid, gid int) { return 0, 0 }
func isShared(error) bool                { return false }
func isBusy(error) bool                  { return false }

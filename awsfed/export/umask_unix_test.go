//go:build unix

package export_test

import (
	"strconv"
	"syscall"
)

// setUmask sets the umask of the process, if it is not empty.
func setUmask(octal string) {
	if mask, err := strconv.ParseInt(octal, 8, 32); err == nil {
		syscall.Umask(int(mask))
	}
}

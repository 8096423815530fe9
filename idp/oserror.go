//go:build !plan9

package idp

import (
	"errors"
	"syscall"
)

// isSystemError reports whether err is an error of the operating system.
func isSystemError(err error) bool {
	_, ok := errors.AsType[syscall.Errno](err)
	return ok
}

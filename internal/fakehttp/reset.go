//go:build !plan9

package fakehttp

import (
	"errors"
	"syscall"
)

// IsReset reports whether a client saw a reset.
func IsReset(err error) bool {
	const wsaConnReset = syscall.Errno(10054) // ECONNRESET of connections on Windows
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, wsaConnReset)
}

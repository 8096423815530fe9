//go:build !unix && !windows

package export

import (
	"io/fs"
	"os"
)

const (
	openNoFollow = 0
	openNonblock = 0
	lockFlags    = os.O_CREATE | os.O_RDWR
)

// These systems have no owners that the package can check (js/wasm, wasip1, plan9). A lock cannot
// be taken there either, so nothing is written.

func isOwn(fs.FileInfo) bool             { return true }
func isRoots(fs.FileInfo) bool           { return true }
func hasPerm(fs.FileInfo, filePerm) bool { return true }
func isLoose(fs.FileInfo) bool           { return false }
func isWritable(fs.FileInfo) bool        { return false }
func isWorldWritable(fs.FileInfo) bool   { return false }
func isBusy(error) bool                  { return false }
func syncFolder(string) error            { return nil }

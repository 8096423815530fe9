// Package self finds the file of this program, for settings with which another program runs it.
package self

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// Path returns the absolute path of this program. A program in a temporary folder of go run is an
// error, because the setting would name a file that is about to be removed.
func Path() (string, error) {
	program, err := os.Executable()
	if err != nil {
		return "", err
	}
	if program, err = filepath.EvalSymlinks(program); err != nil {
		return "", err
	}
	if strings.Contains(filepath.ToSlash(program), "/go-build") {
		return "", errors.New("go run started this program and removes it at the end: go install ./cmd/onafed, then run the command again with onafed")
	}
	return program, nil
}

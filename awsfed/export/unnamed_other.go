//go:build !linux

package export

import (
	"errors"
	"os"
)

// writeUnnamed returns errors.ErrUnsupported: only Linux can give a name to an unnamed file.
func (target) writeUnnamed(*os.File, filePerm, string) error { return errors.ErrUnsupported }

func openUnnamed(*os.File) (*os.File, error) { return nil, errors.ErrUnsupported }

func (t target) renameOnce(*os.File) error { return t.root.Rename(t.tempName(), t.name) }

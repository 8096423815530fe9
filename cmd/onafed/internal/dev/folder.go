package dev

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"

	"github.com/onafed/onafed/cmd/onafed/internal/source"
	"github.com/onafed/onafed/internal/quote"
)

// A folder holds the files of the command.
type folder struct {
	path  string
	close func() // removes a temporary folder, and unlocks that of --dir
}

func (f folder) token() string         { return filepath.Join(f.path, "token", "token") }
func (f folder) endpointToken() string { return filepath.Join(f.path, "endpoint-token") }

// check returns an error if the command would replace a file that it reads.
func (f folder) check(c *Command) error {
	return source.CheckOutputs([]source.File{{Name: "the token file of --dir", Path: f.token()}, {Name: "the endpoint's token of --dir", Path: f.endpointToken()}},
		source.File{Name: "--policy", Path: c.Policy}, source.File{Name: "--secrets", Path: c.Secrets})
}

// folder returns the folder of --dir, or a temporary one.
func (c *Command) folder() (folder, error) {
	if c.Dir == "" {
		path, err := os.MkdirTemp("", "onafed-dev-")
		return folder{path, func() { os.RemoveAll(path) }}, err //nolint:errcheck // the files are useless now
	}
	path, err := filepath.Abs(c.Dir)
	if err != nil {
		return folder{}, err
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return folder{}, fmt.Errorf("--dir: %w", err)
	}
	// A second command would replace the token by one of its own issuer.
	lock := flock.New(filepath.Join(path, "lock"), flock.SetPermissions(0o600))
	switch held, err := lock.TryLock(); {
	case err != nil:
		return folder{}, fmt.Errorf("--dir: %w", err)
	case !held:
		return folder{}, errors.New("--dir " + quote.Path(c.Dir) + ": another onafed dev uses this folder: name another one, or leave the flag out")
	}
	return folder{path, func() { lock.Close() }}, nil //nolint:errcheck // the end of the process unlocks, too
}

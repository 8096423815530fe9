package idp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/internal/quote"
)

// nameText is how much of a path, a variable or a command an error shows.
const nameText = 200

// File returns a source that reads an ID token from the file at path each time it is asked, so whoever keeps the file fresh is
// followed at once. White space around the token is removed: most tools end a file with a line break, and STS refuses a token
// with one. The file must be a regular file, because a pipe could be read only once and may block for ever.
//
// The file is an ID token. A file with an API token, such as the one in an Ona environment, is for [BearerFile].
func File(path string) TokenSource {
	return &textSource{
		name:       "file " + quote.Text(path, nameText),
		configured: func() bool { return exists(path) },
		read:       func(context.Context) (string, error) { return readSecret(path, claims.MaxTokenSize) },
	}
}

// exists reports whether there is a file at path. A file that cannot be looked at counts: falling through to another identity
// because of a wrong permission would be a surprise.
func exists(path string) bool {
	if path == "" {
		return false
	}
	_, err := os.Stat(path)
	return !errors.Is(err, os.ErrNotExist)
}

// readSecret returns what the regular file at path holds, without the white space around it. The error does not repeat the path.
func readSecret(path string, limit int) (string, error) {
	if path == "" {
		return "", errEmptySource
	}
	// Opening a pipe blocks until somebody writes, so its kind is looked at before.
	info, err := os.Stat(path)
	if err != nil {
		return "", pathless(err)
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("not a regular file but %s", kind(info.Mode()))
	}
	f, err := os.Open(path)
	if err != nil {
		return "", pathless(err)
	}
	defer f.Close()
	const around = 64 // white space that is not counted
	b, err := io.ReadAll(io.LimitReader(f, int64(limit)+around+1))
	if err != nil {
		return "", pathless(err)
	}
	if len(b) > limit+around {
		return "", fmt.Errorf("larger than %d bytes", limit)
	}
	s := strings.TrimSpace(strings.TrimPrefix(string(b), "\ufeff"))
	if s == "" {
		return "", errors.New("the file is empty")
	}
	return s, nil
}

func kind(m os.FileMode) string {
	switch {
	case m.IsDir():
		return "a directory"
	case m&os.ModeNamedPipe != 0:
		return "a pipe"
	case m&os.ModeSocket != 0:
		return "a socket"
	default:
		return "a device"
	}
}

// pathless removes the operation and the path that package os puts around a cause; the source's name has the path, quoted.
func pathless(err error) error {
	if pe, ok := errors.AsType[*os.PathError](err); ok {
		return pe.Err
	}
	return err
}

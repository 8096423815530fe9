package idp

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/internal/quote"
	"github.com/onafed/onafed/internal/textfile"
)

// File returns a source that reads an ID token from the file at path for each call, so that it uses
// a new token as soon as another program writes one. It removes white space around the token. The
// file must be a regular file: a pipe can be read only once, and may block forever.
//
// For a file with an API token, such as the one in an Ona environment, use [BearerFile].
func File(path string) TokenSource {
	return &localSource{
		name:       "file " + quote.Path(path),
		configured: func() bool { return exists(path) },
		read:       func(context.Context) (*Token, error) { return readToken(path) },
	}
}

// readToken reads the token in the file at path, which may have expired.
func readToken(path string) (*Token, error) {
	raw, err := readSecret(path, claims.MaxTokenSize)
	if err != nil {
		return nil, err
	}
	return ParseToken(raw)
}

// exists reports whether there is a file at path. A file that cannot be examined counts as existing:
// a wrong permission must not make a program use another identity.
func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, os.ErrNotExist)
}

// readSecret returns the content of the regular file at path without the white space around it. The
// error does not contain the path.
func readSecret(path string, limit int) (string, error) {
	if path == "" {
		return "", errEmptySource
	}
	const spaces = 64 // bytes of white space that do not count
	b, err := textfile.ReadStart(path, limit+spaces+1)
	if err != nil {
		return "", withoutPath(err)
	}
	if len(b) > limit+spaces {
		if err := textfile.Check(string(b)); err != nil { // UTF-16 doubles the size
			return "", err
		}
		return "", fmt.Errorf("larger than %d bytes", limit)
	}
	s := strings.TrimSpace(strings.TrimPrefix(string(b), "\ufeff"))
	if s == "" {
		return "", errors.New("the file is empty")
	}
	return s, nil
}

// withoutPath removes the operation and the path that the packages os and exec add to an error. The
// name of the source contains the path, quoted.
func withoutPath(err error) error {
	if pe, ok := errors.AsType[*os.PathError](err); ok {
		return pe.Err
	}
	if ee, ok := errors.AsType[*exec.Error](err); ok {
		return ee.Err
	}
	return err
}

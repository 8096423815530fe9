package idp

import (
	"context"
	"errors"
	"fmt"

	"github.com/onafed/onafed/internal/quote"
	"github.com/onafed/onafed/internal/textfile"
)

// maxBearer is the length of the longest API token. Servers commonly refuse header fields of more
// than 8 to 16 KiB.
const maxBearer = 16 << 10

// BearerFile returns a function for [ClientOptions.Bearer] that reads the API token from a file for
// each request, so that an environment that was stopped and resumed uses its new token. It removes
// white space around the token.
func BearerFile(path string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) {
		s, err := readSecret(path, maxBearer)
		if err != nil {
			return "", fmt.Errorf("file %s: %w", quote.Path(path), err)
		}
		return s, nil
	}
}

// BearerEnv returns a function for [ClientOptions.Bearer] that reads the API token from an
// environment variable for each request. It removes white space around the token. An empty variable
// counts as not set.
func BearerEnv(name string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) {
		s := lookupEnv(name)
		if s == "" {
			return "", fmt.Errorf("environment variable %s: %w", shown(name), errNotSet)
		}
		return s, nil
	}
}

// checkBearer refuses a text that cannot be a bearer token (RFC 6750 section 2.1), without
// repeating it. net/http refuses line breaks in a header field, but not spaces, and a server would
// not read the text after a space as part of the token.
func checkBearer(s string) error {
	if s == "" {
		return errors.New("it is empty")
	}
	if err := textfile.Check(s); err != nil {
		return err
	}
	if len(s) > maxBearer {
		return fmt.Errorf("it has %d bytes, want at most %d", len(s), maxBearer)
	}
	if hint := pasted(s); hint != "" {
		return errors.New(hint)
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return fmt.Errorf("byte %d of %d is white space, a control character or not ASCII", i+1, len(s))
		}
	}
	return nil
}

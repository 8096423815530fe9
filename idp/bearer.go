package idp

import (
	"context"
	"errors"
	"fmt"

	"github.com/onafed/onafed/internal/quote"
)

// maxBearer is the length of the longest API token. Servers commonly refuse header fields of more than 8 to 16 KiB.
const maxBearer = 16 << 10

// BearerFile returns a function for [ClientOptions.Bearer] that reads the API token from the file at path for each request, so that
// an environment which was stopped and resumed uses its new token. White space around the token is removed.
func BearerFile(path string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) {
		s, err := readSecret(path, maxBearer)
		if err != nil {
			return "", fmt.Errorf("file %s: %w", quote.Text(path, nameText), err)
		}
		return s, nil
	}
}

// BearerEnv returns a function for [ClientOptions.Bearer] that reads the API token from the environment variable of that name
// for each request. White space around the token is removed; an empty variable counts as not set.
func BearerEnv(name string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) {
		s := lookupEnv(name)
		if s == "" {
			return "", fmt.Errorf("environment variable %s: %w", quote.Text(name, nameText), errNotSet)
		}
		return s, nil
	}
}

// checkBearer refuses what cannot be a bearer token (RFC 6750 section 2.1), without repeating it. net/http would refuse a line
// break in a header field too, but not a space, with which the rest of the text would reach the server as something else.
func checkBearer(s string) error {
	if s == "" {
		return errors.New("it is empty")
	}
	if len(s) > maxBearer {
		return fmt.Errorf("it has %d bytes, more than %d", len(s), maxBearer)
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return fmt.Errorf("byte %d of %d is white space, a control character or not ASCII", i+1, len(s))
		}
	}
	return nil
}

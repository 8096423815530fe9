package idp

import (
	"context"
	"errors"
	"os"
	"strings"

	"github.com/onafed/onafed/internal/quote"
)

// Env returns a source that reads an ID token from the environment variable of that name each time it is asked. White space around
// the token is removed. A variable that is empty counts as not set.
//
// The environment of a process does not change by itself, so this suits programs that end before the token does, and programs that
// set the variable themselves.
func Env(name string) TokenSource {
	return &textSource{
		name:       "environment variable " + quote.Text(name, nameText),
		configured: func() bool { return lookupEnv(name) != "" },
		read: func(context.Context) (string, error) {
			if v := lookupEnv(name); v != "" {
				return v, nil
			}
			return "", errNotSet
		},
	}
}

// errNotSet is for a variable that is missing or empty.
var errNotSet = errors.New("not set")

// lookupEnv returns the variable's value without the white space around it.
func lookupEnv(name string) string {
	if name == "" {
		return ""
	}
	return strings.TrimSpace(os.Getenv(name))
}

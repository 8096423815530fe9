package idp

import (
	"context"
	"errors"
	"os"
	"strings"
	"time"

	"github.com/onafed/onafed/internal/quote"
)

// Env returns a source that reads an ID token from the environment variable of that name each time it is asked. White space around
// the token is removed. A variable that is empty counts as not set.
//
// The environment of a process does not change by itself, so this suits programs that end before the token does, and programs that
// set the variable themselves.
func Env(name string) TokenSource { return envSource{name} }

type envSource struct{ name string }

func (s envSource) Source() string { return "environment variable " + quote.Text(s.name, nameText) }

func (s envSource) Configured() bool { return lookupEnv(s.name) != "" }

func (s envSource) Token(ctx context.Context) (*Token, error) {
	if err := ctx.Err(); err != nil {
		return nil, fail(s.Source(), err)
	}
	raw := lookupEnv(s.name)
	if raw == "" {
		return nil, fail(s.Source(), errors.New("not set"))
	}
	t, err := parseFresh(raw, time.Now())
	if err != nil {
		return nil, fail(s.Source(), err)
	}
	return t, nil
}

// lookupEnv returns the variable's value without the white space around it.
func lookupEnv(name string) string {
	if name == "" {
		return ""
	}
	return strings.TrimSpace(os.Getenv(name))
}

package idp

import (
	"context"
	"os"
	"strings"
)

// Env returns a source that reads an ID token from an environment variable for each call. It removes
// white space around the token. An empty variable counts as not set.
//
// The environment of a process does not change from outside. So Env suits programs that end before
// the token expires, and programs that set the variable themselves.
func Env(name string) TokenSource {
	return &localSource{
		name:       "environment variable " + shown(name),
		configured: func() bool { return lookupEnv(name) != "" },
		read: func(context.Context) (*Token, error) {
			v := lookupEnv(name)
			switch {
			case name == "":
				return nil, errEmptySource
			case v == "":
				return nil, errNotSet
			}
			return ParseToken(v)
		},
	}
}

// lookupEnv returns the value of a variable without the white space around it.
func lookupEnv(name string) string {
	return strings.TrimSpace(os.Getenv(name))
}

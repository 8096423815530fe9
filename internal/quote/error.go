package quote

import (
	"context"
	"errors"
)

// ErrorWithoutSecrets returns err if neither its text nor an error in it contains a secret.
// Otherwise it returns a new error with the text of err without the secrets, see [WithoutSecrets].
// The new error does not wrap err. [errors.Is] still matches context.Canceled and
// context.DeadlineExceeded.
func ErrorWithoutSecrets(err error, secrets ...string) error {
	if err == nil || !ShowsSecret(err, secrets...) {
		return err
	}
	clean := errors.New(WithoutSecrets(err.Error(), secrets...))
	for _, known := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, known) {
			return &cleanError{clean, known}
		}
	}
	return clean
}

// ShowsSecret reports whether the text of err, or of an error in it, contains one of the secrets.
func ShowsSecret(err error, secrets ...string) bool {
	if text := err.Error(); WithoutSecrets(text, secrets...) != text {
		return true
	}
	switch e := err.(type) { //nolint:errorlint // walks the tree
	case interface{ Unwrap() error }:
		inner := e.Unwrap()
		return inner != nil && ShowsSecret(inner, secrets...)
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			if inner != nil && ShowsSecret(inner, secrets...) {
				return true
			}
		}
	}
	return false
}

// A cleanError is a text that matches the error of a context.
type cleanError struct {
	error
	known error
}

func (e *cleanError) Unwrap() error { return e.known }

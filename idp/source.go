package idp

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/internal/quote"
	"github.com/onafed/onafed/internal/retry"
)

// A TokenSource returns ID tokens of one identity for one audience.
//
// Token returns either a token that has not expired or an error, never both. It returns soon after
// ctx is done. It must be safe for concurrent use, and must not change a token that it returned.
// Callers may call it often; wrap a source that sends a request for each call in [Cached].
//
// A source may have these methods, too:
//
//   - Invalidate, see [Invalidator].
//   - Source() string returns a short name of the source for logs and errors, without secrets.
//   - Configured() bool, see [Chain].
//
// The error may have a method Temporary() bool. False means that the error is permanent: it occurs
// again until a person acts, so callers should report it and need not retry soon. An error without
// the method counts as temporary.
type TokenSource interface {
	Token(ctx context.Context) (*Token, error)
}

// TokenSourceFunc makes a function a [TokenSource].
type TokenSourceFunc func(ctx context.Context) (*Token, error)

// Token calls f.
func (f TokenSourceFunc) Token(ctx context.Context) (*Token, error) { return f(ctx) }

// An Invalidator is a [TokenSource] that keeps tokens. Call Invalidate when a service refused a
// token that has not expired. Afterwards the source must not return that token again.
type Invalidator interface {
	Invalidate(*Token)
}

// A SourceError reports which source failed. errors.Is and errors.As find the cause in Err:
// [claims.ErrExpired] for an expired token, [*NotTokenError] for a text that is not an ID token,
// [io/fs.ErrNotExist] for a missing file, [*RequestError] for an answer of the API.
//
// Err is the unchanged error of the source. Do not print it alone if the source is not one of this
// package: its text may contain a token, which Error removes.
type SourceError struct {
	Source string // from the source's method Source
	Err    error
}

// Error returns the source and the cause, without anything that looks like a token.
func (e *SourceError) Error() string {
	return "idp: " + e.Source + ": " + quote.WithoutTokens(unprefixed{e.Err}.Error())
}

// Unwrap returns e.Err.
func (e *SourceError) Unwrap() error { return e.Err }

// Temporary returns the result of the method Temporary of Err, and true without one. The Temporary
// methods of operating system and network errors are ignored: they report a missing file as
// permanent, but a file can be missing for a moment while it is replaced.
func (e *SourceError) Temporary() bool {
	temporary, said := retry.Temporary(e.Err)
	return temporary || !said
}

// unprefixed removes the package name from an error that is wrapped in another error of this
// package.
type unprefixed struct{ error }

func (u unprefixed) Error() string { return strings.TrimPrefix(u.error.Error(), "idp: ") }

func (u unprefixed) Unwrap() error { return u.error }

var (
	// errEmptySource is the error of a source without a path, name, command or token.
	errEmptySource error = permanentError{errors.New("not configured")}
	// errNotSet is the error for an environment variable that is missing or empty.
	errNotSet = errors.New("not set")
	// errNoToken is the error of a source that breaks its contract.
	errNoToken = errors.New("it returned neither a token nor an error")
)

// A permanentError occurs again until a person acts, see [TokenSource].
type permanentError struct{ error }

// Unwrap returns the error without the method Temporary.
func (e permanentError) Unwrap() error { return e.error }

// Temporary returns false.
func (permanentError) Temporary() bool { return false }

// shown quotes a path, a name or a value for an error, and cuts it.
func shown(s string) string { return quote.Text(s, 200) }

// fail wraps the error of a source.
func fail(source string, err error) error { return &SourceError{Source: source, Err: err} }

// failed returns an error of src as a [*SourceError], whose text has no token.
func failed(src TokenSource, err error) error {
	// An error around a SourceError may have a text of its own, so only the outermost type counts.
	if e, ok := err.(*SourceError); ok { //nolint:errorlint // see above
		return e
	}
	return fail(sourceName(src), err)
}

// sourceName returns the name of src, or its type.
func sourceName(src TokenSource) string {
	if s, ok := src.(interface{ Source() string }); ok {
		return s.Source()
	}
	return fmt.Sprintf("%T", src)
}

// checkFresh returns an error, which matches claims.ErrExpired, if t has expired at now.
func checkFresh(t *Token, now time.Time) error {
	switch exp := t.Expiry(); {
	case exp.IsZero():
		return errors.New("the token has no expiry")
	case !t.ValidAt(now):
		return fmt.Errorf("%w: at %s, %s ago", claims.ErrExpired, exp.UTC().Format(time.RFC3339), now.Sub(exp).Round(time.Second))
	}
	return nil
}

// A localSource gets tokens on this machine: from a file, a variable, a command or the caller.
type localSource struct {
	name       string
	configured func() bool
	read       func(ctx context.Context) (*Token, error)
	constant   bool // read returns the same in each call
}

// Source returns the name.
func (s *localSource) Source() string { return s.name }

// Configured reports whether there is a token to read.
func (s *localSource) Configured() bool { return s.configured() }

// Token reads a token. An expired token is an error.
func (s *localSource) Token(ctx context.Context) (*Token, error) {
	if err := ctx.Err(); err != nil {
		return nil, fail(s.name, err)
	}
	t, err := s.read(ctx)
	if err == nil {
		err = checkFresh(t, time.Now())
	}
	switch {
	case err == nil:
		return t, nil
	case s.constant:
		err = permanentError{err}
	}
	return nil, fail(s.name, err)
}

// Static returns a source that always returns t. If t is nil, empty or expired, the source returns
// an error, which is permanent.
func Static(t *Token) TokenSource {
	return &localSource{
		name:       "static token",
		constant:   true,
		configured: func() bool { return t.Raw() != "" },
		read: func(context.Context) (*Token, error) {
			if t.Raw() == "" {
				return nil, errEmptySource
			}
			return t, nil
		},
	}
}

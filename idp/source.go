package idp

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/internal/retry"
)

// A TokenSource yields ID tokens of one identity for one audience.
//
// Token returns a token that has not expired, or an error; never neither and never both. It returns when ctx is done. It must be safe
// for concurrent use, and what it returned is never changed afterwards. The caller may call it as often as it likes; a source
// that asks somebody for each call is wrapped in [Cached].
//
// A source may do more than it must, by having one of these methods, which the callers in this module look for:
//
//   - Invalidate, see [Invalidator].
//   - Source() string, a short name of where its tokens come from, without secrets, for logs and errors.
//   - Configured() bool, see [Chain].
//
// Its error may have a method Temporary() bool. False says that the answer was a refusal which stays the same until somebody acts, so
// nothing is gained by asking again soon or by hiding it. An error without the method is taken for one that may pass.
type TokenSource interface {
	Token(ctx context.Context) (*Token, error)
}

// TokenSourceFunc makes a function a [TokenSource].
type TokenSourceFunc func(ctx context.Context) (*Token, error)

// Token calls f.
func (f TokenSourceFunc) Token(ctx context.Context) (*Token, error) { return f(ctx) }

// An Invalidator is a [TokenSource] that remembers tokens and can be told that one of them is of no use although it has not expired,
// because whoever should check it refused it. Afterwards the source must not return that token again.
type Invalidator interface {
	Invalidate(*Token)
}

// A SourceError says which source failed. errors.Is and errors.As look into Err: [claims.ErrExpired] for a token that had expired,
// [*NotTokenError] for a text that is no ID token, [io/fs.ErrNotExist] for a file that is missing, [*RequestError] for an answer
// of the API.
type SourceError struct {
	Source string // as by the source's method Source
	Err    error
}

// Error implements error.
func (e *SourceError) Error() string { return "idp: " + e.Source + ": " + unprefixed{e.Err}.Error() }

// Unwrap returns e.Err.
func (e *SourceError) Unwrap() error { return e.Err }

// Temporary is what Err says by its own method Temporary, and true without one. What errors of the operating system and of package net
// say does not count: to them a missing file is permanent, but a file that is being replaced is missing for a moment.
func (e *SourceError) Temporary() bool {
	temporary, said := retry.Temporary(e.Err)
	return temporary || !said
}

// unprefixed is an error inside another of this package: the same error without the package's name, which the outer one says.
type unprefixed struct{ error }

func (u unprefixed) Error() string { return strings.TrimPrefix(u.error.Error(), "idp: ") }

func (u unprefixed) Unwrap() error { return u.error }

// errEmptySource is for sources that nobody gave anything to read from.
var errEmptySource = errors.New("not configured")

// parseFresh is what every source does with a text: it must be an ID token, and not an expired one.
func parseFresh(raw string, now time.Time) (*Token, error) {
	t, err := ParseToken(raw)
	if err != nil {
		return nil, err
	}
	if err := checkFresh(t, now); err != nil {
		return nil, err
	}
	return t, nil
}

// checkFresh returns an error that is claims.ErrExpired for a token that is not valid at now.
func checkFresh(t *Token, now time.Time) error {
	switch exp := t.Expiry(); {
	case exp.IsZero():
		return errors.New("the token does not say when it expires")
	case !t.ValidAt(now):
		return fmt.Errorf("%w: at %s, %s ago", claims.ErrExpired, exp.UTC().Format(time.RFC3339), now.Sub(exp).Round(time.Second))
	}
	return nil
}

// fail wraps the error of a source; nil stays nil.
func fail(source string, err error) error {
	if err == nil {
		return nil
	}
	return &SourceError{Source: source, Err: err}
}

// sourceName returns how src calls itself.
func sourceName(src TokenSource) string {
	if s, ok := src.(interface{ Source() string }); ok {
		return s.Source()
	}
	return fmt.Sprintf("%T", src)
}

// textSource is a source that finds the text of a token somewhere.
type textSource struct {
	name       string
	configured func() bool
	read       func(ctx context.Context) (string, error)
}

// Source returns the name.
func (s *textSource) Source() string { return s.name }

// Configured reports whether there is something to read.
func (s *textSource) Configured() bool { return s.configured() }

// Token reads a token and refuses an expired one.
func (s *textSource) Token(ctx context.Context) (*Token, error) {
	if err := ctx.Err(); err != nil {
		return nil, fail(s.name, err)
	}
	raw, err := s.read(ctx)
	if err != nil {
		return nil, fail(s.name, err)
	}
	t, err := parseFresh(raw, time.Now())
	if err != nil {
		return nil, fail(s.name, err)
	}
	return t, nil
}

// Static returns a source that yields t and nothing else. When t has expired, or is nil or empty, it yields an error.
func Static(t *Token) TokenSource { return staticSource{t} }

type staticSource struct{ token *Token }

// Source returns a name that is the same for all, since only the token tells them apart.
func (s staticSource) Source() string { return "static token" }

// Configured reports whether there is a token.
func (s staticSource) Configured() bool { return s.token.Raw() != "" }

// Token returns the token as long as it is valid.
func (s staticSource) Token(ctx context.Context) (*Token, error) {
	err := ctx.Err()
	switch {
	case err != nil:
	case !s.Configured():
		err = errEmptySource
	default:
		err = checkFresh(s.token, time.Now())
	}
	if err != nil {
		return nil, fail(s.Source(), err)
	}
	return s.token, nil
}

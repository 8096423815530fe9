package idp

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
)

// Chain returns a source that uses the first configured source of the list, and no other. The
// method Configured() bool of a source reports whether it is configured; a source without the
// method counts as configured. The sources of this package are configured if there is something to
// read: a file, a variable, a command on PATH, or a token.
//
// The first call of Token or Configured that finds a configured source selects it for all later
// calls. If that source fails, Token returns its error: the next source may have another identity,
// and a temporary failure must not change the identity.
func Chain(sources ...TokenSource) TokenSource {
	return &chainSource{sources: slices.Clone(sources)}
}

type chainSource struct {
	sources []TokenSource

	chosen atomic.Pointer[TokenSource] // nil until a source is configured

	refused refusedTokens
}

// current returns the chosen source, or nil.
func (c *chainSource) current() TokenSource {
	if p := c.chosen.Load(); p != nil {
		return *p
	}
	return nil
}

// choose selects the first configured source, unless a source is selected already. It returns the
// selected source, or nil.
func (c *chainSource) choose() TokenSource {
	if chosen := c.current(); chosen != nil {
		return chosen
	}
	for _, s := range c.sources {
		if configured(s) {
			c.chosen.CompareAndSwap(nil, &s) // fails if another call was faster
			return c.current()
		}
	}
	return nil
}

func configured(s TokenSource) bool {
	if s == nil {
		return false
	}
	c, ok := s.(interface{ Configured() bool })
	return !ok || c.Configured()
}

// Configured reports whether one of the sources is configured.
func (c *chainSource) Configured() bool { return c.choose() != nil }

// Source returns the name of the chosen source, or all names if none is chosen.
func (c *chainSource) Source() string {
	if chosen := c.current(); chosen != nil {
		return sourceName(chosen)
	}
	var names []string
	for _, s := range c.sources {
		if s != nil {
			names = append(names, sourceName(s))
		}
	}
	return "first of (" + strings.Join(names, ", ") + ")"
}

// Token calls the chosen source.
func (c *chainSource) Token(ctx context.Context) (*Token, error) {
	if err := ctx.Err(); err != nil {
		return nil, fail(c.Source(), err)
	}
	s := c.choose()
	switch {
	case len(c.sources) == 0:
		return nil, fail(c.Source(), errEmptySource)
	case s == nil:
		return nil, fail(c.Source(), errors.New("none is configured"))
	}
	t, err := s.Token(ctx)
	if err != nil {
		return nil, failed(s, err)
	}
	if c.refused.has(t) {
		return nil, fail(sourceName(s), errRefusedAgain)
	}
	return t, nil
}

// Invalidate calls the chosen source, and remembers t for a source without the method.
func (c *chainSource) Invalidate(t *Token) { c.refused.add(t, c.current()) }

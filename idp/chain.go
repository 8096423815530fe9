package idp

import (
	"context"
	"errors"
	"strings"
	"sync"
)

// Chain returns a source that uses the first of the given sources that is configured, and only that one. A source is asked by its
// method Configured() bool; one without the method is configured. Those of this package say no when there is nothing to read:
// no file, no variable, no command of that name on PATH, no token.
//
// The choice is made at the first call of Token that finds a configured source, and stays. When the chosen source fails, that is the
// error: going on to the next one would use another identity because of a hiccup of the first, and nobody would notice before
// somebody reads the audit log.
func Chain(sources ...TokenSource) TokenSource {
	return &chainSource{sources: append([]TokenSource(nil), sources...)}
}

type chainSource struct {
	sources []TokenSource

	mu     sync.Mutex
	chosen TokenSource // guarded by mu; nil until one is configured

	refused refusals
}

// current returns what was chosen, or nil.
func (c *chainSource) current() TokenSource {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.chosen
}

// choose returns the chosen source, or nil.
func (c *chainSource) choose() TokenSource {
	if chosen := c.current(); chosen != nil {
		return chosen
	}
	for _, s := range c.sources { // without the lock: Configured looks at files
		if configured(s) {
			c.mu.Lock()
			defer c.mu.Unlock()
			if c.chosen == nil {
				c.chosen = s
			}
			return c.chosen
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

// Configured reports whether one of them is.
func (c *chainSource) Configured() bool { return c.choose() != nil }

// Source returns the name of the chosen source, or the names of all as long as none is chosen.
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

// Token asks the chosen source.
func (c *chainSource) Token(ctx context.Context) (*Token, error) {
	if err := ctx.Err(); err != nil {
		return nil, fail(c.Source(), err)
	}
	s := c.choose()
	if s == nil {
		return nil, fail(c.Source(), errors.New("none of them is configured"))
	}
	t, err := s.Token(ctx)
	if err == nil && c.refused.has(t) {
		return nil, fail(sourceName(s), errRefusedAgain)
	}
	return t, err
}

// Invalidate hands on to the chosen source, and keeps the promise for one that cannot.
func (c *chainSource) Invalidate(t *Token) { c.refused.add(t, c.current()) }

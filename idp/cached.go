package idp

import (
	"cmp"
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/onafed/onafed/internal/refresh"
)

// CachedOptions are the options of [Cached]. Nil means the zero value.
type CachedOptions struct {
	// MinLife is the least remaining lifetime of a returned token, for callers that keep a token
	// for a while. Zero or less means that every valid token is returned. A new token of the source
	// with a shorter lifetime is an error.
	MinLife time.Duration
	// AdvisoryWindow is how long before the expiry the background refresh starts, at most nine
	// tenths of the lifetime. Zero or less means 5 minutes if the lifetime is at most 20 minutes,
	// 15 minutes if it is shorter than 90 minutes, and otherwise an hour. A random part of up to 25
	// % is added to these times, and the result is at most half of the lifetime.
	AdvisoryWindow time.Duration
	// AttemptTimeout bounds one call of the source. Zero or less means 30 seconds.
	AttemptTimeout time.Duration
	// Logger gets failed refreshes at level Warn and successful ones at level Debug, without
	// secrets; nil means no logs.
	Logger *slog.Logger
}

// Cached returns a source that keeps the token of src and refreshes it before it expires.
//
// Calls return a valid token at once. In the advisory window before its expiry one refresh runs in
// the background; in the last minute calls wait for it for up to a second. If a refresh fails, the
// token is returned while it is valid, and the next refresh starts after a growing pause. Without a
// valid token all calls wait for the same refresh, each until its context ends.
//
// A refresh has the values of the context of the call that started it, but is not canceled with it.
// Only calls of Token and Run start a refresh. The source need not be closed.
func Cached(src TokenSource, opts *CachedOptions) *CachedSource {
	o := *cmp.Or(opts, &CachedOptions{})
	c := &CachedSource{src: src, minLife: max(o.MinLife, 0), logger: cmp.Or(o.Logger, slog.New(slog.DiscardHandler))}
	c.engine.Init((*cachedDriver)(c), &refresh.Rules{
		MinLife:        c.minLife,
		AdvisoryWindow: max(o.AdvisoryWindow, 0),
		AttemptTimeout: max(o.AttemptTimeout, 0),
		ForgetInvalid:  true,
	})
	return c
}

// A CachedSource is the result of [Cached]. It is safe for concurrent use. The zero value is not
// usable; call [Cached].
type CachedSource struct {
	src     TokenSource
	minLife time.Duration
	logger  *slog.Logger
	engine  refresh.Engine[*Token]
	refused refusedTokens
}

// Source returns the name of the cached source.
func (c *CachedSource) Source() string { return sourceName(c.src) }

// Configured reports whether the cached source is configured, see [Chain].
func (c *CachedSource) Configured() bool { return configured(c.src) }

// Token returns the cached token, or waits for a new one as described at [Cached].
func (c *CachedSource) Token(ctx context.Context) (*Token, error) {
	t, err := c.value(ctx)
	if err == nil && c.refused.has(t) {
		// The token was refused while the refresh was running. The next refresh checks for that.
		c.engine.Invalidate(t.Equal)
		if t, err = c.value(ctx); err == nil && c.refused.has(t) {
			err = errRefusedAgain
		}
	}
	if err != nil {
		return nil, failed(c.src, err)
	}
	return t, nil
}

func (c *CachedSource) value(ctx context.Context) (*Token, error) {
	t, err := c.engine.Value(ctx)
	if err != nil {
		return nil, err
	}
	return *t, nil
}

// Invalidate removes t from the cache. Token does not return it again, even if the cached source
// does. If the cached source is an [Invalidator], its Invalidate is called, too.
func (c *CachedSource) Invalidate(t *Token) {
	if c.refused.add(t, c.src) {
		c.engine.Invalidate(t.Equal)
	}
}

// Run refreshes the token whenever a refresh is due, so that no call of Token waits. When ctx ends,
// Run returns its error. It is optional and runs in the goroutine of its caller.
func (c *CachedSource) Run(ctx context.Context) error { return c.engine.Run(ctx) }

// CachedStatus is the state of a [CachedSource]. The times are zero if there is no token. Its JSON has
// the names in the tags and, after a failure, the text of Err as "error". These names do not change.
// Times are in RFC 3339; a zero time is left out.
type CachedStatus struct {
	// Fingerprint is the fingerprint of the cached token, which may have expired, or "".
	Fingerprint string `json:"fingerprint,omitempty"`
	// Valid reports whether Token would return the cached token.
	Valid bool `json:"valid"`
	// Obtained is when the cached token was fetched.
	Obtained time.Time `json:"obtained,omitzero"`
	// RefreshAt is when the advisory window of the cached token begins.
	RefreshAt time.Time `json:"refresh_at,omitzero"`
	// Expires is when the cached token expires. With MinLife, Token stops returning it earlier.
	Expires time.Time `json:"expires,omitzero"`
	// Refreshing reports whether a refresh is running.
	Refreshing bool `json:"refreshing"`
	// Failures is the number of refreshes that failed since the last success.
	Failures int `json:"failures"`
	// RetryAt is the earliest time of the next refresh after a failure, or zero.
	RetryAt time.Time `json:"retry_at,omitzero"`
	// Err is the error of the last refresh; nil after a success.
	Err error `json:"-"`
}

// MarshalJSON returns the status as JSON. An error is its text.
func (s CachedStatus) MarshalJSON() ([]byte, error) {
	type fields CachedStatus // without this method
	out := struct {
		fields
		Error string `json:"error,omitempty"`
	}{fields: fields(s)}
	if s.Err != nil {
		out.Error = s.Err.Error()
	}
	return json.Marshal(out)
}

// Status returns the state of the source. It starts no refresh.
func (c *CachedSource) Status() CachedStatus {
	s := c.engine.Status()
	st := CachedStatus{
		Valid: s.Valid, Obtained: s.Obtained, RefreshAt: s.Advisory, Expires: s.Expires,
		Refreshing: s.Refreshing, Failures: s.Failures, RetryAt: s.RetryAt, Err: s.Err,
	}
	if t, ok := c.engine.Peek(); ok {
		st.Fingerprint = (*t).Fingerprint()
	}
	return st
}

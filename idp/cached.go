package idp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/onafed/onafed/internal/refresh"
)

// CachedOptions are the options of [Cached]. Nil means the zero value.
type CachedOptions struct {
	// MinLife is how much longer a token must be valid to be handed out; 0 means that any valid token will do. It is for callers
	// who keep a token for a while. A source whose tokens never have that much left is an error.
	MinLife time.Duration
	// AdvisoryWindow is how long before a token ends it is renewed behind the callers. 0 chooses by its life when it was fetched:
	// 5 minutes up to 20 minutes, 15 minutes below 90, else an hour, and a random 0 to 25 % more, so that programs which started
	// together do not stay together; never more than half of the life.
	AdvisoryWindow time.Duration
	// AttemptTimeout bounds one fetch; 0 means 30 seconds. The contexts of the callers do not: several may wait for it.
	AttemptTimeout time.Duration
	// Logger gets failed fetches at level Warn and good ones at level Debug, without secrets; nil means silence.
	Logger *slog.Logger
}

// Cached returns a source that keeps the token of src and renews it before it ends.
//
// While the kept token is valid nobody waits for the next one, but for at most a second in its last minute: in the window before its end it
// is handed out at once while one fetch runs behind. When that fails, the kept token is handed out for as long as it is
// valid, and fetched again after growing pauses. Without a valid token callers wait for one fetch, all for the same, each on its
// own context. A token with less than MinLife left is never handed out.
//
// The source starts nothing when it is made and needs no closing; a goroutine runs only while a token is being fetched. A fetch gets the
// values of the context of the caller who caused it, but is not cancelled with it.
func Cached(src TokenSource, opts *CachedOptions) *CachedSource {
	c := &CachedSource{src: src, logger: slog.New(slog.DiscardHandler)}
	var o CachedOptions
	if opts != nil {
		o = *opts
	}
	if o.Logger != nil {
		c.logger = o.Logger
	}
	c.minLife = max(o.MinLife, 0)
	c.engine.Init((*cachedDriver)(c), &refresh.Rules{
		MinLife:        c.minLife,
		AdvisoryWindow: max(o.AdvisoryWindow, 0),
		AttemptTimeout: max(o.AttemptTimeout, 0),
		ForgetInvalid:  true,
	})
	return c
}

// A CachedSource is what [Cached] returns. It is safe for concurrent use.
type CachedSource struct {
	src     TokenSource
	minLife time.Duration
	logger  *slog.Logger
	engine  refresh.Engine[*Token]
	refused refusedTokens
}

// Source returns the name of the source that is cached.
func (c *CachedSource) Source() string { return sourceName(c.src) }

// Configured reports whether the source that is cached is, see [Chain].
func (c *CachedSource) Configured() bool { return configured(c.src) }

// Token returns the kept token, or waits for a new one as [Cached] says.
func (c *CachedSource) Token(ctx context.Context) (*Token, error) {
	t, err := c.cached(ctx)
	if err == nil && c.refused.has(t) {
		// It was refused while it was on its way into the cache. The next fetch refuses it by itself.
		c.drop(t)
		if t, err = c.cached(ctx); err == nil && c.refused.has(t) {
			err = errRefusedAgain
		}
	}
	if err != nil {
		if _, ok := errors.AsType[*SourceError](err); ok {
			return nil, err
		}
		return nil, fail(c.Source(), err)
	}
	return t, nil
}

func (c *CachedSource) cached(ctx context.Context) (*Token, error) {
	t, err := c.engine.Value(ctx)
	if err != nil {
		return nil, err
	}
	return *t, nil
}

// Invalidate makes the source forget t, when that is the token it keeps, and not hand it out again, even if the source that is cached still
// returns it; that source is told as well if it is an [Invalidator].
func (c *CachedSource) Invalidate(t *Token) {
	if c.refused.add(t, c.src) {
		c.drop(t)
	}
}

func (c *CachedSource) drop(t *Token) { c.engine.Invalidate(t.Equal) }

// fetch is one call of the source, with everything checked that a source promises.
func (c *CachedSource) fetch(ctx context.Context) (*Token, error) {
	if c.src == nil {
		return nil, fail("cached source", errEmptySource)
	}
	t, err := c.src.Token(ctx)
	if err != nil {
		return nil, err
	}
	if t.Raw() == "" {
		return nil, fail(c.Source(), errNoToken)
	}
	now := time.Now()
	if err := checkFresh(t, now); err != nil {
		return nil, fail(c.Source(), err)
	}
	if left := t.Expiry().Sub(now); left < c.minLife {
		return nil, fail(c.Source(), fmt.Errorf("its token is valid for another %s, want at least %s", left.Round(time.Second), c.minLife))
	}
	if c.refused.has(t) {
		return nil, fail(c.Source(), errRefusedAgain)
	}
	return t, nil
}

func (c *CachedSource) settled(ev refresh.Event[*Token]) {
	ctx := context.Background() // the flight belongs to nobody
	switch {
	case ev.Err == nil:
		c.logger.DebugContext(ctx, "idp: fetched an ID token", "source", c.Source(), "token", *ev.Value)
	case ev.Status.Valid:
		c.logger.WarnContext(ctx, "idp: renewing an ID token failed, the old one is still valid", "source", c.Source(),
			"expires", ev.Status.Expires, "failures", ev.Status.Failures, "error", ev.Err.Error())
	default:
		c.logger.WarnContext(ctx, "idp: fetching an ID token failed", "source", c.Source(), "failures", ev.Status.Failures, "error", ev.Err.Error())
	}
}

// Run keeps the token warm until ctx is done, and returns ctx's error: it fetches the first token at once and each next one when it is
// due, so that no caller of Token waits. It is optional; the caller owns the goroutine.
func (c *CachedSource) Run(ctx context.Context) error { return c.engine.Run(ctx) }

// CachedStatus is how a [CachedSource] stands at a moment.
type CachedStatus struct {
	// Fingerprint is of the kept token, "" when there is none. The token may have ended.
	Fingerprint string
	// Valid reports that the kept token would be handed out.
	Valid bool
	// Obtained is when the kept token was fetched; zero when there is none.
	Obtained time.Time
	// RefreshAt is from when on the kept token is renewed; zero when there is none.
	RefreshAt time.Time
	// Expires is when the kept token ends; zero when there is none. With MinLife it is handed out until that much earlier.
	Expires time.Time
	// Refreshing reports that a token is being fetched.
	Refreshing bool
	// Failures counts the fetches that failed since the last good one.
	Failures int
	// RetryAt is until when no fetch begins after a failure; zero if one may begin.
	RetryAt time.Time
	// Err is the last failure; nil after a success.
	Err error
}

// Status returns how the source stands. It fetches nothing.
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

package idp

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/onafed/onafed/internal/refresh"
)

// A cachedDriver is a [CachedSource] as the driver of its engine. The type keeps these methods out of
// the exported ones.
type cachedDriver CachedSource

var _ refresh.Driver[*Token] = (*cachedDriver)(nil)

// Fetch gets a token from the source and checks it.
func (d *cachedDriver) Fetch(ctx context.Context) (*Token, error) {
	c := (*CachedSource)(d)
	if c.src == nil {
		return nil, fail("cached source", errEmptySource)
	}
	t, err := c.src.Token(ctx)
	if err != nil {
		return nil, failed(c.src, err)
	}
	if err := c.check(t, time.Now()); err != nil {
		return nil, fail(c.Source(), err)
	}
	return t, nil
}

// check returns why a token of the source cannot be cached.
func (c *CachedSource) check(t *Token, now time.Time) error {
	if t.Raw() == "" {
		return errNoToken
	}
	if err := checkFresh(t, now); err != nil {
		return err
	}
	if left := t.Expiry().Sub(now); left < c.minLife {
		return fmt.Errorf("its token is valid for another %s, want at least %s", left.Round(time.Second), c.minLife)
	}
	if c.refused.has(t) {
		return errRefusedAgain
	}
	return nil
}

// Expiry returns when the token expires. The engine computes the refresh from the time when the
// token was fetched, not from its time of issue. Otherwise each call would refresh an old token in
// a file, until the file has a new one.
func (*cachedDriver) Expiry(t *Token) time.Time { return t.Expiry() }

// Prepare changes nothing.
func (*cachedDriver) Prepare(**Token, refresh.Windows) {}

// Temporary returns true for every error, also for a refusal, because the cached token is still
// valid then. After the token has expired, callers get the refusal, with its own Temporary method.
func (*cachedDriver) Temporary(error) bool { return true }

// RetryAfter returns the pause that the API asked for.
func (*cachedDriver) RetryAfter(err error) time.Duration {
	if re, ok := errors.AsType[*RequestError](err); ok {
		return re.RetryAfter
	}
	return 0
}

// Settled logs the result of a refresh.
func (d *cachedDriver) Settled(ev refresh.Event[*Token]) {
	source := sourceName(d.src)
	ctx := context.Background() // a refresh belongs to no call
	switch {
	case ev.Err == nil:
		d.logger.DebugContext(ctx, "idp: refreshed the ID token", "source", source, "token", *ev.Value)
	case ev.Status.Valid:
		d.logger.WarnContext(ctx, "idp: refresh failed, the old ID token is still valid", "source", source,
			"expires", ev.Status.Expires, "failures", ev.Status.Failures, "error", ev.Err.Error())
	default:
		d.logger.WarnContext(ctx, "idp: refresh failed, there is no valid ID token", "source", source,
			"failures", ev.Status.Failures, "error", ev.Err.Error())
	}
}

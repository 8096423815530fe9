package idp

import (
	"context"
	"errors"
	"time"

	"github.com/onafed/onafed/internal/refresh"
)

// A cachedDriver is a [CachedSource] as the driver of its engine, which keeps these methods out of the
// exported ones.
type cachedDriver CachedSource

var _ refresh.Driver[*Token] = (*cachedDriver)(nil)

// Fetch gets a token from the source.
func (d *cachedDriver) Fetch(ctx context.Context) (*Token, error) {
	return (*CachedSource)(d).fetch(ctx)
}

// Expiry returns when the token expires. Its life begins when it arrives and not when it was issued:
// a file may hold an old token, which by its age would be due for every call until the next one is
// written.
func (*cachedDriver) Expiry(t *Token) time.Time { return t.Expiry() }

// Prepare changes nothing.
func (*cachedDriver) Prepare(**Token, refresh.Windows) {}

// Temporary returns true also for a refusal, which does not concern the cached token. After its expiry
// callers get the refusal, with its own Temporary method.
func (*cachedDriver) Temporary(error) bool { return true }

// RetryAfter returns the pause that the API asked for.
func (*cachedDriver) RetryAfter(err error) time.Duration {
	if re, ok := errors.AsType[*RequestError](err); ok {
		return re.RetryAfter
	}
	return 0
}

// Settled logs the result.
func (d *cachedDriver) Settled(ev refresh.Event[*Token]) { (*CachedSource)(d).settled(ev) }

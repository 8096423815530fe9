package refresh

import (
	"cmp"
	"math/rand/v2"
	"time"
)

// DefaultAttemptTimeout bounds a refresh when [Rules].AttemptTimeout is zero. It is generous,
// because on an overloaded machine an answer takes as long as on a broken network.
const DefaultAttemptTimeout = 30 * time.Second

// Rules are the options of an [Engine]. The zero value has the defaults. Engines may share Rules.
type Rules struct {
	// MinLife is the remaining life that a value must have to be returned from the cache. A value
	// that arrives with less goes to the callers that waited for it, and is not cached.
	MinLife time.Duration

	// AdvisoryWindow is the time before the expiry in which a value is refreshed in the background,
	// at most nine tenths of the lifetime. Zero chooses it by the lifetime, see the package
	// documentation.
	AdvisoryWindow time.Duration

	// AttemptTimeout bounds a refresh. Zero means [DefaultAttemptTimeout].
	AttemptTimeout time.Duration

	// Backoff returns how long to wait after that many failures in a row, at least one. remaining
	// is the life that is left, zero if the value has expired or was invalidated. The result is
	// used unchanged. Nil means the default, see the package documentation.
	Backoff func(failures int, remaining time.Duration) time.Duration

	// Gate delays the start of a refresh; nil means no delay. AttemptTimeout counts from the start.
	Gate Gate

	// InvalidateLimit is how many values in a row may be invalidated soon after their arrival.
	// Later ones must be older, by a time that grows to a minute. Zero means no limit.
	InvalidateLimit int

	// ForgetInvalid makes Invalidate final: the value is not returned again, not even if the
	// refresh fails.
	ForgetInvalid bool

	// ServeExpired returns an expired value after a temporary failure. A call after the backoff
	// waits up to a second for the refresh.
	ServeExpired bool

	// KeepOnPermanent returns a valid value until its mandatory window also after a permanent
	// failure.
	KeepOnPermanent bool

	// Random returns numbers in [0, 1) for jitter. Nil means a random source that cannot be seeded.
	Random func() float64
}

// Chance returns a number in [0, 1) for jitter.
func (r *Rules) Chance() float64 {
	if r.Random != nil {
		return r.Random()
	}
	return rand.Float64() //nolint:gosec // jitter only spreads load
}

func (r *Rules) timeout() time.Duration {
	return cmp.Or(max(r.AttemptTimeout, 0), DefaultAttemptTimeout)
}

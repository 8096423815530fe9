package refresh

import (
	"time"

	"github.com/onafed/onafed/internal/retry"
)

const (
	// maxBackoff is the longest backoff while the value is valid, so that the end of a long outage
	// is noticed.
	maxBackoff = 5 * time.Minute

	// maxInvalidBackoff is the longest backoff while callers have no valid value.
	maxInvalidBackoff = 15 * time.Second

	// maxPermanentPause is the longest time for which callers get a permanent failure without a new
	// attempt.
	maxPermanentPause = 5 * time.Second
)

// failed returns the failure after a refresh, with the default backoff, and the remaining life of
// the value. retryAt is zero if there is no backoff.
func (e *Engine[T]) failed(rf *refresh[T], now time.Time) (f *failure, remaining time.Duration) {
	r := *e.state.Load().rec()
	at := now.UnixNano()
	r.fail(at, rf.err, rf.permanent)
	f = r.failure
	if !r.has && !f.permanent {
		return f, 0
	}
	life, n := time.Duration(r.life), int(f.failures)
	if r.valid(at) {
		remaining = time.Duration(r.expire - at)
	}
	var pause time.Duration
	if f.permanent {
		pause = permanentPause(e.rules.Chance())
		if kept := time.Duration(r.require - at); e.rules.KeepOnPermanent && remaining > 0 && kept > 0 {
			pause = min(max(pause, backoff(n, life, remaining, e.rules.Chance())), kept) // callers do not notice the failure yet
		}
	} else {
		pause = backoff(n, life, remaining, e.rules.Chance())
		limit := maxInvalidBackoff
		if remaining > 0 {
			limit = min(remaining/8, maxBackoff)
		}
		pause = max(pause, min(e.driver.RetryAfter(rf.err), limit))
		if d, ok := e.driver.(Retrier); ok && remaining <= 0 {
			if retry := d.RetryAt(rf.err); !retry.IsZero() {
				jitter := time.Duration(e.rules.Chance() * float64(time.Second))
				pause = min(max(retry.Sub(now), 0)+jitter, maxInvalidBackoff)
			}
		}
	}
	f.retryAt = at + int64(pause)
	return f, remaining
}

// backoff returns the default backoff. u is in [0, 1). It is exponential with full jitter, so that
// programs that started together do not retry together. While the value is valid it is at most an
// eighth of the remaining life, so that several refreshes are tried before it expires, and at least a
// second, or a sixtieth of a short lifetime.
func backoff(failures int, life, remaining time.Duration, u float64) time.Duration {
	if remaining <= 0 {
		return max(time.Second, time.Duration(u*float64(retry.Exponential(2*time.Second, failures, maxInvalidBackoff))))
	}
	floor := time.Second
	if life > 0 {
		floor = min(floor, life/60)
	}
	ceiling := min(remaining/8, maxBackoff)
	return max(floor, time.Duration(u*float64(retry.Exponential(2*floor, failures, ceiling))))
}

// permanentPause returns how long a permanent failure is remembered, as in the common refresh rule
// of the AWS SDKs: it limits the requests, and callers notice a repair soon. u is in [0, 1).
func permanentPause(u float64) time.Duration {
	return time.Second + time.Duration(u*float64(maxPermanentPause-time.Second))
}

package issuer

import (
	"errors"
	"time"

	"github.com/onafed/onafed/internal/retry"
)

const (
	// unknownInterval is the least time between a successful fetch and a fetch for an unknown kid,
	// so that a flood of invented kids causes two requests a minute.
	unknownInterval = 30 * time.Second

	// The pause after a failed fetch starts at minRetry and doubles up to maxRetry. While there are
	// no keys, no token can be verified, so the limit is maxRetryEmpty.
	minRetry, maxRetryEmpty, maxRetry = time.Second, 5 * time.Second, 30 * time.Second

	// maxRetryAfter is the longest pause that a server can ask for, and maxPause the longest pause.
	maxRetryAfter = time.Minute
	maxPause      = maxRetryAfter + maxRetry/2
)

// unknownDue reports whether an unknown kid may start a fetch. The caller holds s.mu.
//
// Only a key set without the kid is evidence that the key does not exist. After a failed fetch the
// usual pause applies.
func (s *RemoteKeySet) unknownDue(now time.Time) bool {
	if s.lastErr != nil {
		return !s.paused(now)
	}
	since := now.Sub(s.started)
	return since >= unknownInterval || since < 0
}

// paused reports whether the pause after a failed fetch lasts. The caller holds s.mu. If the clock
// was set back, the pause does not become longer.
func (s *RemoteKeySet) paused(now time.Time) bool {
	return s.lastErr != nil && now.Before(s.retryAt) && s.retryAt.Sub(now) <= maxPause
}

// pauseAfter returns the pause after a fetch that failed with err. The caller holds s.mu and has
// counted the failure.
func (s *RemoteKeySet) pauseAfter(now time.Time, err error) time.Duration {
	limit, maxAsked := maxRetryEmpty, maxRetryAfter
	if c := s.cache.Load(); c != nil && now.Before(c.stale) {
		// The next attempt must come before the cached keys are stale.
		limit, maxAsked = maxRetry, min(maxRetryAfter, c.stale.Sub(now)-maxRetry/2)
	}
	own := retry.Exponential(minRetry, s.failures, limit)
	var asked time.Duration
	if f, ok := errors.AsType[*FetchError](err); ok {
		asked = min(f.retryAfter, maxAsked)
	}
	return max(asked, own/2) + retry.FullJitter(own/2+1)
}

package issuer

import (
	"errors"
	"time"

	"github.com/onafed/onafed/internal/retry"
)

const (
	// At most maxUnknownFetches begin within unknownInterval because of unknown kids. One is not
	// enough: a fetch that a wrong token caused would delay the key of a rotation by half a minute.
	maxUnknownFetches = 3
	unknownInterval   = 30 * time.Second

	// The pause after a failed fetch starts at minRetry and doubles up to maxRetry. While there are
	// no keys, no token can be verified, so the limit is maxRetryEmpty.
	minRetry, maxRetryEmpty, maxRetry = time.Second, 5 * time.Second, 30 * time.Second

	// maxRetryAfter is the longest pause that a server can ask for, and maxPause the longest pause.
	maxRetryAfter = time.Minute
	maxPause      = maxRetryAfter + maxRetry/2
)

// untilUnknown returns how long an unknown kid may not start a fetch, or 0. The caller holds s.mu.
func (s *RemoteKeySet) untilUnknown(now time.Time) time.Duration {
	oldest := s.started[0]
	if oldest.IsZero() || now.Before(oldest) { // the clock was set back
		return 0
	}
	return max(0, oldest.Add(unknownInterval).Sub(now))
}

// paused reports whether the pause after a failed fetch has not ended yet. The caller holds s.mu.
// If the clock was set back, the pause does not become longer.
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

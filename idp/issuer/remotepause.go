package issuer

import (
	"errors"
	"time"

	"github.com/onafed/onafed/internal/retry"
)

const (
	// unknownInterval is how long after a good fetch there is none for an unknown kid: a flood of tokens with invented ones costs
	// the issuer two requests a minute.
	unknownInterval = 30 * time.Second

	// A failed fetch is tried again after minRetry, then twice that and so on. While there are no keys at all verifiers fail, so
	// the pause is short; while there are, only a key that is new waits for it.
	minRetry, maxRetryEmpty, maxRetry = time.Second, 5 * time.Second, 30 * time.Second

	// maxRetryAfter is the longest pause for which a server may ask, and maxRest the longest pause.
	maxRetryAfter = time.Minute
	maxRest       = maxRetryAfter + maxRetry/2
)

// due reports whether an unknown kid is reason enough for a fetch. Only an answer without the key tells that it may not exist; after a
// failure the next fetch is as for everybody.
func (s *RemoteKeySet) due(now time.Time) bool {
	if s.lastErr != nil {
		return !s.resting(now)
	}
	since := now.Sub(s.started)
	return since >= unknownInterval || since < 0
}

// resting reports whether the pause after a failure lasts. A clock that was set back does not make it longer.
func (s *RemoteKeySet) resting(now time.Time) bool {
	return s.lastErr != nil && now.Before(s.retryAt) && s.retryAt.Sub(now) <= maxRest
}

// pause is how long after the failure err no fetch is begun. s.mu is held, and s.failures are those before.
func (s *RemoteKeySet) pause(now time.Time, err error) time.Duration {
	limit, most := maxRetryEmpty, maxRetryAfter
	if k := s.kept.Load(); k != nil && now.Before(k.stale) {
		limit, most = maxRetry, min(maxRetryAfter, k.stale.Sub(now)-maxRetry/2) // there is another try while they can be used
	}
	own := retry.Exponential(minRetry, s.failures+1, limit)
	var asked time.Duration
	if f, ok := errors.AsType[*FetchError](err); ok {
		asked = min(f.retryAfter, most)
	}
	return max(asked, own/2) + retry.FullJitter(own/2+1)
}

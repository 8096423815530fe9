package retry

import (
	"math/rand/v2"
	"time"
)

// Exponential returns the pause after a number of consecutive failures: base after the first
// failure, doubled for each further one, and at most limit. A number of failures below 1 counts as
// 1.
func Exponential(base time.Duration, failures int, limit time.Duration) time.Duration {
	d := base
	for n := 1; n < failures && 0 < d && d < limit; n++ {
		if d > limit/2 {
			return limit
		}
		d *= 2
	}
	return min(d, limit)
}

// FullJitter returns a random time of at least 0 and less than d. It spreads callers that failed
// together most evenly (AWS Architecture Blog, "Exponential Backoff And Jitter").
func FullJitter(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return rand.N(d) //nolint:gosec // spreading load needs no secrecy
}

// EqualJitter returns a random time from half of d to d, for callers that must pause in any case.
func EqualJitter(d time.Duration) time.Duration { return d - FullJitter(d/2+1) }

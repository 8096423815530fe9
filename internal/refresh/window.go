package refresh

import "time"

// Windows are the turning points in the life of one value, by the wall clock.
type Windows struct {
	// Advisory is when the value begins to be refreshed behind its callers.
	Advisory time.Time
	// Mandatory is when callers begin to wait a moment for the refresh.
	Mandatory time.Time
	// Expires is when the value ends.
	Expires time.Time
}

const (
	// snap is how far from a whole minute a lifetime may lie and still be that
	// minute: an issuer cuts the expiry to seconds, and the request took time.
	snap = 5 * time.Second

	// maxMandatory is the mandatory window of the AWS SDKs' common rule for
	// refreshing; in a short life it is a tenth of that.
	maxMandatory = time.Minute
)

// nominal returns the lifetime that was asked for, given the measured one.
func nominal(life time.Duration) time.Duration {
	if r := life.Round(time.Minute); r > 0 && (r-life).Abs() <= snap {
		return r
	}
	return life
}

// advisoryWindow returns the length of the window for a lifetime: 5 minutes up
// to 20 minutes, 15 minutes below 90, otherwise an hour, widened by up to a
// quarter. jitter is in [0, 1). A window is only ever widened: the whole of the
// nominal one is needed to survive an outage. It is at most half of the
// lifetime, since a value in its window from the start would be fetched over
// and over.
func advisoryWindow(life time.Duration, jitter float64) time.Duration {
	w := 60 * time.Minute
	switch n := nominal(life); {
	case n <= 20*time.Minute:
		w = 5 * time.Minute
	case n < 90*time.Minute:
		w = 15 * time.Minute
	}
	w += time.Duration(jitter * 0.25 * float64(w))
	return min(w, life/2)
}

// exactWindow returns the window for one set by option: as given, but for a
// tenth of the life, without which each answer would be due when it arrives.
func exactWindow(life, window time.Duration) time.Duration {
	return min(window, life-life/10)
}

func mandatoryWindow(life time.Duration) time.Duration {
	return min(maxMandatory, life/10)
}

// retryFloor is the least time between a failure and the next try.
func retryFloor(life time.Duration) time.Duration {
	if life <= 0 {
		return time.Second
	}
	return min(time.Second, life/60)
}

// backoff returns the default pause after a failure that leaves the value so
// much life. u is in [0, 1). Exponential with full jitter, so that the callers
// of a fleet do not come back together; bounded by an eighth of what is left,
// so that at least that many tries remain; and by 5 minutes, so that the end of
// a long outage is noticed.
func backoff(failures int, life, remaining time.Duration, u float64) time.Duration {
	floor := retryFloor(life)
	if remaining <= 0 {
		// Now callers fail: knock often, but not with each of their calls.
		floor = time.Second
		return max(floor, time.Duration(u*float64(exponential(2*time.Second, failures, 15*time.Second))))
	}
	ceiling := min(remaining/8, 5*time.Minute)
	return max(floor, time.Duration(u*float64(exponential(2*floor, failures, ceiling))))
}

// exponential returns base * 2^(n-1), at most limit.
func exponential(base time.Duration, n int, limit time.Duration) time.Duration {
	d := base
	for i := 1; i < n && d < limit; i++ {
		d *= 2
	}
	return min(d, limit)
}

// denialPause is how long a failure that is not recoverable is remembered: long
// enough to damp a herd, short enough that a repair is felt at once. u is in
// [0, 1).
func denialPause(u float64) time.Duration {
	return time.Second + time.Duration(u*float64(4*time.Second))
}

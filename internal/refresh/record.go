package refresh

import (
	"math"
	"time"

	"github.com/onafed/onafed/internal/retry"
)

// never is a time that does not come, in Unix nanoseconds.
const never = math.MaxInt64

// UnixNano is t.UnixNano, limited to the years 1678 to 2262 that 64 bits of nanoseconds can
// represent. There are tokens with an exp of 9999999999 seconds and more.
func UnixNano(t time.Time) int64 {
	const first, last = math.MinInt64, never - 1
	switch {
	case t.After(time.Unix(0, last)):
		return last
	case t.Before(time.Unix(0, first)):
		return first
	}
	return t.UnixNano()
}

// A record is what an engine knows about its value. It is immutable once published. All times are
// Unix nanoseconds of the wall clock. The zero record is that of an engine without a value and
// without a failure. A program may have one for each of many roles, so it is small.
type record struct {
	obtained   int64    // when the value arrived; 0 without a value
	advise     int64    // beginning of the advisory window
	require    int64    // beginning of the mandatory window
	expire     int64    // end of use: the expiry less MinLife
	end        int64    // the expiry
	life       int64    // lifetime in nanoseconds; 0 without a value and for a value that does not expire
	invalidAt  int64    // when the value was invalidated; 0 if it was not
	failure    *failure // nil unless the last refresh failed
	invalidRow int32    // how many values in a row were invalidated soon after their arrival, with this one
	has        bool     // there is a value
}

// A failure is what an engine knows about the failed refreshes since the last success. It is
// immutable once published.
type failure struct {
	err       error // of the last refresh
	at        int64 // end of the last refresh
	retryAt   int64 // earliest time of the next refresh
	first     int64 // end of the first refresh that failed
	failures  int32
	permanent bool // err is permanent
	kept      bool // the value was valid at that time, so its remaining life limited the backoff
	exact     bool // retryAt was chosen by Rules.Backoff
}

// invalid reports whether the value was invalidated.
func (r *record) invalid() bool { return r.invalidAt != 0 }

// valid reports whether the value has neither expired nor been invalidated.
func (r *record) valid(now int64) bool {
	return r.has && !r.invalid() && now < r.expire
}

// usable reports whether callers may have the value after a temporary failure.
func (r *record) usable(now int64, o *Rules) bool {
	return r.has && (!r.invalid() || !o.ForgetInvalid) && (now < r.expire || o.ServeExpired)
}

// available reports whether callers may have the value now.
func (r *record) available(now int64, o *Rules) bool {
	return r.valid(now) || r.failure != nil && !r.failure.permanent && r.usable(now, o)
}

// permanent reports whether the last refresh failed permanently.
func (r *record) permanent() bool { return r.failure != nil && r.failure.permanent }

// needed returns when the value is needed next: when it expires, and after a failure not before the
// end of the backoff.
func (r *record) needed() int64 {
	if r.failure == nil {
		return r.expire
	}
	return max(r.expire, r.failure.retryAt)
}

// held reports whether the backoff after a failure has not ended. A failure in the future happened
// before the clock was set back, and its backoff has ended. After a permanent failure that callers
// did not notice, because the value was kept, the backoff ends with the value.
func (r *record) held(now int64) bool {
	f := r.failure
	if f == nil || now < f.at-int64(maxStepBackInPause) || now >= f.retryAt {
		return false
	}
	return !f.permanent || !f.kept || r.valid(now) || now < f.at+int64(maxPermanentPause)
}

// succeed sets the record to a new value. It reports whether the value has not expired yet.
func (r *record) succeed(now, start, expiry time.Time, minLife, window time.Duration, jitter float64) bool {
	*r = record{has: true, obtained: now.UnixNano()}
	if expiry.IsZero() {
		r.advise, r.require, r.expire, r.end = never, never, never, never
		return true
	}
	at := r.obtained
	r.end = UnixNano(expiry)
	if r.end <= at {
		return false
	}
	life := max(expiry.Sub(start), time.Duration(r.end-at))
	if start.After(now) {
		life = time.Duration(r.end - at) // the clock has been set back meanwhile
	}
	r.life = int64(life)
	window = advisoryWindow(life, window, jitter)
	// A value with less life than MinLife goes to the callers that wait for it, and is not cached.
	r.expire = max(r.end-int64(minLife), at)
	// A value that arrives in its advisory window, such as an old token from a file, is refreshed
	// after an eighth of its remaining life. At once would be a loop.
	r.advise = max(r.expire-int64(window), at+(r.expire-at)/8)
	r.require = max(r.expire-int64(mandatoryWindow(life)), r.advise)
	return true
}

// renewBefore moves the beginning of the advisory window forward, as [Renewer] says.
func (r *record) renewBefore(start, end time.Time, window time.Duration, jitter float64) {
	if at := UnixNano(end); !end.IsZero() && at < r.expire {
		at = max(at-int64(advisoryWindow(end.Sub(start), window, jitter)), r.obtained+(r.expire-r.obtained)/8)
		r.advise = min(r.advise, at)
	}
}

// fail adds a failure to the record.
func (r *record) fail(now int64, err error, permanent bool) {
	f := failure{err: err, at: now, first: now, failures: 1, permanent: permanent, kept: r.valid(now)}
	if old := r.failure; old != nil {
		f.first, f.failures = old.first, old.failures+1
	}
	r.failure = &f
}

const (
	// maxInvalidAge is the age from which a value may always be invalidated.
	maxInvalidAge = time.Minute

	// forgetInvalidAge is the age from which the invalidation of a value does not count as soon
	// after its arrival, so that invalidRow begins again.
	forgetInvalidAge = 10 * time.Minute
)

// mayInvalidate reports whether the value may be invalidated, given [Rules].InvalidateLimit.
func (r *record) mayInvalidate(now int64, limit int) bool {
	age := time.Duration(now - r.obtained)
	if limit <= 0 || int(r.invalidRow) < limit || age < 0 {
		return true
	}
	return age >= retry.Exponential(time.Second, int(r.invalidRow)-limit+1, maxInvalidAge)
}

// invalidate marks the value as rejected.
func (r *record) invalidate(now int64) {
	if age := time.Duration(now - r.obtained); age < 0 || age >= forgetInvalidAge {
		r.invalidRow = 0
	}
	r.invalidRow++
	r.invalidAt = now
}

// due returns when a call would start a refresh; never for a value that does not expire.
func (r *record) due(now int64) int64 {
	switch {
	case !r.valid(now), r.permanent(), now < r.obtained-int64(maxStepBack):
		if r.held(now) {
			return r.failure.retryAt
		}
		return now
	case r.held(now):
		return max(r.advise, r.failure.retryAt)
	}
	return r.advise
}

func (r *record) windows() Windows {
	if r.end == never {
		return Windows{}
	}
	return Windows{
		Advisory:  time.Unix(0, r.advise),
		Mandatory: time.Unix(0, r.require),
		Expires:   time.Unix(0, r.end),
	}
}

package refresh

import (
	"math"
	"time"
)

// never is the time of what does not come, in unix nanoseconds.
const never = math.MaxInt64

// UnixNano is t.UnixNano for every t: a time beyond what 64 bits of nanoseconds
// reach, from 1678 to 2262, is the last or first one within. There are tokens
// whose exp is 9999999999 seconds and more.
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

const (
	// stepBack is how far before its arrival a value may be asked for until
	// that means a clock set back. The steps by which NTP corrects a clock that
	// runs are smaller.
	stepBack = time.Minute

	// holdBack is the same for a pause after a failure, which is short itself.
	holdBack = time.Second
)

// An action is what a call does.
type action uint8

const (
	// serve returns the value.
	serve action = iota
	// serveAndRefresh returns the value and starts a flight behind it.
	serveAndRefresh
	// join waits for the flight, but not for long, then returns the value.
	join
	// wait waits for the flight.
	wait
	// fail returns the remembered error.
	fail
)

// String returns the name of the action, for tests.
func (a action) String() string {
	return [...]string{"serve", "serveAndRefresh", "join", "wait", "fail"}[a]
}

// A record is what an engine knows, but for the value itself. It is immutable
// once published. All times are unix nanoseconds of the wall clock; a zero
// record knows nothing. There is one for each credential of each role, so it is
// kept small.
type record struct {
	obtained int64    // when the value arrived; 0 without a value
	advise   int64    // beginning of the advisory window
	require  int64    // beginning of the mandatory window
	expire   int64    // end of use: the expiry less MinLife, or an earlier invalidation
	end      int64    // the expiry itself
	life     int64    // lifetime in nanoseconds; 0 without a value or without an end
	trouble  *trouble // nil unless the last flight failed
	drops    int32    // how many values in a row were dropped on arrival, this one included
	has      bool     // there is a value
	invalid  bool     // somebody said that the value no longer works
}

// trouble is what an engine knows of failures since the last good flight. It is
// immutable once published.
type trouble struct {
	err      error // the last one
	at       int64 // end of the last failed flight
	retryAt  int64 // no flight before
	first    int64 // end of the first failed flight in the row
	failures int32
	denied   bool // the last one is not recoverable
	exact    bool // retryAt was chosen by an option
}

// valid reports whether the value is good at that time.
func (r *record) valid(now int64) bool {
	return r.has && !r.invalid && now < r.expire
}

// needed is when the value is needed next: when it ends, and after a failure
// not before the end of the pause.
func (r *record) needed() int64 {
	if r.trouble == nil {
		return r.expire
	}
	return max(r.expire, r.trouble.retryAt)
}

// held reports whether the pause after a failure lasts. A pause whose beginning
// lies in the future belongs to a clock that has been set back since, and is
// over.
func (r *record) held(now int64) bool {
	t := r.trouble
	return t != nil && now >= t.at-int64(holdBack) && now < t.retryAt
}

// denied reports whether the last flight failed in a way that is not
// recoverable.
func (r *record) denied() bool { return r.trouble != nil && r.trouble.denied }

// decide tells what a call at that time does. It is all of the engine's
// judgement.
func decide(now int64, r *record, o *Rules) action {
	if !r.valid(now) {
		return decideWithout(now, r, o)
	}
	if r.denied() && (!o.KeepOnDenial || now >= r.require) {
		// Raised although the value is valid: it was taken away, and who
		// repairs it wants to see when it works again. The first call after
		// the pause waits for the answer, or calls would fail and succeed by
		// turns.
		if r.held(now) {
			return fail
		}
		return wait
	}
	switch {
	case now < r.obtained-int64(stepBack):
		// The clock was set back, so the deadlines mean nothing until the
		// next answer.
		if r.held(now) {
			return serve
		}
		return serveAndRefresh
	case now < r.advise:
		return serve
	case r.held(now):
		return serve
	case now < r.require || r.trouble != nil:
		return serveAndRefresh
	default:
		return join
	}
}

// decideWithout is decide when there is nothing valid.
func decideWithout(now int64, r *record, o *Rules) action {
	if r.trouble == nil {
		return wait
	}
	if r.trouble.denied {
		if r.held(now) {
			return fail
		}
		return wait
	}
	if !r.has {
		// A first fetch that failed is tried again by the next call: there is
		// nothing to wait for, and who has just started wants to be told.
		return wait
	}
	after := r.trouble.at >= r.expire // the failure came after the end of the value
	if o.ServeExpired && !r.invalid && (after || r.trouble.exact && r.held(now)) {
		if r.held(now) {
			return serve
		}
		return serveAndRefresh
	}
	// A pause that was measured by the life then left ends with that life.
	if r.held(now) && (after || r.trouble.exact) {
		return fail
	}
	return wait
}

// freshness returns how long, from stepBack before its arrival on, decide says
// serve for the value alone. A caller in that time needs no decision.
func (r *record) freshness() time.Duration {
	if !r.has || r.invalid || r.denied() || r.advise <= r.obtained {
		return 0
	}
	return time.Duration(min(r.advise, r.expire)-r.obtained) + stepBack
}

// fresh reports whether now is in the time of freshness. Before it begins the
// difference is a huge number.
func fresh(now, obtained int64, freshness time.Duration) bool {
	return uint64(now-obtained+int64(stepBack)) < uint64(freshness)
}

package refresh

import (
	"math"
	"time"
)

// never is the time of what does not come, in unix nanoseconds.
const never = math.MaxInt64

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
// record knows nothing.
type record struct {
	obtained int64 // when the value arrived; 0 without a value
	advise   int64 // beginning of the advisory window
	require  int64 // beginning of the mandatory window
	expire   int64 // end of use: the expiry less MinLife, or an earlier invalidation
	end      int64 // the expiry itself
	life     int64 // lifetime in nanoseconds; 0 without a value or without an end

	failedAt int64 // end of the last failed flight; 0 without failures
	retryAt  int64 // no flight before
	firstBad int64 // end of the first failed flight in the row
	failures int32
	drops    int32 // how many values in a row were dropped on arrival, this one included

	has     bool // there is a value
	invalid bool // somebody said that the value no longer works
	denied  bool // the last failure is not recoverable
	exact   bool // retryAt was chosen by an option
}

// rules are the options that a decision needs.
type rules struct {
	keepOnDenial bool
	serveExpired bool
}

// valid reports whether the value is good at that time.
func (r *record) valid(now int64) bool {
	return r.has && !r.invalid && now < r.expire
}

// held reports whether the pause after a failure lasts. A pause whose beginning
// lies in the future belongs to a clock that has been set back since, and is
// over.
func (r *record) held(now int64) bool {
	return r.failures > 0 && now >= r.failedAt-int64(holdBack) && now < r.retryAt
}

// decide tells what a call at that time does. It is all of the engine's
// judgement.
func decide(now int64, r *record, o rules) action {
	if !r.valid(now) {
		return decideWithout(now, r, o)
	}
	if r.denied && (!o.keepOnDenial || now >= r.require) {
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
	case now < r.require || r.failures > 0:
		return serveAndRefresh
	default:
		return join
	}
}

// decideWithout is decide when there is nothing valid.
func decideWithout(now int64, r *record, o rules) action {
	if r.failures == 0 {
		return wait
	}
	if r.denied {
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
	after := r.failedAt >= r.expire // the failure came after the end of the value
	if o.serveExpired && !r.invalid && after {
		if r.held(now) {
			return serve
		}
		return serveAndRefresh
	}
	// A pause that was measured by the life then left ends with that life.
	if r.held(now) && (after || r.exact) {
		return fail
	}
	return wait
}

// freshness returns the interval in which decide says serve for the value
// alone, as its beginning and length. A caller in it needs no decision.
func (r *record) freshness() (from int64, length uint64) {
	if !r.has || r.invalid || r.denied || r.advise <= r.obtained {
		return 0, 0
	}
	from = r.obtained - int64(stepBack)
	return from, uint64(min(r.advise, r.expire) - from)
}

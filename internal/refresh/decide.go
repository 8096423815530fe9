package refresh

import "time"

const (
	// maxStepBack is how far the clock may be before the arrival of a value. An earlier time means
	// that the clock was set back. The steps by which NTP corrects a running clock are smaller.
	maxStepBack = time.Minute

	// maxStepBackInPause is the same for a backoff, which is shorter.
	maxStepBackInPause = time.Second
)

// An action is what a call does.
type action uint8

const (
	// serve returns the value.
	serve action = iota
	// serveAndRefresh returns the value and starts a refresh in the background.
	serveAndRefresh
	// join waits for the refresh for a short time, and then returns the old value.
	join
	// wait waits for the refresh.
	wait
	// fail returns the last error.
	fail
)

// String returns the name of the action, for tests.
func (a action) String() string {
	return [...]string{"serve", "serveAndRefresh", "join", "wait", "fail"}[a]
}

// decide returns what a call does at that time.
func decide(now int64, r *record, o *Rules) action {
	valid := r.valid(now)
	kept := valid && o.KeepOnPermanent && now < r.require
	if r.permanent() && !kept {
		// The permission was taken away, so callers get the error although the value is valid. The
		// first call after the pause waits for the answer, so that the results do not alternate.
		if r.held(now) {
			return fail
		}
		return wait
	}
	if !valid {
		return decideInvalid(now, r, o)
	}
	switch {
	case now < r.obtained-int64(maxStepBack):
		// The clock was set back, so the deadlines cannot be used.
		if r.held(now) {
			return serve
		}
		return serveAndRefresh
	case now < r.advise, r.held(now):
		return serve
	case now < r.require || r.failure != nil:
		return serveAndRefresh
	}
	return join
}

// decideInvalid is decide without a valid value and without a permanent failure.
func decideInvalid(now int64, r *record, o *Rules) action {
	if r.failure == nil || !r.has {
		// A first refresh that failed is repeated by the next call: there is no value to protect,
		// and a program that has just started wants to see its error go away.
		return wait
	}
	// If a refresh has failed since the value became invalid, calls do not wait for another whole
	// refresh. The failure has a flag for this, because times cannot be compared after a change of
	// the clock.
	failedSince := !r.failure.kept
	if r.usable(now, o) {
		switch {
		case r.held(now):
			return serve
		case failedSince:
			return join
		}
		return wait
	}
	// A default backoff that began while the value was valid depended on its remaining life, so it
	// ends with the value.
	if r.held(now) && (failedSince || r.failure.exact) {
		return fail
	}
	return wait
}

// freshness returns for how long decide returns serve only because the value is fresh, counted from
// maxStepBack before its arrival. A call in that time needs no decision.
func (r *record) freshness() time.Duration {
	if !r.has || r.invalid() || r.permanent() || r.advise <= r.obtained {
		return 0
	}
	return time.Duration(min(r.advise, r.expire)-r.obtained) + maxStepBack
}

// fresh reports whether now is in the time of freshness. Before its beginning, the unsigned
// difference is huge.
func fresh(now, obtained int64, freshness time.Duration) bool {
	return uint64(now-obtained+int64(maxStepBack)) < uint64(freshness)
}

package refresh

import "time"

// admit returns the state with the new value, or nil if the value has already
// ended.
func (e *Engine[T]) admit(fl *flight[T], v T, now time.Time) *state[T] {
	n := &state[T]{value: v}
	start := fl.began
	if !fl.lets.IsZero() {
		start = fl.lets // the queue before the gate is no part of the life
	}
	if t := e.driver.Start(v); !t.IsZero() {
		start = t
	}
	if !n.succeed(now, start, e.driver.Expiry(v), e.rules.MinLife, e.rules.AdvisoryWindow, chance()) {
		return nil
	}
	if old := e.state.Load().rec(); old.invalid {
		n.drops = old.drops
	}
	n.fresh = n.freshness()
	e.driver.Prepare(&n.value, n.windows())
	return n
}

// succeed sets the record to a new value. It reports whether the value has not
// ended yet.
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
		life = time.Duration(r.end - at) // its clock is not ours
	}
	r.life = int64(life)
	if window > 0 {
		window = exactWindow(life, window)
	} else {
		window = advisoryWindow(life, jitter)
	}
	// What comes with too little life is not kept, but who waited gets it.
	r.expire = max(r.end-int64(minLife), at)
	// A value that arrives within its window, as a token from a file does
	// towards its end, is asked for again after an eighth of its rest: at
	// once would be over and over.
	r.advise = max(r.expire-int64(window), at+(r.expire-at)/8)
	r.require = max(r.expire-int64(mandatoryWindow(life)), r.advise)
	return true
}

// fail adds a failure to the record.
func (r *record) fail(now int64, err error, denied bool) {
	t := trouble{err: err, at: now, first: now, failures: 1, denied: denied}
	if old := r.trouble; old != nil {
		t.first, t.failures = old.first, old.failures+1
	}
	r.trouble = &t
}

// failed returns the trouble after the failure of the flight, with the default
// pause, and how long the value is still good. The pause ends at zero where
// there is none.
func (e *Engine[T]) failed(fl *flight[T], now time.Time) (t *trouble, remaining time.Duration) {
	r := *e.state.Load().rec()
	at := now.UnixNano()
	r.fail(at, fl.err, fl.denied)
	t = r.trouble
	if !r.has && !t.denied {
		return t, 0
	}
	life, n := time.Duration(r.life), int(t.failures)
	if r.valid(at) {
		remaining = time.Duration(r.expire - at)
	}
	var pause time.Duration
	if t.denied {
		pause = denialPause(chance())
		if kept := time.Duration(r.require - at); e.rules.KeepOnDenial && remaining > 0 && kept > 0 {
			// The denial hurts nobody yet, so it can be asked about calmly.
			pause = min(max(pause, backoff(n, life, remaining, chance())), kept)
		}
	} else {
		pause = backoff(n, life, remaining, chance())
		limit := 15 * time.Second
		if remaining > 0 {
			limit = min(remaining/8, 5*time.Minute)
		}
		pause = max(pause, min(e.driver.RetryAfter(fl.err), limit))
	}
	t.retryAt = at + int64(pause)
	return t, remaining
}

const (
	// longDrop is how long a value must at most have served before it may be
	// dropped, when too many before it were.
	longDrop = time.Minute

	// forgetDrop is the age from which a value that is dropped says nothing
	// about those before it.
	forgetDrop = 10 * time.Minute
)

// droppable reports whether the value may be dropped: limit is how many may be
// in a row that have just arrived.
func (r *record) droppable(now int64, limit int) bool {
	age := time.Duration(now - r.obtained)
	if limit <= 0 || int(r.drops) < limit || age < 0 {
		return true
	}
	return age >= exponential(time.Second, int(r.drops)-limit+1, longDrop)
}

// drop marks the value as one that no longer works.
func (r *record) drop(now int64) {
	if age := time.Duration(now - r.obtained); age < 0 || age >= forgetDrop {
		r.drops = 0
	}
	r.drops++
	r.invalid = true
	r.expire = min(r.expire, now)
}

// due returns when a call would start a flight by itself; never for a value
// without end.
func (r *record) due(now int64) int64 {
	switch {
	case !r.valid(now), now < r.obtained-int64(stepBack):
		if r.held(now) {
			return r.trouble.retryAt
		}
		return now
	case r.trouble != nil:
		return max(r.advise, r.trouble.retryAt)
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

func (s *state[T]) status(now int64) Status {
	if s == nil {
		return Status{}
	}
	st := Status{Cached: s.has, Valid: s.valid(now)}
	if s.has {
		st.Obtained = time.Unix(0, s.obtained)
		w := s.windows()
		st.Advisory, st.Mandatory, st.Expires = w.Advisory, w.Mandatory, w.Expires
	}
	if t := s.trouble; t != nil {
		st.Err, st.Denied, st.Failures = t.err, t.denied, int(t.failures)
		st.FailingSince = time.Unix(0, t.first)
		if s.held(now) {
			st.RetryAt = time.Unix(0, t.retryAt)
		}
	}
	return st
}

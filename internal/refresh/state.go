package refresh

import "time"

// admit returns the state with the new value, or nil if the value has already
// ended.
func (e *Engine[T]) admit(fl *flight[T], v T, now time.Time) *state[T] {
	o := e.opts
	n := &state[T]{value: v}
	expiry := o.Expiry(v)
	start := fl.began
	if o.Start != nil {
		if t := o.Start(v); !t.IsZero() {
			start = t
		}
	}
	if !n.succeed(now, start, expiry, o.MinLife, o.AdvisoryWindow, chance()) {
		return nil
	}
	if old := e.state.Load().rec(); old.invalid {
		n.drops = old.drops
	}
	n.from, n.length = n.freshness()
	if o.Prepare != nil {
		o.Prepare(&n.value, n.windows())
	}
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
	r.end = expiry.UnixNano()
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
func (r *record) fail(now int64, denied bool) {
	r.failures++
	if r.firstBad == 0 {
		r.firstBad = now
	}
	r.failedAt, r.denied = now, denied
}

// pause returns until when to leave the source alone after the failure of the
// flight, and whether an option chose so. It calls foreign code.
func (e *Engine[T]) pause(fl *flight[T], now time.Time) (until int64, exact bool) {
	r := *e.state.Load().rec()
	at := now.UnixNano()
	r.fail(at, fl.denied)
	if !r.has && !r.denied {
		return 0, false
	}
	remaining := time.Duration(0)
	if r.valid(at) {
		remaining = time.Duration(r.expire - at)
	}
	if r.denied {
		d := denialPause(chance())
		if kept := r.require - at; e.opts.KeepOnDenial && r.valid(at) && kept > 0 {
			// The denial hurts nobody yet, so it can be asked about calmly.
			d = min(max(d, backoff(int(r.failures), time.Duration(r.life), remaining, chance())), time.Duration(kept))
		}
		return at + int64(d), false
	}
	if e.opts.Backoff != nil {
		return at + max(0, int64(e.opts.Backoff(int(r.failures), remaining))), true
	}
	d := backoff(int(r.failures), time.Duration(r.life), remaining, chance())
	if e.opts.RetryAfter != nil {
		if asked := e.opts.RetryAfter(fl.err); asked > d {
			limit := 15 * time.Second
			if remaining > 0 {
				limit = min(remaining/8, 5*time.Minute)
			}
			d = max(d, min(asked, limit))
		}
	}
	return at + int64(d), false
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
			return r.retryAt
		}
		return now
	case r.failures > 0:
		return max(r.advise, r.retryAt)
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
	st := Status{
		Cached:   s.has,
		Valid:    s.valid(now),
		Failures: int(s.failures),
		Denied:   s.denied,
		Err:      s.err,
	}
	if s.has {
		st.Obtained = time.Unix(0, s.obtained)
		w := s.windows()
		st.Advisory, st.Mandatory, st.Expires = w.Advisory, w.Mandatory, w.Expires
	}
	if s.failures > 0 {
		st.FailingSince = time.Unix(0, s.firstBad)
		if s.held(now) {
			st.RetryAt = time.Unix(0, s.retryAt)
		}
	}
	return st
}

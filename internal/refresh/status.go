package refresh

import "time"

// Status is a snapshot of an engine.
type Status struct {
	// Cached reports whether there is a value, valid or not.
	Cached bool
	// Valid reports whether the value has neither expired nor been invalidated.
	Valid bool
	// Obtained is when the value arrived.
	Obtained time.Time
	// Advisory, Mandatory and Expires are the beginnings of the windows and the expiry of the
	// value; zero for a value that does not expire.
	Advisory, Mandatory, Expires time.Time
	// Refreshing reports whether a refresh is running.
	Refreshing bool
	// Failures is how many refreshes have failed since the last success.
	Failures int
	// FailingSince is when the first of them ended; zero without failures.
	FailingSince time.Time
	// RetryAt is the earliest time of the next refresh; zero if one may start now.
	RetryAt time.Time
	// Permanent reports whether the last failure is permanent.
	Permanent bool
	// Err is the last failure; nil after a success.
	Err error
}

func (r *record) status(now int64) Status {
	st := Status{Cached: r.has, Valid: r.valid(now)}
	if r.has {
		st.Obtained = time.Unix(0, r.obtained)
		w := r.windows()
		st.Advisory, st.Mandatory, st.Expires = w.Advisory, w.Mandatory, w.Expires
	}
	if f := r.failure; f != nil {
		st.Err, st.Permanent, st.Failures = f.err, f.permanent, int(f.failures)
		st.FailingSince = time.Unix(0, f.first)
		if r.held(now) {
			st.RetryAt = time.Unix(0, f.retryAt)
		}
	}
	return st
}

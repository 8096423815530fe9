package refresh

import (
	"testing"
	"time"
)

// Due and Run must agree with the calls, also after the clock was set back.
func TestDue(t *testing.T) {
	t.Parallel()
	ok := hour(t)
	for _, tt := range []struct {
		name         string
		rec          record
		now          time.Duration // since base
		due, runsDue time.Duration
	}{
		{"a new value", ok, 0, 45 * m, 45 * m},
		{"in the advisory window", ok, 50 * m, 45 * m, 45 * m},
		{"in a backoff", failedAt(ok, 46*m, m, false), 46 * m, 47 * m, 47 * m},
		{"the clock was set back to before a backoff", failedAt(ok, 50*m, 2*m, false), 46 * m, 45 * m, 45 * m},
		{"the clock was set back by the largest step that does not count", ok, -m, 45 * m, 45 * m},
		{"the clock was set back far", ok, -2 * m, -2 * m, -2 * m},
		{"the clock was set back far, in a backoff", failedAt(ok, -10*m, m, false), -10 * m, -9 * m, -9 * m},
		{"the clock was set back a little, with a rejected value", invalidated(ok, 0), -30 * s, -30 * s, -30 * s},
		{"a rejected value", invalidated(ok, 0), 0, 0, minAge},
		{"after a permanent failure", failedAt(ok, 46*m, 2*s, true), 46*m + 3*s, 46*m + 3*s, 46*m + 5*s},
		{"the clock was set back by a second after a permanent failure", failedAt(ok, 46*m, 2*s, true), 46*m - s, 46*m + 2*s, 46*m + 5*s},
		{"the clock was set back a little after a permanent failure", failedAt(ok, 44*m, 2*s, true), 44*m + 5*s, 44*m + 5*s, 44*m + 5*s},
	} {
		now := base.Add(tt.now).UnixNano()
		if got := time.Unix(0, tt.rec.due(now)).Sub(base); got != tt.due {
			t.Errorf("%s: due = %v, want %v", tt.name, got, tt.due)
		}
		if got := time.Unix(0, tt.rec.runDue(now)).Sub(base); got != tt.runsDue {
			t.Errorf("%s: runDue = %v, want %v", tt.name, got, tt.runsDue)
		}
	}
}

// While a source fails, Run keeps to the backoff, also if the clock was set back to before the arrival
// of the value.
func TestRunAfterTheClockWasSetBack(t *testing.T) {
	t.Parallel()
	rec := failedAt(hour(t), -10*m, 30*s, false)
	var e Engine[time.Time]
	e.Init(hourDriver{}, &Rules{})
	for _, at := range []*int64{&rec.obtained, &rec.advise, &rec.require, &rec.expire, &rec.end, &rec.failure.at, &rec.failure.retryAt} {
		*at += int64(time.Since(base) + 10*m)
	}
	e.state.Store(&state[time.Time]{record: rec})
	if got := e.refreshDue(t.Context()); got < 29*s || got > 30*s || e.Status().Refreshing {
		t.Errorf("refreshDue = %v, refreshing %v, want the backoff of 30 s", got, e.Status().Refreshing)
	}
}

package refresh

// In the package itself: in a suspended machine the wall clock goes on and the timers do not, which
// a synctest bubble cannot do. Instead the test makes the value older.

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestRunAfterSuspend(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		var e Engine[time.Time]
		e.Init(hourDriver{&calls}, &Rules{})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() { _ = e.Run(ctx) }()
		time.Sleep(10 * time.Minute)

		const asleep = 2 * time.Hour
		older := *e.state.Load()
		for _, at := range []*int64{&older.obtained, &older.advise, &older.require, &older.expire, &older.end} {
			*at -= int64(asleep)
		}
		e.state.Store(&older)
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := calls.Load(); got != 2 || !e.Status().Valid {
			t.Errorf("%d fetches a minute after the end of a suspension, Status = %+v; want 2 and a valid value", got, e.Status())
		}
	})
}

// After a permanent failure decide is called for each call, even if the clock is set back to a time
// when the value was fresh.
func TestFailureEndsFreshness(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		var e Engine[time.Time]
		e.Init(hourDriver{&calls}, &Rules{})
		if _, err := e.Value(t.Context()); err != nil {
			t.Fatal(err)
		}
		rf := &refresh[time.Time]{err: context.Canceled, permanent: true, done: make(chan struct{})}
		e.finishFailed(rf, time.Now())
		if s := e.state.Load(); s.fresh != 0 || e.Fresh() != nil {
			t.Errorf("fresh for %v after a permanent failure", s.fresh)
		}
	})
}

// An hourDriver fetches values that live for an hour.
type hourDriver struct{ calls *atomic.Int32 }

func (d hourDriver) Fetch(context.Context) (time.Time, error) {
	d.calls.Add(1)
	return time.Now().Add(time.Hour), nil
}
func (hourDriver) Expiry(end time.Time) time.Time { return end }
func (hourDriver) Prepare(*time.Time, Windows)    {}
func (hourDriver) Temporary(error) bool           { return true }
func (hourDriver) RetryAfter(error) time.Duration { return 0 }
func (hourDriver) Settled(Event[time.Time])       {}

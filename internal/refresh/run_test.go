package refresh

// From within: a suspended machine is one whose wall clock has gone on without
// its timers, which no test can do to its bubble. Its value is made older.

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
		e := New(func(context.Context) (time.Time, error) {
			calls.Add(1)
			return time.Now().Add(time.Hour), nil
		}, Options[time.Time]{Expiry: func(end time.Time) time.Time { return end }})
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

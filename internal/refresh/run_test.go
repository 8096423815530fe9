package refresh_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		src.latency = time.Second
		e := newEngine(src.fetch, options())
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- e.Run(ctx) }()
		time.Sleep(2 * time.Second)
		for n := 1; n <= 20; n++ {
			want(t, e, n, 0) // callers do not wait
			time.Sleep(45*time.Minute + time.Second)
		}
		n := src.count()
		want(t, e, n, 0)
		e.Invalidate(func(value) bool { return true })
		time.Sleep(2 * time.Second)
		want(t, e, n+1, 0) // replaced before a call

		src.set(func(s *source) { s.err = errors.New("down") })
		time.Sleep(2 * time.Hour)
		calls := src.count()
		time.Sleep(time.Hour)
		if more := src.count() - calls; more < 3600/17 || more > 3600 {
			t.Errorf("%d refreshes in an hour without a value", more)
		}
		src.set(func(s *source) { s.err = nil })
		time.Sleep(20 * time.Second)
		if !e.Status().Valid {
			t.Error("no value 20 s after the repair")
		}
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Run = %v, want canceled", err)
		}
	})
}

func TestRunWithoutAFirstValueBacksOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		src.err = errors.New("down")
		e := newEngine(src.fetch, options())
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := e.Run(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Run = %v", err)
		}
		if got := src.count(); got < 4 || got > 60 {
			t.Errorf("%d refreshes in a minute", got)
		}
	})
}

// Run waits up to 5 minutes after a permanent failure. A caller waits 5 seconds at most.
func TestRunBacksOffFromAPermanentFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		e := newEngine(src.fetch, options())
		want(t, e, 1, 0)
		src.set(func(s *source) { s.err = errRefused })
		time.Sleep(45 * time.Minute)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() { _ = e.Run(ctx) }()
		time.Sleep(time.Hour)
		before := src.count()
		if before < 15 || before > 20 {
			t.Errorf("%d refreshes in an hour, want 7 within 5 minutes and then one each 5 minutes", before)
		}
		time.Sleep(10 * time.Second) // the pause of callers is over
		wantErr(t, e, errRefused, 0)
		if got := src.count(); got != before+1 {
			t.Errorf("%d refreshes for a call, want 1", got-before)
		}
		src.set(func(s *source) { s.err = nil })
		time.Sleep(5*time.Minute + time.Second)
		if !e.Status().Valid {
			t.Error("Run did not notice the repair within 5 minutes")
		}
	})
}

func TestRunWithAnEndedContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for range 100 {
			if err := newEngine(src.fetch, options()).Run(ctx); !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if got := src.count(); got != 0 {
			t.Errorf("%d fetches, want none", got)
		}
	})
}

// Values that expire when they arrive are not fetched in a loop.
func TestRunKeepsMinAge(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		o := options()
		o.MinLife = time.Hour
		e := newEngine(src.fetch, o)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := e.Run(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		if got := src.count(); got > 700 {
			t.Errorf("%d fetches in a minute", got)
		}
	})
}

func TestDueAndKick(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		e := newEngine(src.fetch, options())
		if at, ok := e.Due(); ok {
			t.Errorf("Due of an unused engine = %v", at)
		}
		e.Kick(t.Context())
		synctest.Wait()
		want(t, e, 1, 0)
		if at, ok := e.Due(); !ok || time.Until(at) != 45*time.Minute {
			t.Errorf("Due = in %v, %v, want in 45m", time.Until(at), ok)
		}
		e.Kick(t.Context())
		synctest.Wait()
		if got := src.count(); got != 1 {
			t.Errorf("%d fetches, want 1: a fresh value needs no refresh", got)
		}
	})
}

package refresh_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onafed/onafed/internal/refresh"
)

// A flight that still stands at the gate ends with the last caller who has
// nothing without it; one that renews a valid value, or that nobody was to wait
// for, stays.
func TestGateIsLeftWithTheLastCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		g := &gate{open: make(chan struct{}, 10)}
		o := options()
		o.Gate = g
		e := refresh.New(src.fetch, o)
		ask := func(patience time.Duration) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			if _, err := e.Value(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Value = %v, want the end of the context", err)
			}
		}
		go ask(2 * time.Second)
		ask(time.Second)
		if g.left.Load() != 0 {
			t.Error("the flight was given up while a caller waited")
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if g.left.Load() != 1 || e.Status().Refreshing || e.Status().Failures != 0 {
			t.Errorf("%d flights left the gate, want 1; %+v", g.left.Load(), e.Status())
		}
		// The next caller has a flight of its own.
		time.AfterFunc(time.Minute, func() { g.open <- struct{}{} })
		want(t, e, 1, time.Minute)

		// Behind a valid value the flight stays, whoever goes.
		time.Sleep(59*time.Minute + 30*time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		if v, err := e.Value(ctx); err != nil || v.n != 1 {
			t.Errorf("Value = %v, %v, want the old value", v, err)
		}
		cancel()
		synctest.Wait()
		if g.left.Load() != 1 || !e.Status().Refreshing {
			t.Error("the flight of a valid value was given up")
		}
		g.open <- struct{}{}
		synctest.Wait()
		want(t, e, 2, 0)
		if src.count() != 2 || g.in.Load() != 0 {
			t.Errorf("%d fetches, %d at the gate", src.count(), g.in.Load())
		}
	})
}

// A caller's mistake costs that caller's call and not the engine.
func TestNilContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		e := refresh.New(src.fetch, options())
		want(t, e, 1, 0)
		time.Sleep(50 * time.Minute)
		func() {
			defer func() { _ = recover() }()
			_, _ = e.Value(nil) //nolint:staticcheck // the mistake
		}()
		synctest.Wait()
		if e.Status().Refreshing {
			t.Error("a flight that never began is under way")
		}
		want(t, e, 1, 0)
		synctest.Wait()
		want(t, e, 2, 0)
	})
}

type noText struct{ s string }

func (n *noText) Error() string { return n.s }

// An error whose text panics is a panic of the fetch.
func TestErrorWithoutText(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var p *refresh.PanicError
		e := refresh.New(func(context.Context) (value, error) {
			var none *noText
			return value{}, none
		}, options())
		if _, err := e.Value(t.Context()); !errors.As(err, &p) || err.Error() == "" {
			t.Errorf("Value = %v, want a PanicError", err)
		}
	})
}

// Run does not begin after its end.
func TestRunWithAnEndedContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for range 100 {
			if err := refresh.New(src.fetch, options()).Run(ctx); !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if got := src.count(); got != 0 {
			t.Errorf("%d fetches, want none", got)
		}
	})
}

// Values that end as they arrive are not fetched as fast as the source yields.
func TestRunTakesBreath(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		o := options()
		o.MinLife = time.Hour
		e := refresh.New(src.fetch, o)
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

func TestUnixNano(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		at   time.Time
		want int64
	}{
		{time.Unix(1, 2), 1e9 + 2},
		{time.Unix(0, 1<<63-1), 1<<63 - 2},
		{time.Unix(0, 1<<63-2), 1<<63 - 2},
		{time.Unix(9999999999, 0), 1<<63 - 2},
		{time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC), 1<<63 - 2},
		{time.Unix(0, -1<<63), -1 << 63},
		{time.Date(1000, 1, 1, 0, 0, 0, 0, time.UTC), -1 << 63},
	} {
		if got := refresh.UnixNano(tt.at); got != tt.want {
			t.Errorf("UnixNano(%v) = %d, want %d", tt.at, got, tt.want)
		}
	}
}

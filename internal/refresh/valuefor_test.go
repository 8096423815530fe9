package refresh_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onafed/onafed/internal/refresh"
)

// wantFor is want for ValueFor.
func wantFor(t *testing.T, e *refresh.Engine[value], life time.Duration, n int, took time.Duration) {
	t.Helper()
	begin := time.Now()
	v, err := e.ValueFor(t.Context(), life)
	if err != nil || v.n != n || time.Since(begin) != took {
		t.Errorf("ValueFor(%v) = %v after %v, %v, want %d after %v", life, v, time.Since(begin), err, n, took)
	}
}

func TestValueFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		src.latency = 5 * time.Second
		e := newEngine(src.fetch, options())
		begin := time.Now()
		at := func(d time.Duration) { time.Sleep(time.Until(begin.Add(5*time.Second + d))) }
		wantFor(t, e, time.Minute, 1, 5*time.Second) // the first one
		wantFor(t, e, 2*time.Hour, 1, 0)             // half of the lifetime is enough
		at(29 * time.Minute)
		wantFor(t, e, 2*time.Hour, 1, 0)
		at(44 * time.Minute)
		wantFor(t, e, 16*time.Minute, 1, 0)
		wantFor(t, e, 17*time.Minute, 2, 5*time.Second) // although it is fresh
		wantFor(t, e, 17*time.Minute, 2, 0)
		if got := src.count(); got != 2 {
			t.Errorf("%d fetches, want 2", got)
		}
	})
}

// A caller joins a refresh that is running. Callers of Value do not wait.
func TestValueForWithOtherCallers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		src.latency = 5 * time.Second
		e := newEngine(src.fetch, options())
		want(t, e, 1, 5*time.Second)
		time.Sleep(50 * time.Minute)
		want(t, e, 1, 0)
		time.Sleep(time.Second)
		go wantFor(t, e, 15*time.Minute, 2, 4*time.Second)
		synctest.Wait()
		want(t, e, 1, 0)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		want(t, e, 2, 0)
	})
}

func TestValueForWhenTheRefreshFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		src.latency = 5 * time.Second
		o := options()
		o.Backoff = func(int, time.Duration) time.Duration { return time.Minute }
		e := newEngine(src.fetch, o)
		want(t, e, 1, 5*time.Second)
		time.Sleep(30*time.Minute + time.Second)
		src.set(func(s *source) { s.err = errors.New("down") })
		wantFor(t, e, time.Hour, 1, 5*time.Second) // the old value
		wantFor(t, e, time.Hour, 1, 0)             // during the backoff
		time.Sleep(time.Minute)
		wantFor(t, e, time.Hour, 1, 5*time.Second)
		if !e.Status().Valid {
			t.Error("ValueFor invalidated the value")
		}
		time.Sleep(time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := e.ValueFor(ctx, time.Hour); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("ValueFor = %v, want the end of the context", err)
		}
		time.Sleep(time.Hour)
		if _, err := e.ValueFor(t.Context(), time.Hour); err == nil {
			t.Error("ValueFor returns an expired value")
		}
	})
}

func TestValueForWithoutEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(func(context.Context) (value, error) { return value{n: 1}, nil }, options())
		wantFor(t, e, 24*time.Hour, 1, 0)
		wantFor(t, e, 24*time.Hour, 1, 0)
	})
}

func TestValueForRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		e := newEngine(src.fetch, options())
		want(t, e, 1, 0)
		time.Sleep(40 * time.Minute)
		src.set(func(s *source) { s.err = errRefused })
		if _, err := e.ValueFor(t.Context(), 30*time.Minute); !errors.Is(err, errRefused) {
			t.Errorf("ValueFor = %v, want the permanent failure", err)
		}
	})
}

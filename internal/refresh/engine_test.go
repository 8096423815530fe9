package refresh_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onafed/onafed/internal/refresh"
)

func TestLifeOfAValue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		src.latency = 50 * time.Millisecond
		e := newEngine(src.fetch, options())
		begin := time.Now()
		want(t, e, 1, 50*time.Millisecond)
		time.Sleep(time.Until(begin.Add(44 * time.Minute)))
		want(t, e, 1, 0)
		synctest.Wait()
		if got := src.count(); got != 1 {
			t.Errorf("%d fetches while fresh, want 1", got)
		}
		time.Sleep(2 * time.Minute)
		want(t, e, 1, 0) // in the advisory window: the old one, at once
		time.Sleep(50 * time.Millisecond)
		synctest.Wait()
		want(t, e, 2, 0)
		time.Sleep(2 * time.Hour)
		want(t, e, 3, 50*time.Millisecond) // expired unused
	})
}

func TestCallersShareARefresh(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		src.latency = time.Second
		e := newEngine(src.fetch, options())
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() { want(t, e, 1, time.Second) })
		}
		wg.Wait()
		if got := src.count(); got != 1 {
			t.Errorf("%d fetches for 20 callers, want 1", got)
		}
		src.set(func(s *source) { s.err = errors.New("down") })
		time.Sleep(2 * time.Hour)
		for range 20 {
			wg.Go(func() {
				if _, _, err := get(t, e); err == nil {
					t.Error("Value = nil error from a failed fetch")
				}
			})
		}
		wg.Wait()
		if got := src.count(); got != 2 {
			t.Errorf("%d fetches, want 2: failures are shared too", got)
		}
	})
}

func TestACallerWaitsOnItsOwnContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		src.latency = 10 * time.Second
		e := newEngine(src.fetch, options())
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begin := time.Now()
		if _, err := e.Value(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != time.Second {
			t.Errorf("Value = %v after %v, want the caller's deadline after 1s", err, time.Since(begin))
		}
		want(t, e, 1, 9*time.Second) // the refresh went on
		if _, err := e.Value(ctx); err != nil {
			t.Errorf("Value with a done context and a fresh value: %v, want the value", err)
		}
		time.Sleep(2 * time.Hour)
		if _, err := e.Value(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Value with a done context and no value = %v, want the context's error", err)
		}
		synctest.Wait()
		if got := src.count(); got != 1 {
			t.Errorf("%d fetches, want 1: a caller whose context has ended starts none", got)
		}
	})
}

func TestFetchContext(t *testing.T) {
	t.Parallel()
	type key struct{}
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		src.act = func(ctx context.Context) {
			if ctx.Value(key{}) != "trace" {
				t.Error("the fetch does not see the caller's values")
			}
			if end, ok := ctx.Deadline(); !ok || time.Until(end) > refresh.DefaultAttemptTimeout {
				t.Errorf("the fetch has deadline %v, %v", end, ok)
			}
			select {
			case <-ctx.Done():
				t.Error("the fetch was cancelled")
			case <-time.After(5 * time.Second):
			}
		}
		e := newEngine(src.fetch, options())
		ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "trace"))
		time.AfterFunc(time.Second, cancel) // when the fetch has begun
		if _, err := e.Value(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Value = %v, want canceled", err)
		}
		time.Sleep(10 * time.Second)
		want(t, e, 1, 0)
	})
}

// The context of a fetch ends a little before the refresh, so that its error is not lost.
func TestFetchDeadline(t *testing.T) {
	t.Parallel()
	for timeout, want := range map[time.Duration]time.Duration{
		0:               refresh.DefaultAttemptTimeout - 100*time.Millisecond,
		time.Minute:     time.Minute - 100*time.Millisecond,
		time.Second:     980 * time.Millisecond,
		time.Nanosecond: time.Nanosecond,
	} {
		synctest.Test(t, func(t *testing.T) {
			var got time.Duration
			src := newSource()
			src.act = func(ctx context.Context) {
				end, _ := ctx.Deadline()
				got = time.Until(end)
			}
			o := options()
			o.AttemptTimeout = timeout
			if _, _, _ = get(t, newEngine(src.fetch, o)); got != want {
				t.Errorf("AttemptTimeout %v: the context of a fetch ends after %v, want %v", timeout, got, want)
			}
			synctest.Wait()
		})
	}
}

func TestMandatoryWindow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		e := newEngine(src.fetch, options())
		want(t, e, 1, 0)
		time.Sleep(59*time.Minute + 30*time.Second)
		src.set(func(s *source) { s.latency = 300 * time.Millisecond })
		want(t, e, 2, 300*time.Millisecond) // joined

		time.Sleep(59*time.Minute + 30*time.Second)
		src.set(func(s *source) { s.latency = 10 * time.Second })
		want(t, e, 2, time.Second) // waits a second from the start of the refresh
		want(t, e, 2, 0)           // which has passed for the next caller
		time.Sleep(10 * time.Second)
		synctest.Wait()
		want(t, e, 3, 0)
	})
}

// If the value expires within that second, callers wait for the refresh.
func TestMandatoryWindowThatEndsDuringAJoin(t *testing.T) {
	t.Parallel()
	for _, serveExpired := range []bool{false, true} { // which returns an expired value only after a failure
		synctest.Test(t, func(t *testing.T) {
			src := newSource()
			o := options()
			o.ServeExpired = serveExpired
			e := newEngine(src.fetch, o)
			want(t, e, 1, 0)
			time.Sleep(time.Hour - 400*time.Millisecond)
			src.set(func(s *source) { s.latency = 3 * time.Second })
			want(t, e, 2, 3*time.Second)
		})
	}
}

// The windows of values that arrive together begin up to a quarter apart, spread over that range.
func TestAdvisoryWindowsSpread(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const nominal, n = 15 * time.Minute, 1000
		o := options()
		o.AdvisoryWindow = 0
		var quarters [4]int // number of windows by their random part
		for range n {
			e := newEngine(newSource().fetch, o)
			want(t, e, 1, 0)
			st := e.Status()
			wider := st.Expires.Sub(st.Advisory) - nominal
			if wider < 0 || wider > nominal/4 {
				t.Fatalf("the window is %v, want %v and up to a quarter more", wider+nominal, nominal)
			}
			quarters[min(3, wider/(nominal/16))]++
		}
		for i, got := range quarters {
			if got < n/8 {
				t.Errorf("%d of %d windows in quarter %d of the range, want about %d", got, n, i+1, n/4)
			}
		}
	})
}

func TestMinLife(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		o := options()
		o.MinLife = 30 * time.Minute
		o.AdvisoryWindow = 0
		e := newEngine(src.fetch, o)
		want(t, e, 1, 0)
		time.Sleep(31 * time.Minute)
		want(t, e, 2, 0)
		src.set(func(s *source) { s.life = 10 * time.Minute })
		time.Sleep(31 * time.Minute)
		want(t, e, 3, 0) // for the callers that waited
		want(t, e, 4, 0) // but not cached
	})
}

// Peek returns the cached value, also an expired one, and starts no refresh.
func TestPeek(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		e := newEngine(src.fetch, options())
		peek := func(when string, n int) {
			t.Helper()
			v, ok := e.Peek()
			if ok != (n > 0) || ok && v.n != n || !ok && v != nil {
				t.Errorf("%s: Peek = %v, %v, want the value %d", when, v, ok, n)
			}
		}
		peek("before the first fetch", 0)
		src.set(func(s *source) { s.err = errRefused })
		wantErr(t, e, errRefused, 0)
		peek("after a failure", 0)
		src.set(func(s *source) { s.err = nil })
		time.Sleep(time.Minute)
		want(t, e, 2, 0)
		peek("after the first value", 2)
		time.Sleep(2 * time.Hour)
		peek("after the expiry", 2)
		if got := src.count(); got != 2 {
			t.Errorf("%d fetches, want 2: Peek starts none", got)
		}
	})
}

// A nil context panics in the call of that caller, and the engine stays usable.
func TestNilContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		e := newEngine(src.fetch, options())
		want(t, e, 1, 0)
		time.Sleep(50 * time.Minute)
		func() {
			defer func() { _ = recover() }()
			_, _ = e.Value(nil) //nolint:staticcheck // the mistake
		}()
		synctest.Wait()
		if e.Status().Refreshing {
			t.Error("a refresh that never started is running")
		}
		want(t, e, 1, 0)
		synctest.Wait()
		want(t, e, 2, 0)
	})
}

func TestEvents(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		src.latency = time.Second
		o := options()
		var (
			mu  sync.Mutex
			got []refresh.Event[value]
		)
		o.Settled = func(ev refresh.Event[value]) {
			mu.Lock()
			defer mu.Unlock()
			got = append(got, ev)
		}
		e := newEngine(src.fetch, o)
		want(t, e, 1, time.Second)
		src.set(func(s *source) { s.err = errRefused })
		time.Sleep(50 * time.Minute)
		want(t, e, 1, 0)
		time.Sleep(time.Second)
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		if len(got) != 2 {
			t.Fatalf("%d events, want 2", len(got))
		}
		if ev := got[0]; ev.Value == nil || ev.Value.n != 1 || ev.Err != nil || ev.Ended.Sub(ev.Began) != time.Second || !ev.Status.Valid {
			t.Errorf("first event %+v", ev)
		}
		if ev := got[1]; ev.Value != nil || !errors.Is(ev.Err, errRefused) || !ev.Permanent || ev.Status.Failures != 1 {
			t.Errorf("second event %+v", ev)
		}
	})
}

func TestFreshDoesNotAllocate(t *testing.T) {
	src := newSource()
	e := newEngine(src.fetch, options())
	ctx := t.Context()
	if _, err := e.Value(ctx); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(1000, func() { _, _ = e.Value(ctx) }); n != 0 {
		t.Errorf("Value allocates %v times", n)
	}
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

// Fresh returns the value in the first part of its life only.
func TestFresh(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(newSource().fetch, options())
		if e.Fresh() != nil {
			t.Error("Fresh of an unused engine is not nil")
		}
		want(t, e, 1, 0)
		if v := e.Fresh(); v == nil || v.n != 1 {
			t.Errorf("Fresh = %v, want the value", v)
		}
		time.Sleep(45 * time.Minute)
		if e.Fresh() != nil {
			t.Error("Fresh in the advisory window is not nil")
		}
		want(t, e, 1, 0)
		synctest.Wait()
		if v := e.Fresh(); v == nil || v.n != 2 {
			t.Errorf("Fresh = %v, want the second value", v)
		}
		e.Invalidate(func(value) bool { return true })
		if e.Fresh() != nil {
			t.Error("Fresh after Invalidate is not nil")
		}
	})
}

package refresh_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// A gate lets one refresh start for each value in open.
type gate struct {
	open  chan struct{}
	urged atomic.Bool
	in    atomic.Int32
	left  atomic.Int32 // refreshes that were abandoned
	need  atomic.Int64 // of the last refresh, in Unix nanoseconds
}

func (g *gate) Enter(_ context.Context, need time.Time, urge, quit <-chan struct{}) func() {
	g.need.Store(need.UnixNano())
	for {
		select {
		case <-g.open:
			g.in.Add(1)
			return func() { g.in.Add(-1) }
		case <-urge:
			g.urged.Store(true)
			urge = nil
		case <-quit:
			g.left.Add(1)
			return nil
		}
	}
}

func TestGate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		src.latency = 20 * time.Second
		g := &gate{open: make(chan struct{}, 10)}
		o := options()
		o.Gate = g
		e := newEngine(src.fetch, o)
		time.AfterFunc(time.Hour, func() { g.open <- struct{}{} })
		want(t, e, 1, time.Hour+20*time.Second) // the timeout counts from the gate
		synctest.Wait()
		if g.in.Load() != 0 {
			t.Error("the refresh has not left the gate")
		}
		g.urged.Store(false)
		time.Sleep(46 * time.Minute)
		want(t, e, 1, 0)
		synctest.Wait()
		if g.urged.Load() {
			t.Error("a refresh in the background is urgent")
		}
		time.Sleep(20 * time.Minute)
		time.AfterFunc(time.Second, func() {
			if !g.urged.Load() {
				t.Error("a refresh that callers wait for is not urgent")
			}
			g.open <- struct{}{}
		})
		want(t, e, 2, 21*time.Second)
	})
}

// The life of a value does not include the wait at the gate. Otherwise its window would be that of
// a longer life, and a long queue would make itself longer.
func TestGateIsNoPartOfTheLife(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		g := &gate{open: make(chan struct{}, 10)}
		o := options()
		o.Gate, o.AdvisoryWindow = g, 0 // by the lifetime
		e := newEngine(src.fetch, o)
		time.AfterFunc(time.Hour, func() { g.open <- struct{}{} })
		want(t, e, 1, time.Hour)
		st := e.Status()
		if w := st.Expires.Sub(st.Advisory); w < 15*time.Minute || w > 19*time.Minute {
			t.Errorf("an advisory window of %v for a life of an hour", w)
		}
	})
}

// A caller that joined a refresh at the gate is urgent when the value expires.
func TestGateIsUrgedWhenTheValueExpires(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		g := &gate{open: make(chan struct{}, 10)}
		g.open <- struct{}{}
		o := options()
		o.Gate = g
		e := newEngine(src.fetch, o)
		want(t, e, 1, 0)
		time.Sleep(time.Hour - 400*time.Millisecond)
		g.urged.Store(false)
		time.AfterFunc(300*time.Millisecond, func() {
			if g.urged.Load() {
				t.Error("urgent while there is a value")
			}
		})
		time.AfterFunc(500*time.Millisecond, func() {
			if !g.urged.Load() {
				t.Error("not urgent although a caller waits")
			}
		})
		time.AfterFunc(2*time.Second, func() {
			g.open <- struct{}{}
		})
		want(t, e, 2, 2*time.Second)
	})
}

// A refresh at the gate is abandoned when the last caller that has no value stops waiting. It stays
// if the value is valid, or if it was started without a caller.
func TestRefreshLeavesTheGateWithItsLastCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		g := &gate{open: make(chan struct{}, 10)}
		o := options()
		o.Gate = g
		e := newEngine(src.fetch, o)
		ask := func(timeout time.Duration) {
			ctx, cancel := context.WithTimeout(t.Context(), timeout)
			defer cancel()
			if _, err := e.Value(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Value = %v, want the end of the context", err)
			}
		}
		go ask(2 * time.Second)
		ask(time.Second)
		if g.left.Load() != 0 {
			t.Error("the refresh was abandoned while a caller waited")
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if g.left.Load() != 1 || e.Status().Refreshing || e.Status().Failures != 0 {
			t.Errorf("%d refreshes left the gate, want 1; %+v", g.left.Load(), e.Status())
		}
		// The next caller starts another refresh.
		time.AfterFunc(time.Minute, func() { g.open <- struct{}{} })
		want(t, e, 1, time.Minute)

		// With a valid value the refresh stays.
		time.Sleep(59*time.Minute + 30*time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		if v, err := e.Value(ctx); err != nil || v.n != 1 {
			t.Errorf("Value = %v, %v, want the old value", v, err)
		}
		cancel()
		synctest.Wait()
		if g.left.Load() != 1 || !e.Status().Refreshing {
			t.Error("the refresh of a valid value was abandoned")
		}
		g.open <- struct{}{}
		synctest.Wait()
		want(t, e, 2, 0)
		if src.count() != 2 || g.in.Load() != 0 {
			t.Errorf("%d fetches, %d at the gate", src.count(), g.in.Load())
		}
	})
}

// Run starts a refresh again at once when a caller has abandoned one.
func TestRunSeesAnAbandonedRefresh(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := &gate{open: make(chan struct{}, 1)}
		o := options()
		o.Gate = g
		e := newEngine(newSource().fetch, o)
		caller, cancelCaller := context.WithCancel(t.Context())
		go func() { _, _ = e.Value(caller) }()
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() { _ = e.Run(ctx) }()
		synctest.Wait()
		cancelCaller()
		synctest.Wait()
		if g.left.Load() != 1 || !e.Status().Refreshing {
			t.Errorf("%d refreshes abandoned, Status = %+v; want 1, and a refresh of Run", g.left.Load(), e.Status())
		}
		g.open <- struct{}{}
		synctest.Wait()
		want(t, e, 1, 0)
	})
}

// A value is needed when it expires, and at once if it was invalidated.
func TestNeed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := &gate{open: make(chan struct{}, 10)}
		for range 10 {
			g.open <- struct{}{}
		}
		o := options()
		o.Gate = g
		e := newEngine(newSource().fetch, o)
		wantNeed := func(what string, at time.Time) {
			t.Helper()
			synctest.Wait()
			if got := time.Unix(0, g.need.Load()); !got.Equal(at) {
				t.Errorf("%s: need = %v, want %v", what, got, at)
			}
		}
		want(t, e, 1, 0)
		wantNeed("the first value", time.Now())
		expires := time.Now().Add(time.Hour)
		time.Sleep(46 * time.Minute)
		want(t, e, 1, 0)
		wantNeed("in the advisory window", expires)
		e.Invalidate(func(value) bool { return true })
		want(t, e, 3, 0)
		wantNeed("after Invalidate", time.Now())
		expires = time.Now().Add(time.Hour)
		time.Sleep(2 * time.Hour)
		want(t, e, 4, 0)
		wantNeed("after the expiry", expires)
	})
}

// A caller that stops waiting does not end a refresh that was started without a caller.
func TestKickedRefreshStaysAtTheGate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := &gate{open: make(chan struct{}, 1)}
		o := options()
		o.Gate = g
		e := newEngine(newSource().fetch, o)
		e.Kick(t.Context())
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := e.Value(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Value = %v, want the end of the context", err)
		}
		synctest.Wait()
		if g.left.Load() != 0 || !e.Status().Refreshing {
			t.Errorf("%d refreshes abandoned, Status = %+v", g.left.Load(), e.Status())
		}
		g.open <- struct{}{}
		synctest.Wait()
		want(t, e, 1, 0)
	})
}

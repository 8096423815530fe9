package refresh_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onafed/onafed/internal/detach"
	"github.com/onafed/onafed/internal/refresh"
)

func TestPanicAndGoexitAreErrors(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	for name, act := range map[string]func(context.Context){
		"panic":  func(context.Context) { panic(boom) },
		"Goexit": func(context.Context) { runtime.Goexit() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				src := newSource()
				src.act = act
				e := newEngine(src.fetch, options())
				var wg sync.WaitGroup
				for range 20 {
					wg.Go(func() {
						_, _, err := get(t, e)
						if pe, ok := errors.AsType[*detach.PanicError](err); name == "panic" && (!ok || !errors.Is(err, boom) || len(pe.Stack()) == 0) {
							t.Errorf("Value = %v, want a PanicError", err)
						}
						if name == "Goexit" && !errors.Is(err, detach.ErrGoexit) {
							t.Errorf("Value = %v, want ErrGoexit", err)
						}
					})
				}
				wg.Wait()
				src.set(func(s *source) { s.act = nil })
				want(t, e, src.count()+1, 0)
				time.Sleep(50 * time.Minute)
				src.set(func(s *source) { s.act = act })
				n, _, _ := get(t, e)
				synctest.Wait()
				want(t, e, n, 0) // the value stays valid
			})
		})
	}
}

type textless struct{ s string }

func (n *textless) Error() string { return n.s }

// An error whose Error method panics is a panic of the fetch.
func TestErrorWithoutText(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var p *detach.PanicError
		e := newEngine(func(context.Context) (value, error) {
			var none *textless
			return value{}, none
		}, options())
		if _, err := e.Value(t.Context()); !errors.As(err, &p) || err.Error() == "" {
			t.Errorf("Value = %v, want a PanicError", err)
		}
	})
}

func TestASourceThatHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		e := newEngine(src.fetch, options())
		want(t, e, 1, 0)
		src.set(func(s *source) { s.latency = 1000 * time.Hour })
		begin := time.Now()
		time.Sleep(45 * time.Minute)
		for time.Since(begin) < time.Hour-2*time.Second {
			if n, took, err := get(t, e); err != nil || n != 1 || took > time.Second {
				t.Fatalf("Value = %d after %v, %v", n, took, err)
			}
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(time.Hour)
		_, took, err := get(t, e)
		if !errors.Is(err, context.DeadlineExceeded) || took > refresh.DefaultAttemptTimeout {
			t.Errorf("Value = %v after %v, want a deadline within 30s", err, took)
		}
	})
}

func TestASourceThatIgnoresItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		release := make(chan struct{})
		src.act = func(context.Context) { <-release }
		o := options()
		o.AttemptTimeout = 10 * time.Second
		e := newEngine(src.fetch, o)
		var te *refresh.TimeoutError
		for range 5 {
			_, took, err := get(t, e)
			if !errors.As(err, &te) || took != 10*time.Second {
				t.Fatalf("Value = %v after %v, want a TimeoutError after 10s", err, took)
			}
			time.Sleep(time.Minute)
		}
		src.mu.Lock()
		calls, most := src.calls, src.most
		src.mu.Unlock()
		if calls != 1 || most != 1 {
			t.Errorf("%d calls, %d at once, want one that is left and no more", calls, most)
		}
		time.AfterFunc(3*time.Second, func() { close(release) })
		want(t, e, 1, 3*time.Second) // its late answer counts
		src.set(func(s *source) { s.act = nil })
		time.Sleep(2 * time.Hour)
		want(t, e, 2, 0)
	})
}

func TestALateAnswerWithoutCallersIsKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		src.act = func(context.Context) { time.Sleep(40 * time.Second) }
		e := newEngine(src.fetch, options())
		if _, _, err := get(t, e); err == nil {
			t.Error("Value = nil error, want a timeout")
		}
		time.Sleep(time.Minute)
		want(t, e, 1, 0)

		src.set(func(s *source) { s.err = errors.New("down") })
		time.Sleep(46 * time.Minute)
		want(t, e, 1, 0)
		time.Sleep(35 * time.Second)
		before := e.Status().Failures
		time.Sleep(10 * time.Second) // the late failure was counted as the timeout
		if after := e.Status().Failures; before != 1 || after != 1 {
			t.Errorf("failures = %d, then %d, want 1 and 1", before, after)
		}
	})
}

func TestASourceThatAsksForItsOwnValue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var e *refresh.Engine[value]
		e = newEngine(func(ctx context.Context) (value, error) {
			v, err := e.Value(ctx)
			if err != nil {
				return value{}, err
			}
			return *v, nil
		}, options())
		wantErr(t, e, refresh.ErrReentrant, 0)
	})
}

func TestCallbacksMayCallBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		src.latency = time.Second
		o := options()
		var e *refresh.Engine[value]
		var events atomic.Int32
		o.Backoff = func(int, time.Duration) time.Duration {
			_, _ = e.Value(t.Context())
			_ = e.Status()
			e.Invalidate(func(v value) bool { _ = e.Status(); return false })
			done := make(chan struct{})
			go func() { // also through another goroutine
				defer close(done)
				_, _ = e.Value(context.WithoutCancel(t.Context()))
			}()
			<-done
			return time.Second
		}
		o.Settled = func(ev refresh.Event[value]) {
			if events.Add(1) > 20 {
				return
			}
			_, _ = e.Value(t.Context())
			if st := e.Status(); ev.Err == nil && st.Refreshing {
				t.Error("refreshing after the refresh")
			}
			e.Invalidate(func(value) bool { return true })
		}
		e = newEngine(src.fetch, o)
		want(t, e, 1, time.Second)
		synctest.Wait()
		src.set(func(s *source) { s.err = errors.New("down") })
		for range 10 {
			_, took, _ := get(t, e)
			if took > 2*time.Second {
				t.Errorf("Value took %v", took)
			}
			time.Sleep(2 * time.Second)
		}
	})
}

func TestSettledThatEndsItsGoroutine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		o := options()
		o.Settled = func(refresh.Event[value]) { runtime.Goexit() }
		e := newEngine(src.fetch, o)
		want(t, e, 1, 0)
		time.Sleep(2 * time.Hour)
		want(t, e, 2, 0)
	})
}

func TestBackoffThatEndsItsGoroutine(t *testing.T) {
	t.Parallel()
	down := errors.New("down")
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		o := options()
		o.Backoff = func(int, time.Duration) time.Duration { runtime.Goexit(); return 0 }
		e := newEngine(src.fetch, o)
		want(t, e, 1, 0)
		src.set(func(s *source) { s.err = down })
		time.Sleep(2 * time.Hour)
		wantErr(t, e, down, 0)
		src.set(func(s *source) { s.err = nil })
		time.Sleep(15 * time.Second) // the default backoff
		want(t, e, 3, 0)
	})
}

package refresh_test

import (
	"errors"
	"fmt"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onafed/onafed/internal/refresh"
)

func TestOutageWhileValid(t *testing.T) {
	t.Parallel()
	down := errors.New("down")
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		e := newEngine(src.fetch, options())
		begin := time.Now()
		want(t, e, 1, 0)
		time.Sleep(45 * time.Minute)
		src.set(func(s *source) { s.err = down })
		for time.Since(begin) < time.Hour-time.Second {
			want(t, e, 1, 0)
			time.Sleep(100 * time.Millisecond)
		}
		calls := src.count() - 1
		// 15 minutes with pauses of at least a second, which grow.
		if calls < 5 || calls > 300 {
			t.Errorf("%d refreshes in an outage of 15 minutes", calls)
		}
		st := e.Status()
		if st.Failures != calls || !errors.Is(st.Err, down) || !st.Valid {
			t.Errorf("Status = %+v, want %d failures", st, calls)
		}
		if since := st.FailingSince.Sub(begin); since < 45*time.Minute || since > 46*time.Minute {
			t.Errorf("failing since %v, want since 45m", since)
		}
		time.Sleep(10 * time.Second)
		for range 50 { // after the expiry: an error at once or after a fetch, of which there are few
			wantErr(t, e, down, 0)
		}
		if more := src.count() - 1 - calls; more > 12 {
			t.Errorf("%d refreshes in the ten seconds around the expiry", more)
		}
		src.set(func(s *source) { s.err = nil })
		time.Sleep(15 * time.Second)
		if n, _, err := get(t, e); err != nil || n == 1 {
			t.Errorf("after the repair Value = %d, %v", n, err)
		}
		if st := e.Status(); st.Failures != 0 || st.Err != nil || !st.FailingSince.IsZero() {
			t.Errorf("after the repair Status = %+v, want no failure", st)
		}
	})
}

func TestFirstFetchIsNotHeld(t *testing.T) {
	t.Parallel()
	down := errors.New("down")
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		src.err = down
		o := options()
		o.Backoff = func(int, time.Duration) time.Duration { return time.Hour }
		e := newEngine(src.fetch, o)
		for range 3 {
			wantErr(t, e, down, 0)
		}
		if got := src.count(); got != 3 {
			t.Errorf("%d fetches, want 3", got)
		}
		src.set(func(s *source) { s.err = nil })
		want(t, e, 4, 0)
	})
}

func TestBackoffByOptionIsUsedAsGiven(t *testing.T) {
	t.Parallel()
	down := errors.New("down")
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		o := options()
		var (
			mu    sync.Mutex
			asked []string
		)
		o.Backoff = func(n int, remaining time.Duration) time.Duration {
			mu.Lock()
			defer mu.Unlock()
			asked = append(asked, fmt.Sprint(n, remaining))
			return 20 * time.Minute
		}
		e := newEngine(src.fetch, o)
		want(t, e, 1, 0)
		src.set(func(s *source) { s.err = down })
		time.Sleep(50 * time.Minute)
		want(t, e, 1, 0)
		synctest.Wait()
		time.Sleep(15 * time.Minute) // expired, but held
		wantErr(t, e, down, 0)
		if got := src.count(); got != 2 {
			t.Errorf("%d fetches, want 2", got)
		}
		time.Sleep(5 * time.Minute)
		wantErr(t, e, down, 0)
		if got := src.count(); got != 3 {
			t.Errorf("%d fetches, want 3", got)
		}
		mu.Lock()
		defer mu.Unlock()
		if got := fmt.Sprint(asked); got != "[1 10m0s 2 0s]" {
			t.Errorf("Backoff was asked %v", got)
		}
	})
}

// The default backoff is as long as the server asks, up to an eighth of the remaining life and 5
// minutes, or up to 15 s after the expiry.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		life, window time.Duration
		at           time.Duration // of the failure
		asked, pause time.Duration
	}{
		"as asked":                        {time.Hour, 15 * time.Minute, 50 * time.Minute, 7 * time.Second, 7 * time.Second},
		"an eighth of the remaining life": {time.Hour, 15 * time.Minute, 52 * time.Minute, time.Hour, time.Minute},
		"5 minutes":                       {12 * time.Hour, 8 * time.Hour, 4 * time.Hour, time.Hour, 5 * time.Minute},
		"as asked after the expiry":       {time.Hour, 15 * time.Minute, 2 * time.Hour, 7 * time.Second, 7 * time.Second},
		"15 s after the expiry":           {time.Hour, 15 * time.Minute, 2 * time.Hour, time.Hour, 15 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				src := newSource()
				src.life = tt.life
				o := options()
				o.AdvisoryWindow = tt.window
				o.RetryAfter = func(error) time.Duration { return tt.asked }
				e := newEngine(src.fetch, o)
				want(t, e, 1, 0)
				src.set(func(s *source) { s.err = errors.New("down") })
				time.Sleep(tt.at)
				_, _, _ = get(t, e)
				synctest.Wait()
				if st := e.Status(); st.Failures != 1 || time.Until(st.RetryAt) != tt.pause {
					t.Errorf("%d failures, the next refresh in %v, want 1 and %v", st.Failures, time.Until(st.RetryAt), tt.pause)
				}
			})
		})
	}
}

// The longest possible backoff does not overflow.
func TestBackoffWithoutEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		o := options()
		o.Backoff = func(int, time.Duration) time.Duration { return math.MaxInt64 }
		e := newEngine(src.fetch, o)
		want(t, e, 1, 0)
		src.set(func(s *source) { s.err = errors.New("down") })
		time.Sleep(50 * time.Minute)
		for range 10 {
			want(t, e, 1, 0)
			synctest.Wait()
		}
		if got := src.count(); got != 2 {
			t.Errorf("%d fetches, want 2", got)
		}
	})
}

func TestExpiredAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		src.life = 0
		e := newEngine(src.fetch, options())
		wantErr(t, e, refresh.ErrExpiredAnswer, 0)
		src.set(func(s *source) { s.life = time.Hour })
		want(t, e, 2, 0)
		src.set(func(s *source) { s.life = -time.Hour })
		time.Sleep(50 * time.Minute)
		want(t, e, 2, 0)
		synctest.Wait()
		want(t, e, 2, 0)
		if st := e.Status(); !errors.Is(st.Err, refresh.ErrExpiredAnswer) || !st.Valid {
			t.Errorf("Status = %+v", st)
		}
	})
}

func TestPermanentFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		e := newEngine(src.fetch, options())
		want(t, e, 1, 0)
		src.set(func(s *source) { s.err = errRefused; s.latency = 50 * time.Millisecond })
		time.Sleep(46 * time.Minute)
		want(t, e, 1, 0) // the refresh has not failed yet
		time.Sleep(50 * time.Millisecond)
		synctest.Wait()
		refused := time.Now()
		failed := 0
		for time.Since(refused) < time.Minute {
			n, took, err := get(t, e)
			if err == nil {
				t.Fatalf("Value = %d %v after the refusal, want the refusal: results must not alternate", n, time.Since(refused))
			}
			if took > 50*time.Millisecond {
				t.Fatalf("the refusal took %v", took)
			}
			failed++
			time.Sleep(10 * time.Millisecond)
		}
		if calls := src.count() - 2; calls < 10 || calls > 61 {
			t.Errorf("%d refreshes in a minute of refusals (%d failed calls), want one each 1-5 s", calls, failed)
		}
		src.set(func(s *source) { s.err = nil })
		repaired := time.Now()
		for {
			if _, _, err := get(t, e); err == nil {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		if took := time.Since(repaired); took > 5*time.Second+100*time.Millisecond {
			t.Errorf("repair noticed after %v, want within 5 s and a refresh", took)
		}
	})
}

func TestKeepOnPermanent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		o := options()
		o.KeepOnPermanent = true
		e := newEngine(src.fetch, o)
		begin := time.Now()
		want(t, e, 1, 0)
		src.set(func(s *source) { s.err = errRefused })
		time.Sleep(45 * time.Minute)
		for time.Since(begin) < 59*time.Minute-time.Second {
			want(t, e, 1, 0)
			time.Sleep(time.Second)
		}
		if n := src.count() - 1; n < 3 || n > 100 {
			t.Errorf("%d refreshes in 14 minutes of refusals that callers do not notice", n)
		}
		time.Sleep(2 * time.Second)
		wantErr(t, e, errRefused, 0)
	})
}

// With KeepOnPermanent, callers notice a refusal from the beginning of the mandatory window on. A
// refusal shortly before it is not remembered into the window, and one at its beginning is remembered
// for some seconds.
func TestKeepOnPermanentEndsAtTheMandatoryWindow(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		at      time.Duration // of the refusal
		noticed bool
		held    time.Duration // until then
		atLeast bool
	}{
		"before the window":   {at: 59*time.Minute - 2*time.Second, held: 59 * time.Minute},
		"at its beginning":    {at: 59 * time.Minute, noticed: true, held: 59*time.Minute + time.Second, atLeast: true},
		"at the expiry":       {at: time.Hour, noticed: true, held: time.Hour + time.Second, atLeast: true},
		"long before the end": {at: 46 * time.Minute, held: 46*time.Minute + time.Second, atLeast: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				src := newSource()
				o := options()
				o.KeepOnPermanent, o.Random = true, func() float64 { return 0.999 }
				e := newEngine(src.fetch, o)
				begin := time.Now()
				want(t, e, 1, 0)
				src.set(func(s *source) { s.err = errRefused })
				time.Sleep(tt.at)
				if tt.noticed {
					wantErr(t, e, errRefused, 0)
				} else {
					want(t, e, 1, 0)
				}
				synctest.Wait()
				held := e.Status().RetryAt.Sub(begin)
				if held < tt.held || !tt.atLeast && held > tt.held {
					t.Errorf("a refusal after %v is remembered until %v, want %v", tt.at, held, tt.held)
				}
			})
		})
	}
}

// A refusal of an invalidated value is remembered for 5 seconds at most: there is no value to keep.
func TestKeepOnPermanentAfterInvalidate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		o := options()
		o.KeepOnPermanent, o.Random = true, func() float64 { return 0.999 }
		e := newEngine(src.fetch, o)
		want(t, e, 1, 0)
		src.set(func(s *source) { s.err = errRefused })
		e.Invalidate(func(value) bool { return true })
		for range 6 {
			wantErr(t, e, errRefused, 0)
			if held := time.Until(e.Status().RetryAt); held > 5*time.Second {
				t.Errorf("the refusal is remembered for %v", held)
			}
			time.Sleep(5 * time.Second)
		}
	})
}

func TestPermanentFailureThatHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		e := newEngine(src.fetch, options())
		want(t, e, 1, 0)
		src.set(func(s *source) { s.err = errRefused })
		time.Sleep(46 * time.Minute)
		want(t, e, 1, 0) // starts the refresh that is refused
		synctest.Wait()
		wantErr(t, e, errRefused, 0)
		src.set(func(s *source) { s.err = nil; s.latency = 20 * time.Second })
		time.Sleep(6 * time.Second)            // the failure is remembered for 5 s at most
		wantErr(t, e, errRefused, time.Second) // callers do not wait longer while the value is valid
		wantErr(t, e, errRefused, 0)           // and there is one refresh
		time.Sleep(20 * time.Second)
		synctest.Wait()
		want(t, e, 3, 0) // the third fetch
	})
}

func TestServeExpired(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		o := options()
		o.ServeExpired = true
		e := newEngine(src.fetch, o)
		want(t, e, 1, 0)
		src.set(func(s *source) { s.err = errors.New("down"); s.latency = time.Second })
		time.Sleep(2 * time.Hour)
		want(t, e, 1, time.Second) // one refresh first
		for range 1000 {           // during a backoff at once, after it with the refresh
			if n, took, err := get(t, e); n != 1 || took > time.Second || err != nil {
				t.Fatalf("Value = %d after %v, %v, want 1 within a second", n, took, err)
			}
			time.Sleep(time.Second)
		}
		time.Sleep(2 * time.Second) // a refresh of the last call ends before the source changes
		synctest.Wait()
		src.set(func(s *source) { s.latency = 10 * time.Second })
		time.Sleep(time.Minute)
		want(t, e, 1, time.Second) // callers wait no longer
		want(t, e, 1, 0)
		time.Sleep(time.Minute)
		src.set(func(s *source) { s.err, s.latency = errRefused, time.Second/2 })
		wantErr(t, e, errRefused, time.Second/2)
	})
}

// ServeExpired does not return a value after a refusal, or after Invalidate with ForgetInvalid.
func TestServeExpiredHasLimits(t *testing.T) {
	t.Parallel()
	down := errors.New("down")
	for name, tt := range map[string]struct {
		err error
		end func(*refresh.Engine[value])
	}{
		"ForgetInvalid": {down, func(e *refresh.Engine[value]) { e.Invalidate(func(value) bool { return true }) }},
		"a refusal":     {errRefused, func(*refresh.Engine[value]) { time.Sleep(2 * time.Hour) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				src := newSource()
				o := options()
				o.ServeExpired, o.ForgetInvalid = true, true
				e := newEngine(src.fetch, o)
				want(t, e, 1, 0)
				src.set(func(s *source) { s.err = tt.err; s.latency = time.Second })
				tt.end(e)
				wantErr(t, e, tt.err, time.Second)
				wantErr(t, e, tt.err, 0) // remembered
			})
		})
	}
}

// A retrier knows when trying again can help.
type retrier struct {
	*driver
	at time.Time
}

func (r *retrier) RetryAt(error) time.Time { return r.at }

// Without a valid value, the default backoff ends within a second after the time that the driver
// knows, but not after the longest one. Without such a time, it is as usual.
func TestRetryAt(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		in, least, most time.Duration // of the failure, if the value has expired
	}{
		"soon":       {3 * time.Second, 3 * time.Second, 4 * time.Second},
		"past":       {-time.Second, 0, time.Second},
		"in an hour": {time.Hour, 15 * time.Second, 15 * time.Second},
		"not known":  {0, time.Second, 15 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				src := newSource()
				d := &retrier{driver: &driver{fetch: src.fetch, opts: options()}}
				e := new(refresh.Engine[value])
				e.Init(d, &d.opts.Rules)
				want(t, e, 1, 0)
				time.Sleep(61 * time.Minute)
				down := errors.New("down")
				src.set(func(s *source) { s.err = down })
				if tt.in != 0 {
					d.at = time.Now().Add(tt.in)
				}
				wantErr(t, e, down, 0)
				at := e.Status().RetryAt
				if at.IsZero() {
					at = time.Now() // there is no pause
				}
				if got := time.Until(at); got < tt.least || got > tt.most {
					t.Errorf("the next refresh starts after %v, want %v to %v", got, tt.least, tt.most)
				}
			})
		})
	}
}

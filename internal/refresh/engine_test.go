package refresh_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onafed/onafed/internal/refresh"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A value is what the tests keep fresh.
type value struct {
	n       int
	expires time.Time
}

// A source yields values of an hour, unless told otherwise.
type source struct {
	mu      sync.Mutex
	life    time.Duration
	latency time.Duration
	err     error
	calls   int
	running int
	most    int
	act     func(ctx context.Context) // instead of latency
}

func newSource() *source { return &source{life: time.Hour} }

func (s *source) set(f func(*source)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s)
}

func (s *source) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

func (s *source) fetch(ctx context.Context) (value, error) {
	s.mu.Lock()
	s.calls++
	s.running++
	s.most = max(s.most, s.running)
	act, latency := s.act, s.latency
	s.mu.Unlock()
	defer s.set(func(s *source) { s.running-- })
	if act != nil {
		act(ctx)
	} else if latency > 0 {
		select {
		case <-time.After(latency):
		case <-ctx.Done():
			return value{}, ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return value{}, s.err
	}
	return value{s.calls, time.Now().Add(s.life)}, nil
}

var errDenied = errors.New("denied")

// options have exact windows: advisory at 45 minutes of an hour.
func options() refresh.Options[value] {
	return refresh.Options[value]{
		Rules:       refresh.Rules{AdvisoryWindow: 15 * time.Minute},
		Expiry:      func(v value) time.Time { return v.expires },
		Recoverable: func(err error) bool { return !errors.Is(err, errDenied) },
	}
}

// get returns the number of the value and how long the call took.
func get(t *testing.T, e *refresh.Engine[value]) (n int, took time.Duration, err error) {
	t.Helper()
	begin := time.Now()
	v, err := e.Value(t.Context())
	return v.n, time.Since(begin), err
}

func want(t *testing.T, e *refresh.Engine[value], n int, took time.Duration) {
	t.Helper()
	gotN, gotTook, err := get(t, e)
	if err != nil || gotN != n || gotTook != took {
		t.Errorf("Value = %d after %v, %v, want %d after %v", gotN, gotTook, err, n, took)
	}
}

func wantErr(t *testing.T, e *refresh.Engine[value], target error, took time.Duration) {
	t.Helper()
	_, gotTook, err := get(t, e)
	if !errors.Is(err, target) || gotTook != took {
		t.Errorf("Value error = %v after %v, want %v after %v", err, gotTook, target, took)
	}
}

func TestLifeOfAValue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		src.latency = 50 * time.Millisecond
		e := refresh.New(src.fetch, options())
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

func TestCallersShareAFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		src.latency = time.Second
		e := refresh.New(src.fetch, options())
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
		e := refresh.New(src.fetch, options())
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begin := time.Now()
		if _, err := e.Value(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != time.Second {
			t.Errorf("Value = %v after %v, want the caller's deadline after 1s", err, time.Since(begin))
		}
		want(t, e, 1, 9*time.Second) // the flight went on
		if _, err := e.Value(ctx); err != nil {
			t.Errorf("Value with a done context and a fresh value: %v, want the value", err)
		}
		time.Sleep(2 * time.Hour)
		if _, err := e.Value(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Value with a done context and no value = %v, want the context's error", err)
		}
		synctest.Wait()
		if got := src.count(); got != 1 {
			t.Errorf("%d fetches, want 1: a done caller starts none", got)
		}
	})
}

func TestFetchGetsTheValuesButNotTheCancellationOfItsCaller(t *testing.T) {
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
		e := refresh.New(src.fetch, options())
		ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "trace"))
		go cancel()
		if _, err := e.Value(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Value = %v, want canceled", err)
		}
		time.Sleep(10 * time.Second)
		want(t, e, 1, 0)
	})
}

func TestMandatoryWindow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		e := refresh.New(src.fetch, options())
		want(t, e, 1, 0)
		time.Sleep(59*time.Minute + 30*time.Second)
		src.set(func(s *source) { s.latency = 300 * time.Millisecond })
		want(t, e, 2, 300*time.Millisecond) // joined

		time.Sleep(59*time.Minute + 30*time.Second)
		src.set(func(s *source) { s.latency = 10 * time.Second })
		want(t, e, 2, time.Second) // waits a second from the start of the flight
		want(t, e, 2, 0)           // which is over for the next caller
		time.Sleep(10 * time.Second)
		synctest.Wait()
		want(t, e, 3, 0)
	})
}

// A second is longer than what is left: then the flight is waited for.
func TestMandatoryWindowThatEndsWhileWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		e := refresh.New(src.fetch, options())
		want(t, e, 1, 0)
		time.Sleep(time.Hour - 400*time.Millisecond)
		src.set(func(s *source) { s.latency = 3 * time.Second })
		want(t, e, 2, 3*time.Second)
	})
}

func TestOutageWhileValid(t *testing.T) {
	t.Parallel()
	down := errors.New("down")
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		e := refresh.New(src.fetch, options())
		begin := time.Now()
		want(t, e, 1, 0)
		time.Sleep(45 * time.Minute)
		src.set(func(s *source) { s.err = down })
		for time.Since(begin) < time.Hour-time.Second {
			want(t, e, 1, 0)
			time.Sleep(100 * time.Millisecond)
		}
		calls := src.count() - 1
		// 15 minutes with pauses of a second at least, and growing.
		if calls < 5 || calls > 300 {
			t.Errorf("%d tries in an outage of 15 minutes", calls)
		}
		st := e.Status()
		if st.Failures != calls || !errors.Is(st.Err, down) || !st.Valid {
			t.Errorf("Status = %+v, want %d failures", st, calls)
		}
		if since := st.FailingSince.Sub(begin); since < 45*time.Minute || since > 46*time.Minute {
			t.Errorf("failing since %v, want since 45m", since)
		}
		time.Sleep(10 * time.Second)
		for range 50 { // after the end: an error at once or after a fetch, of which there are few
			wantErr(t, e, down, 0)
		}
		if more := src.count() - 1 - calls; more > 12 {
			t.Errorf("%d tries in the ten seconds around the end", more)
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
		e := refresh.New(src.fetch, o)
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
		e := refresh.New(src.fetch, o)
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

// The default pause is as long as the other side asks, within an eighth of what
// is left and 5 minutes, or within 15 s after the end.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		life, window time.Duration
		at           time.Duration // of the failure
		asked, pause time.Duration
	}{
		"as asked":               {time.Hour, 15 * time.Minute, 50 * time.Minute, 7 * time.Second, 7 * time.Second},
		"an eighth of the rest":  {time.Hour, 15 * time.Minute, 52 * time.Minute, time.Hour, time.Minute},
		"5 minutes":              {12 * time.Hour, 8 * time.Hour, 4 * time.Hour, time.Hour, 5 * time.Minute},
		"as asked after the end": {time.Hour, 15 * time.Minute, 2 * time.Hour, 7 * time.Second, 7 * time.Second},
		"15 s after the end":     {time.Hour, 15 * time.Minute, 2 * time.Hour, time.Hour, 15 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				src := newSource()
				src.life = tt.life
				o := options()
				o.AdvisoryWindow = tt.window
				o.RetryAfter = func(error) time.Duration { return tt.asked }
				e := refresh.New(src.fetch, o)
				want(t, e, 1, 0)
				src.set(func(s *source) { s.err = errors.New("down") })
				time.Sleep(tt.at)
				_, _, _ = get(t, e)
				synctest.Wait()
				if st := e.Status(); st.Failures != 1 || time.Until(st.RetryAt) != tt.pause {
					t.Errorf("%d failures, the next try in %v, want 1 and %v", st.Failures, time.Until(st.RetryAt), tt.pause)
				}
			})
		})
	}
}

// The windows of values that arrive together begin up to a quarter apart, all
// over that range.
func TestAdvisoryWindowsSpread(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const nominal, n = 15 * time.Minute, 1000
		o := options()
		o.AdvisoryWindow = 0
		var quarters [4]int // how many are widened by how much
		for range n {
			e := refresh.New(newSource().fetch, o)
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

// "Never again" is a pause like another.
func TestBackoffWithoutEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		o := options()
		o.Backoff = func(int, time.Duration) time.Duration { return math.MaxInt64 }
		e := refresh.New(src.fetch, o)
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

func TestDenial(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		e := refresh.New(src.fetch, options())
		want(t, e, 1, 0)
		src.set(func(s *source) { s.err = errDenied; s.latency = 50 * time.Millisecond })
		time.Sleep(46 * time.Minute)
		want(t, e, 1, 0) // nobody knows yet
		time.Sleep(50 * time.Millisecond)
		synctest.Wait()
		denied := time.Now()
		failed := 0
		for time.Since(denied) < time.Minute {
			n, took, err := get(t, e)
			if err == nil {
				t.Fatalf("Value = %d %v after the denial, want the denial: answers must not flap", n, time.Since(denied))
			}
			if took > 50*time.Millisecond {
				t.Fatalf("the denial took %v", took)
			}
			failed++
			time.Sleep(10 * time.Millisecond)
		}
		if calls := src.count() - 2; calls < 10 || calls > 61 {
			t.Errorf("%d tries in a minute of denial (%d failed calls), want one each 1-5 s", calls, failed)
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
			t.Errorf("repair noticed after %v, want within 5 s and a flight", took)
		}
	})
}

func TestKeepOnDenial(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		o := options()
		o.KeepOnDenial = true
		e := refresh.New(src.fetch, o)
		begin := time.Now()
		want(t, e, 1, 0)
		src.set(func(s *source) { s.err = errDenied })
		time.Sleep(45 * time.Minute)
		for time.Since(begin) < 59*time.Minute-time.Second {
			want(t, e, 1, 0)
			time.Sleep(time.Second)
		}
		if tries := src.count() - 1; tries < 3 || tries > 100 {
			t.Errorf("%d tries in 14 minutes of a denial that hurts nobody", tries)
		}
		time.Sleep(2 * time.Second)
		wantErr(t, e, errDenied, 0)
	})
}

func TestDenialThatHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		e := refresh.New(src.fetch, options())
		want(t, e, 1, 0)
		src.set(func(s *source) { s.err = errDenied })
		time.Sleep(46 * time.Minute)
		want(t, e, 1, 0) // starts the flight that is denied
		synctest.Wait()
		wantErr(t, e, errDenied, 0)
		src.set(func(s *source) { s.err = nil; s.latency = 20 * time.Second })
		time.Sleep(6 * time.Second)           // the denial is remembered for 5 s at most
		wantErr(t, e, errDenied, time.Second) // nobody waits longer while the value is valid
		wantErr(t, e, errDenied, 0)           // and the flight is one
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
		e := refresh.New(src.fetch, o)
		want(t, e, 1, 0)
		src.set(func(s *source) { s.err = errors.New("down"); s.latency = time.Second })
		time.Sleep(2 * time.Hour)
		want(t, e, 1, time.Second) // one try first
		for range 1000 {
			want(t, e, 1, 0)
			time.Sleep(time.Second)
		}
		time.Sleep(2 * time.Second) // the flight of the last call, if it started one, ends before the source changes its mind
		synctest.Wait()
		src.set(func(s *source) { s.err = errDenied })
		time.Sleep(time.Minute)
		want(t, e, 1, 0)
		time.Sleep(time.Second)
		synctest.Wait()
		wantErr(t, e, errDenied, 0)
	})
}

// What ServeExpired hands out is a value that ended by itself, while an outage
// lasts: neither one that was dropped nor one that is denied.
func TestServeExpiredHasLimits(t *testing.T) {
	t.Parallel()
	down := errors.New("down")
	for name, tt := range map[string]struct {
		err error
		end func(*refresh.Engine[value])
	}{
		"a dropped value": {down, func(e *refresh.Engine[value]) { e.Invalidate(func(value) bool { return true }) }},
		"a denial":        {errDenied, func(*refresh.Engine[value]) { time.Sleep(2 * time.Hour) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				src := newSource()
				o := options()
				o.ServeExpired = true
				e := refresh.New(src.fetch, o)
				want(t, e, 1, 0)
				src.set(func(s *source) { s.err = tt.err; s.latency = time.Second })
				tt.end(e)
				wantErr(t, e, tt.err, time.Second)
				wantErr(t, e, tt.err, 0) // remembered
			})
		})
	}
}

// A value that is dropped while a flight fails stays dropped, whether that is
// before the flight knows or while it enters its failure.
func TestInvalidateDuringAFailingFlight(t *testing.T) {
	t.Parallel()
	down := errors.New("down")
	for _, entering := range []bool{false, true} {
		t.Run(fmt.Sprintf("entering %v", entering), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				src := newSource()
				o := options()
				o.ServeExpired = true
				var e *refresh.Engine[value]
				drop := func() {
					if !e.Invalidate(func(value) bool { return true }) {
						t.Error("Invalidate = false")
					}
				}
				o.Backoff = func(int, time.Duration) time.Duration {
					if entering {
						drop()
					}
					return time.Minute
				}
				e = refresh.New(src.fetch, o)
				want(t, e, 1, 0)
				time.Sleep(46 * time.Minute)
				src.set(func(s *source) {
					s.err = down
					s.act = func(context.Context) {
						time.Sleep(time.Second)
						if !entering {
							drop()
						}
					}
				})
				want(t, e, 1, 0) // starts the flight
				time.Sleep(2 * time.Second)
				if st := e.Status(); st.Valid || st.Failures != 1 {
					t.Errorf("Status = %+v, want a failure and no valid value", st)
				}
				wantErr(t, e, down, 0)
			})
		})
	}
}

func TestInvalidate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		src.latency = time.Second
		e := refresh.New(src.fetch, options())
		if e.Invalidate(func(value) bool { return true }) {
			t.Error("Invalidate of nothing = true")
		}
		want(t, e, 1, time.Second)
		if e.Invalidate(func(v value) bool { return v.n == 7 }) {
			t.Error("Invalidate of another value = true")
		}
		want(t, e, 1, 0)
		if !e.Invalidate(func(v value) bool { return v.n == 1 }) {
			t.Error("Invalidate = false")
		}
		if e.Invalidate(func(v value) bool { return v.n == 1 }) {
			t.Error("the second Invalidate = true")
		}
		want(t, e, 2, time.Second)

		down := errors.New("down")
		src.set(func(s *source) { s.err = down })
		e.Invalidate(func(value) bool { return true })
		wantErr(t, e, down, time.Second)
		wantErr(t, e, down, 0) // remembered
		if got := src.count(); got != 3 {
			t.Errorf("%d fetches, want 3", got)
		}
	})
}

func TestAnAnswerThatHasExpiredIsAFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		src.life = 0
		e := refresh.New(src.fetch, options())
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

func TestMinLife(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		o := options()
		o.MinLife = 30 * time.Minute
		o.AdvisoryWindow = 0
		e := refresh.New(src.fetch, o)
		want(t, e, 1, 0)
		time.Sleep(31 * time.Minute)
		want(t, e, 2, 0)
		src.set(func(s *source) { s.life = 10 * time.Minute })
		time.Sleep(31 * time.Minute)
		want(t, e, 3, 0) // good for those who waited
		want(t, e, 4, 0) // but not kept
	})
}

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
				e := refresh.New(src.fetch, options())
				var wg sync.WaitGroup
				for range 20 {
					wg.Go(func() {
						_, _, err := get(t, e)
						if pe, ok := errors.AsType[*refresh.PanicError](err); name == "panic" && (!ok || !errors.Is(err, boom) || len(pe.Stack) == 0) {
							t.Errorf("Value = %v, want a PanicError", err)
						}
						if name == "Goexit" && !errors.Is(err, refresh.ErrGoexit) {
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
				want(t, e, n, 0) // the value stays good
			})
		})
	}
}

func TestASourceThatHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		e := refresh.New(src.fetch, options())
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
		e := refresh.New(src.fetch, o)
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
			t.Errorf("%d calls, %d at once, want one that is left behind and no more", calls, most)
		}
		time.AfterFunc(3*time.Second, func() { close(release) })
		want(t, e, 1, 3*time.Second) // its late answer is a good answer
		src.set(func(s *source) { s.act = nil })
		time.Sleep(2 * time.Hour)
		want(t, e, 2, 0)
	})
}

func TestALateAnswerThatNobodyWaitsForIsKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		src.act = func(context.Context) { time.Sleep(40 * time.Second) }
		e := refresh.New(src.fetch, options())
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
		e = refresh.New(func(ctx context.Context) (value, error) { return e.Value(ctx) }, options())
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
		o.OnFlight = func(ev refresh.Event[value]) {
			if events.Add(1) > 20 {
				return
			}
			_, _ = e.Value(t.Context())
			if st := e.Status(); ev.Err == nil && st.Refreshing {
				t.Error("refreshing after the flight")
			}
			e.Invalidate(func(value) bool { return true })
		}
		e = refresh.New(src.fetch, o)
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

func TestOnFlightThatEndsItsGoroutine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		o := options()
		o.OnFlight = func(refresh.Event[value]) { runtime.Goexit() }
		e := refresh.New(src.fetch, o)
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
		e := refresh.New(src.fetch, o)
		want(t, e, 1, 0)
		src.set(func(s *source) { s.err = down })
		time.Sleep(2 * time.Hour)
		wantErr(t, e, down, 0)
		src.set(func(s *source) { s.err = nil })
		time.Sleep(15 * time.Second) // the default pause
		want(t, e, 3, 0)
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
		o.OnFlight = func(ev refresh.Event[value]) {
			mu.Lock()
			defer mu.Unlock()
			got = append(got, ev)
		}
		e := refresh.New(src.fetch, o)
		want(t, e, 1, time.Second)
		src.set(func(s *source) { s.err = errDenied })
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
		if ev := got[1]; ev.Value != nil || !errors.Is(ev.Err, errDenied) || !ev.Denied || ev.Status.Failures != 1 {
			t.Errorf("second event %+v", ev)
		}
	})
}

func TestRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		src.latency = time.Second
		e := refresh.New(src.fetch, options())
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- e.Run(ctx) }()
		time.Sleep(2 * time.Second)
		for n := 1; n <= 20; n++ {
			want(t, e, n, 0) // always there
			time.Sleep(45*time.Minute + time.Second)
		}
		n := src.count()
		want(t, e, n, 0)
		e.Invalidate(func(value) bool { return true })
		time.Sleep(2 * time.Second)
		want(t, e, n+1, 0) // replaced before anybody asked

		src.set(func(s *source) { s.err = errors.New("down") })
		time.Sleep(2 * time.Hour)
		calls := src.count()
		time.Sleep(time.Hour)
		if more := src.count() - calls; more < 3600/17 || more > 3600 {
			t.Errorf("%d tries in an hour without a value", more)
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
		e := refresh.New(src.fetch, options())
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := e.Run(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Run = %v", err)
		}
		if got := src.count(); got < 4 || got > 60 {
			t.Errorf("%d tries in a minute", got)
		}
	})
}

// Who calls notices a repair within seconds; Run, with nobody to tell, asks less
// often.
func TestRunBacksOffFromADenial(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		e := refresh.New(src.fetch, options())
		want(t, e, 1, 0)
		src.set(func(s *source) { s.err = errDenied })
		time.Sleep(45 * time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour) // of which the value is good for a quarter
		defer cancel()
		if err := e.Run(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Run = %v", err)
		}
		if got := src.count(); got < 200 || got > 260 {
			t.Errorf("%d tries in an hour, want one each 15 s", got)
		}
	})
}

func TestDueAndKick(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		e := refresh.New(src.fetch, options())
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
			t.Errorf("%d fetches, want 1: a fresh value needs no kick", got)
		}
	})
}

// gate lets one flight in when told.
type gate struct {
	open  chan struct{}
	urged atomic.Bool
	in    atomic.Int32
	left  atomic.Int32 // flights that were given up before
}

func (g *gate) Enter(_ time.Time, urge, quit <-chan struct{}) func() {
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
		e := refresh.New(src.fetch, o)
		time.AfterFunc(time.Hour, func() { g.open <- struct{}{} })
		want(t, e, 1, time.Hour+20*time.Second) // the attempt counts from the gate
		synctest.Wait()
		if g.in.Load() != 0 {
			t.Error("the flight has not left the gate")
		}
		g.urged.Store(false)
		time.Sleep(46 * time.Minute)
		want(t, e, 1, 0)
		synctest.Wait()
		if g.urged.Load() {
			t.Error("a refresh behind the callers is urgent")
		}
		time.Sleep(20 * time.Minute)
		time.AfterFunc(time.Second, func() {
			if !g.urged.Load() {
				t.Error("a flight that is waited for is not urgent")
			}
			g.open <- struct{}{}
		})
		want(t, e, 2, 21*time.Second)
	})
}

// The life of a value does not begin in the queue before the gate: otherwise its
// window would be that of a longer life, and a long queue would make itself
// longer.
func TestGateIsNoPartOfTheLife(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		g := &gate{open: make(chan struct{}, 10)}
		o := options()
		o.Gate, o.AdvisoryWindow = g, 0 // by the lifetime
		e := refresh.New(src.fetch, o)
		time.AfterFunc(time.Hour, func() { g.open <- struct{}{} })
		want(t, e, 1, time.Hour)
		st := e.Status()
		if w := st.Expires.Sub(st.Advisory); w < 15*time.Minute || w > 19*time.Minute {
			t.Errorf("an advisory window of %v for a life of an hour", w)
		}
	})
}

// Who waited a moment for a flight behind a gate, and then sees the value end,
// is in a hurry.
func TestGateIsUrgedWhenTheValueEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		g := &gate{open: make(chan struct{}, 10)}
		g.open <- struct{}{}
		o := options()
		o.Gate = g
		e := refresh.New(src.fetch, o)
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

func TestFreshDoesNotAllocate(t *testing.T) {
	src := newSource()
	e := refresh.New(src.fetch, options())
	ctx := t.Context()
	if _, err := e.Value(ctx); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(1000, func() { _, _ = e.Value(ctx) }); n != 0 {
		t.Errorf("Value allocates %v times", n)
	}
}

package idp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/idp"
)

// A mint is a source that makes a new token for each call, after a delay, and that can fail.
type mint struct {
	tb    testing.TB
	life  time.Duration
	takes time.Duration

	mu    sync.Mutex
	err   error
	calls int
}

func (m *mint) Source() string { return "mint" }

func (m *mint) Token(ctx context.Context) (*idp.Token, error) {
	m.mu.Lock()
	m.calls++
	err := m.err
	m.mu.Unlock()
	select {
	case <-time.After(m.takes):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	return token(m.tb, time.Now().Add(m.life), nil), nil
}

func (m *mint) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
}

func (m *mint) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.calls
}

// ask returns a token and how long the call took.
func ask(t *testing.T, src idp.TokenSource) (*idp.Token, time.Duration) {
	t.Helper()
	start := time.Now()
	tok, err := src.Token(t.Context())
	if err != nil {
		t.Fatalf("Token at %s: %v", start, err)
	}
	return tok, time.Since(start)
}

func TestCachedOneFetchForAllCallers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &mint{tb: t, life: time.Hour, takes: time.Second}
		src := idp.Cached(m, nil)
		start := time.Now()
		var wg sync.WaitGroup
		for range 1000 {
			wg.Go(func() {
				if _, err := src.Token(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if m.count() != 1 || time.Since(start) != time.Second {
			t.Errorf("%d calls in %s, want 1 in 1s", m.count(), time.Since(start))
		}
		if _, took := ask(t, src); took != 0 || m.count() != 1 {
			t.Errorf("the next call took %s and %d calls, want none", took, m.count())
		}
	})
}

// After the first fetch no call waits, and every token is fresh, for ten hours.
func TestCachedRenewsEarly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &mint{tb: t, life: time.Hour, takes: 2 * time.Second}
		src := idp.Cached(m, nil)
		ask(t, src)
		least := time.Hour
		for range 10 * 60 {
			time.Sleep(time.Minute)
			tok, took := ask(t, src)
			if took != 0 {
				t.Fatalf("Token took %s, want no wait", took)
			}
			least = min(least, time.Until(tok.Expiry()))
		}
		if least < 12*time.Minute {
			t.Errorf("a token had %s left, want it renewed in the last quarter of its hour", least)
		}
		if n := m.count(); n < 10 || n > 15 {
			t.Errorf("%d calls in ten hours, want about 14", n)
		}
		time.Sleep(10 * time.Second) // for the last refresh
	})
}

// The source fails from the middle of the token's lifetime on.
func TestCachedKeepsTheTokenWhileItIsValid(t *testing.T) {
	t.Parallel()
	for name, boom := range map[string]error{
		"an outage":                        errors.New("boom"),
		"a refusal":                        &idp.RequestError{StatusCode: 401, Code: "unauthenticated"},
		"a deadline":                       context.DeadlineExceeded,
		"an expired token":                 claims.ErrExpired,
		"a requested wait":                 &idp.RequestError{StatusCode: 429, Code: "resource_exhausted", RetryAfter: time.Minute},
		"a requested wait past the expiry": &idp.RequestError{StatusCode: 429, Code: "resource_exhausted", RetryAfter: 5 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				m := &mint{tb: t, life: time.Hour}
				src := idp.Cached(m, &idp.CachedOptions{Logger: slog.New(slog.NewTextHandler(&log, nil))})
				first, _ := ask(t, src)
				m.fail(boom)
				for time.Until(first.Expiry()) > time.Second {
					tok, took := ask(t, src)
					if took > time.Second || !tok.Equal(first) {
						t.Fatalf("Token with %s left took %s", time.Until(first.Expiry()), took)
					}
					time.Sleep(time.Second)
				}
				synctest.Wait()
				calls := m.count()
				if calls < 2 || calls > 400 {
					t.Errorf("%d calls in the last quarter of an hour", calls)
				}
				if st := src.Status(); st.Failures != calls-1 || !errors.Is(st.Err, boom) || !st.Valid || st.Fingerprint != first.Fingerprint() {
					t.Errorf("Status = %+v, want a valid token and %d failures", st, calls-1)
				}
				if !strings.Contains(log.String(), "the old ID token is still valid") || strings.Contains(log.String(), "eyJ") {
					t.Errorf("the log is %s", log.String())
				}
				time.Sleep(time.Minute)
				tok, err := src.Token(t.Context())
				if !errors.Is(err, boom) || tok != nil || !strings.HasPrefix(err.Error(), "idp: mint: ") {
					t.Errorf("Token after the expiry = %v, %v, want the failure", tok, err)
				}
				m.fail(nil)
				time.Sleep(5 * time.Hour)
				ask(t, src)
				if st := src.Status(); st.Failures != 0 || st.Err != nil || !st.Valid {
					t.Errorf("Status after the recovery = %+v", st)
				}
			})
		})
	}
}

// The cache waits as long as the source asks.
func TestCachedRetryAfter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &mint{tb: t, life: time.Hour}
		src := idp.Cached(m, &idp.CachedOptions{AdvisoryWindow: 15 * time.Minute})
		ask(t, src)
		m.fail(&idp.SourceError{Source: "API", Err: &idp.RequestError{StatusCode: 429, Code: "resource_exhausted", RetryAfter: 50 * time.Second}})
		time.Sleep(46 * time.Minute)
		ask(t, src)
		synctest.Wait()
		if st := src.Status(); st.Failures != 1 || time.Until(st.RetryAt) != 50*time.Second {
			t.Errorf("%d failures, next fetch in %s, want 1 and 50s", st.Failures, time.Until(st.RetryAt))
		}
	})
}

func TestCachedMinLife(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &mint{tb: t, life: time.Hour}
		src := idp.Cached(m, &idp.CachedOptions{MinLife: 20 * time.Minute})
		first, _ := ask(t, src)
		boom := errors.New("boom")
		m.fail(boom)
		for time.Until(first.Expiry()) > 20*time.Minute {
			if tok, err := src.Token(t.Context()); err != nil || time.Until(tok.Expiry()) < 20*time.Minute {
				t.Fatalf("Token with %s left = %v, %v", time.Until(first.Expiry()), tok, err)
			}
			time.Sleep(10 * time.Second)
		}
		if tok, err := src.Token(t.Context()); !errors.Is(err, boom) {
			t.Errorf("Token with less than MinLife = %v, %v, want the failure", tok, err)
		}
	})
}

func TestCachedMinLifeOfTheSource(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := idp.Cached(&mint{tb: t, life: time.Minute}, &idp.CachedOptions{MinLife: 5 * time.Minute})
		if tok, err := src.Token(t.Context()); err == nil || tok != nil || !strings.Contains(err.Error(), "valid for another 1m0s, want at least 5m0s") {
			t.Errorf("Token = %v, %v, want an error", tok, err)
		}
	})
}

// The cache returns an error if the source breaks its contract.
func TestCachedChecksTheSource(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		src  idp.TokenSource
		is   error
		text string
	}{
		"no token and no error": {idp.TokenSourceFunc(func(context.Context) (*idp.Token, error) { return nil, nil }), nil, "neither a token nor an error"},
		"an empty token":        {idp.TokenSourceFunc(func(context.Context) (*idp.Token, error) { return &idp.Token{}, nil }), nil, "neither a token nor an error"},
		"an expired token":      {idp.TokenSourceFunc(func(context.Context) (*idp.Token, error) { return token(t, time.Unix(1740517845, 0), nil), nil }), claims.ErrExpired, "expired"},
		"a panic":               {idp.TokenSourceFunc(func(context.Context) (*idp.Token, error) { panic("at the disco\n") }), nil, "panicked with a string"},
		"no source":             {nil, nil, "not configured"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tok, err := idp.Cached(tt.src, nil).Token(t.Context())
			if err == nil || tok != nil || !strings.Contains(err.Error(), tt.text) || !strings.HasPrefix(err.Error(), "idp: ") || tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("Token = %v, %v, want %q", tok, err, tt.text)
			}
		})
	}
}

func TestCachedInvalidate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &mint{tb: t, life: time.Hour, takes: time.Second}
		r := &recorder{TokenSource: m}
		src := idp.Cached(r, nil)
		first, _ := ask(t, src)
		src.Invalidate(nil)
		src.Invalidate(&idp.Token{})
		src.Invalidate(token(t, time.Now().Add(time.Minute), nil))
		if again, took := ask(t, src); again != first || took != 0 {
			t.Errorf("invalidating another token dropped the kept one")
		}
		time.Sleep(time.Minute)
		src.Invalidate(first)
		second, took := ask(t, src)
		if second.Equal(first) || took != time.Second || m.count() != 2 {
			t.Errorf("Token after Invalidate took %s and %d calls, want a new one", took, m.count())
		}
		if len(r.told) != 2 || r.told[1] != first {
			t.Errorf("the source got %v, want both", r.told)
		}
	})
}

// A refused token is not returned again, neither by a running fetch nor by the next one.
func TestCachedNeverReturnsARefusedToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tok := token(t, time.Now().Add(time.Hour), nil)
		var current atomic.Pointer[idp.Token]
		current.Store(tok)
		src := idp.Cached(idp.TokenSourceFunc(func(context.Context) (*idp.Token, error) {
			got := current.Load()
			time.Sleep(time.Second)
			return got, nil
		}), nil)
		done := make(chan struct{})
		go func() {
			defer close(done)
			if got, err := src.Token(t.Context()); err == nil {
				t.Errorf("Token of the running fetch = %v, want an error", got)
			}
		}()
		time.Sleep(time.Second / 2)
		src.Invalidate(tok)
		<-done
		for range 100 {
			if got, err := src.Token(t.Context()); err == nil || !strings.Contains(err.Error(), "after a service refused it") {
				t.Fatalf("Token = %v, %v, want an error", got, err)
			}
			time.Sleep(time.Second)
		}
		next := token(t, time.Now().Add(time.Hour), nil)
		current.Store(next)
		time.Sleep(time.Minute)
		if got, _ := ask(t, src); !got.Equal(next) {
			t.Errorf("Token = %v, want the new one", got)
		}
	})
}

func TestCachedCallersHaveTheirOwnContexts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		var seen atomic.Value
		m := &mint{tb: t, life: time.Hour, takes: 5 * time.Second}
		src := idp.Cached(idp.TokenSourceFunc(func(ctx context.Context) (*idp.Token, error) {
			seen.Store(ctx.Value(key{}))
			return m.Token(ctx)
		}), nil)
		impatient, cancel := context.WithTimeout(context.WithValue(t.Context(), key{}, "value"), time.Second)
		defer cancel()
		start := time.Now()
		if _, err := src.Token(impatient); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("Token after %s: %v, want DeadlineExceeded after 1s", time.Since(start), err)
		}
		if _, took := ask(t, src); took != 4*time.Second || m.count() != 1 {
			t.Errorf("the next caller waited %s for %d calls, want the rest of the first", took, m.count())
		}
		if seen.Load() != "value" {
			t.Errorf("the source got the value %v", seen.Load())
		}
	})
}

func TestCachedAttemptTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := idp.Cached(&mint{tb: t, life: time.Hour, takes: time.Hour}, &idp.CachedOptions{AttemptTimeout: 3 * time.Second})
		start := time.Now()
		if _, err := src.Token(t.Context()); !errors.Is(err, context.DeadlineExceeded) || time.Since(start).Round(time.Second) != 3*time.Second {
			t.Errorf("Token after %s: %v, want DeadlineExceeded after about 3s", time.Since(start), err)
		}
	})
}

func TestCachedRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &mint{tb: t, life: time.Hour, takes: time.Second}
		src := idp.Cached(m, nil)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- src.Run(ctx) }()
		time.Sleep(48 * time.Hour)
		if st := src.Status(); !st.Valid || time.Until(st.Expires) < 10*time.Minute {
			t.Errorf("Status after two days = %+v, want a valid token", st)
		}
		if _, took := ask(t, src); took != 0 {
			t.Errorf("Token took %s, want no wait", took)
		}
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Run: %v, want context.Canceled", err)
		}
	})
}

func TestCachedStatus(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &mint{tb: t, life: time.Hour, takes: time.Second}
		src := idp.Cached(m, &idp.CachedOptions{AdvisoryWindow: 10 * time.Minute})
		if st := src.Status(); st != (idp.CachedStatus{}) {
			t.Errorf("Status before the first call = %+v, want zero", st)
		}
		tok, _ := ask(t, src)
		st := src.Status()
		want := idp.CachedStatus{Fingerprint: tok.Fingerprint(), Valid: true, Obtained: time.Now(), RefreshAt: tok.Expiry().Add(-10 * time.Minute), Expires: tok.Expiry()}
		if !st.Obtained.Equal(want.Obtained) || !st.RefreshAt.Equal(want.RefreshAt) || !st.Expires.Equal(want.Expires) || !st.Valid || st.Fingerprint != want.Fingerprint || st.Refreshing {
			t.Errorf("Status = %+v, want %+v", st, want)
		}
		time.Sleep(time.Until(st.RefreshAt) + time.Second)
		ask(t, src)
		if !src.Status().Refreshing {
			t.Error("Status does not report the running fetch")
		}
		time.Sleep(2 * time.Second)
		if m.count() != 2 {
			t.Errorf("%d calls, want 2", m.count())
		}
		if got := src.Source(); got != "mint" {
			t.Errorf("Source = %s", got)
		}
	})
}

// The names in the JSON of a status do not change.
func TestCachedStatusJSON(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 27, 12, 0, 0, 5, time.UTC)
	for want, st := range map[string]idp.CachedStatus{
		`{"valid":false,"refreshing":false,"failures":0}`: {},
		`{"fingerprint":"0123456789ab","valid":true,"obtained":"2026-11-27T12:00:00.000000005Z","refresh_at":"2026-11-27T12:00:01.000000005Z",` +
			`"expires":"2026-11-27T12:00:02.000000005Z","refreshing":true,"failures":3,"retry_at":"2026-11-27T12:00:03.000000005Z","error":"down"}`: {
			Fingerprint: "0123456789ab", Valid: true, Obtained: at, RefreshAt: at.Add(time.Second), Expires: at.Add(2 * time.Second),
			Refreshing: true, Failures: 3, RetryAt: at.Add(3 * time.Second), Err: errors.New("down"),
		},
	} {
		got, err := json.Marshal(st)
		if err != nil || string(got) != want {
			t.Errorf("Marshal = %s, %v, want %s", got, err, want)
		}
	}
}

// Token is called for every request of a program.
func TestCachedAllocatesNothing(t *testing.T) {
	tok := token(t, inAnHour(), nil)
	src := idp.Cached(idp.Static(tok), nil)
	ctx := t.Context()
	if n := testing.AllocsPerRun(100, func() {
		if got, err := src.Token(ctx); err != nil || got == nil {
			t.Error(err)
		}
	}); n != 0 {
		t.Errorf("Token allocates %g times", n)
	}
}

package refresh_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/onafed/onafed/internal/refresh"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A value is kept by the engines of the tests.
type value struct {
	n       int
	expires time.Time
}

// A source returns values that live for an hour, unless it is changed.
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

var errRefused = errors.New("refused")

// testOptions are the rules of an engine and the functions of its driver; RetryAfter and Settled
// may be nil.
type testOptions struct {
	refresh.Rules
	RetryAfter func(error) time.Duration
	Settled    func(refresh.Event[value])
}

// options returns options with an advisory window that begins after 45 minutes of an hour.
func options() testOptions {
	return testOptions{Rules: refresh.Rules{AdvisoryWindow: 15 * time.Minute}}
}

// A driver is a refresh.Driver made of functions.
type driver struct {
	fetch func(context.Context) (value, error)
	opts  testOptions
}

func (d *driver) Fetch(ctx context.Context) (value, error) { return d.fetch(ctx) }
func (d *driver) Expiry(v value) time.Time                 { return v.expires }
func (d *driver) Prepare(*value, refresh.Windows)          {}
func (d *driver) Temporary(err error) bool                 { return !errors.Is(err, errRefused) }

func (d *driver) RetryAfter(err error) time.Duration {
	if d.opts.RetryAfter == nil {
		return 0
	}
	return d.opts.RetryAfter(err)
}

func (d *driver) Settled(ev refresh.Event[value]) {
	if d.opts.Settled != nil {
		d.opts.Settled(ev)
	}
}

func newEngine(fetch func(context.Context) (value, error), o testOptions) *refresh.Engine[value] {
	d := &driver{fetch: fetch, opts: o}
	e := new(refresh.Engine[value])
	e.Init(d, &d.opts.Rules)
	return e
}

// get returns the number of the value and how long the call took.
func get(t *testing.T, e *refresh.Engine[value]) (n int, took time.Duration, err error) {
	t.Helper()
	begin := time.Now()
	v, err := e.Value(t.Context())
	if err != nil {
		return 0, time.Since(begin), err
	}
	return v.n, time.Since(begin), nil
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

package simulation

import (
	"context"
	"errors"
	"math/rand/v2"
	"reflect"
	"sync"
	"time"

	"github.com/onafed/onafed/internal/refresh"
)

// A subject is what is simulated.
type subject interface {
	// call returns the number of a key.
	call(ctx context.Context) (int, error)
	// invalidate reports whether the key was marked.
	invalidate(n int) bool
	run(ctx context.Context)
	status() status
	// older makes everything that is remembered older.
	older(d time.Duration)
}

// A status is what the checks need of a Status.
type status struct {
	valid, refreshing bool
	failures          int
	advisory, retryAt time.Time
}

// An engine is the subject and the driver of a refresh.Engine.
type engine struct {
	refresh.Engine[*key]

	r *role
}

func newEngine(r *role) subject {
	e := &engine{r: r}
	rules := r.w.plan.rules
	j := jitter{rnd: r.w.stream()}
	rules.Random = j.next
	if limit := r.w.plan.gate; limit > 0 {
		rules.Gate = &gate{rnd: r.w.stream(), limit: limit}
	}
	e.Init(e, &rules)
	return e
}

func (e *engine) call(ctx context.Context) (int, error) {
	k, err := e.Value(ctx)
	if err != nil {
		return 0, err
	}
	return (*k).n, nil
}

func (e *engine) invalidate(n int) bool {
	return e.Invalidate(func(k *key) bool { return k.n == n })
}

func (e *engine) run(ctx context.Context) { _ = e.Run(ctx) }

func (e *engine) status() status {
	st := e.Status()
	return status{st.Valid, st.Refreshing, st.Failures, st.Advisory, st.RetryAt}
}

func (e *engine) older(d time.Duration) { makeOlder(reflect.ValueOf(&e.Engine), d) }

func (e *engine) Fetch(ctx context.Context) (*key, error) { return e.r.request(ctx) }
func (e *engine) Expiry(k *key) time.Time                 { return k.localEnd }
func (e *engine) Prepare(**key, refresh.Windows)          {}
func (e *engine) Temporary(err error) bool                { return !errors.Is(err, errRefused) }
func (e *engine) RetryAfter(err error) (pause time.Duration) {
	var t throttling
	errors.As(err, &t)
	return time.Duration(t)
}

func (e *engine) Settled(ev refresh.Event[*key]) {
	n := 0
	if ev.Value != nil {
		n = (*ev.Value).n
	}
	e.r.settled(n, ev.Permanent)
}

// A gate delays refreshes for a random time, less if a caller waits.
type gate struct {
	limit time.Duration

	mu  sync.Mutex
	rnd *rand.Rand
}

func (g *gate) Enter(_ context.Context, _ time.Time, urge, quit <-chan struct{}) func() {
	g.mu.Lock()
	delay, urgent := time.Duration(g.rnd.Float64()*float64(g.limit)), time.Duration(g.rnd.Float64()*float64(g.limit))
	g.mu.Unlock()
	begin := time.Now()
	t := time.NewTimer(delay)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			return func() {}
		case <-urge:
			urge = nil
			t.Reset(min(urgent, delay-time.Since(begin)))
		case <-quit:
			return nil
		}
	}
}

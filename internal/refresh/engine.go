package refresh

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// joinWait is how long after the start of a flight a caller in the mandatory
// window waits for it while the old value is good.
const joinWait = time.Second

// An Engine keeps one value. Its methods may be called by several goroutines at
// once. The zero Engine is to be set up with Init; it must not be copied.
type Engine[T any] struct {
	state  atomic.Pointer[state[T]]  // nil until the first flight has ended
	flight atomic.Pointer[flight[T]] // the flight under way
	driver Driver[T]
	rules  *Rules

	mu   sync.Mutex    // guards call and wake, and orders the writes of state and flight
	call *call[T]      // the fetch under way, also when its flight has given up
	wake chan struct{} // made by Run; told of each change
}

// state is immutable once published.
type state[T any] struct {
	fresh time.Duration // as by freshness
	record
	value T
}

// New returns an engine that gets its values by fetch. It starts nothing. The
// context given to fetch carries the values of a caller's context but not its
// cancellation, and ends with AttemptTimeout.
func New[T any](fetch func(ctx context.Context) (T, error), opts Options[T]) *Engine[T] {
	e := new(Engine[T])
	d := &funcDriver[T]{fetch, opts}
	e.Init(d, &d.opts.Rules)
	return e
}

// Init sets the engine up before its first use. The rules are kept and not
// copied, so that many engines can share them; they must not change.
func (e *Engine[T]) Init(d Driver[T], r *Rules) {
	e.driver, e.rules = d, r
}

// Fresh returns the value if it is fresh, otherwise nil. It neither locks nor
// allocates. The value must not be changed.
func (e *Engine[T]) Fresh() *T {
	s := e.state.Load()
	if s != nil && fresh(time.Now().UnixNano(), s.obtained, s.fresh) {
		return &s.value
	}
	return nil
}

// Value returns the value: at once while it is good, otherwise when a flight
// has brought it or ctx is done.
func (e *Engine[T]) Value(ctx context.Context) (T, error) {
	if v := e.Fresh(); v != nil {
		return *v, nil
	}
	v, err := e.Ref(ctx)
	if err != nil {
		var zero T
		return zero, err
	}
	return *v, nil
}

// Ref is Value without the copy. The value must not be changed.
func (e *Engine[T]) Ref(ctx context.Context) (*T, error) {
	for {
		s := e.state.Load()
		switch act := decide(time.Now().UnixNano(), s.rec(), e.rules); act {
		case serve:
			return &s.value, nil
		case fail:
			return nil, s.trouble.err
		case serveAndRefresh:
			e.launch(ctx, s, false)
			return &s.value, nil
		case join, wait:
			if err := ctx.Err(); err != nil {
				if act == join {
					return &s.value, nil
				}
				return nil, err
			}
			if e.inside(ctx) {
				return nil, ErrReentrant
			}
			fl := e.launch(ctx, s, act == wait)
			if fl == nil {
				continue // the state changed since it was looked at
			}
			return e.await(ctx, fl, s, act)
		}
	}
}

// await waits for the flight as the action says. A call waits for one flight at
// the most, so it ends.
func (e *Engine[T]) await(ctx context.Context, fl *flight[T], s *state[T], act action) (*T, error) {
	if fl.failing.Load() {
		// The outcome is known and is being entered. Who calls from within
		// that, as a Backoff may, must not wait for it.
		return e.afterFailure(fl)
	}
	// After a denial calls wait for the answer although the value is valid, but
	// not for one that does not come: until then the denial stands.
	denied := act == wait && s.rec().denied() && s.rec().valid(time.Now().UnixNano())
	var patience <-chan time.Time
	if act == join || denied {
		t := time.NewTimer(min(time.Until(fl.began.Add(joinWait)), time.Duration(s.expire-time.Now().UnixNano())))
		defer t.Stop()
		patience = t.C
	}
	for {
		select {
		case <-fl.done:
			if fl.err == nil {
				return fl.value, nil
			}
			return e.afterFailure(fl)
		case <-patience:
			switch {
			case !s.valid(time.Now().UnixNano()):
				fl.hurry() // the value ended meanwhile: now it is waited for
				patience = nil
			case denied:
				return nil, s.trouble.err
			default:
				return &s.value, nil
			}
		case <-ctx.Done():
			if act == wait {
				e.withdraw(fl)
			}
			if act == join && s.valid(time.Now().UnixNano()) {
				return &s.value, nil
			}
			return nil, ctx.Err()
		}
	}
}

// afterFailure returns what a caller gets who waited for a flight that failed:
// the rules of decide, without asking for another flight.
func (e *Engine[T]) afterFailure(fl *flight[T]) (*T, error) {
	s := e.state.Load()
	now := time.Now().UnixNano()
	r := s.rec()
	switch {
	case r.valid(now) && (!fl.denied || e.rules.KeepOnDenial && now < r.require):
		return &s.value, nil
	case r.has && !r.invalid && e.rules.ServeExpired && !fl.denied:
		return &s.value, nil
	}
	return nil, fl.err
}

// Invalidate drops the value if match says so: nobody gets it any more, and the
// next call waits for a new one. match is called without a lock and may be
// called more than once. Invalidate reports whether a value was dropped.
func (e *Engine[T]) Invalidate(match func(T) bool) bool {
	for {
		s := e.state.Load()
		if s == nil || !s.has || s.invalid || !match(s.value) {
			return false
		}
		now := time.Now().UnixNano()
		if !s.droppable(now, e.rules.DropLimit) {
			return false
		}
		n := *s
		n.drop(now)
		n.fresh = 0
		e.mu.Lock()
		if e.state.Load() != s {
			e.mu.Unlock()
			continue
		}
		e.state.Store(&n)
		e.signal()
		e.mu.Unlock()
		return true
	}
}

// Peek returns the last value, good or not, and whether there is one. It starts
// nothing. The value must not be changed.
func (e *Engine[T]) Peek() (*T, bool) {
	if s := e.state.Load(); s != nil && s.has {
		return &s.value, true
	}
	return nil, false
}

// Status returns a snapshot. It starts nothing.
func (e *Engine[T]) Status() Status {
	s := e.state.Load()
	st := s.status(time.Now().UnixNano())
	st.Refreshing = e.flight.Load() != nil
	return st
}

// Due returns when a call would next start a flight: in the past or the present
// when it would do so now. ok is false when there is neither a value nor a
// failure, so that nobody has asked yet, and when the value has no end.
func (e *Engine[T]) Due() (due time.Time, ok bool) {
	s := e.state.Load()
	if s == nil {
		return time.Time{}, false
	}
	if at := s.due(time.Now().UnixNano()); at != never {
		return time.Unix(0, at), true
	}
	return time.Time{}, false
}

// Kick starts a flight if a call would, and does not wait for it.
func (e *Engine[T]) Kick(ctx context.Context) {
	s := e.state.Load()
	switch decide(time.Now().UnixNano(), s.rec(), e.rules) {
	case serveAndRefresh, join, wait:
		e.launch(ctx, s, false)
	case serve, fail:
	}
}

// Run keeps the value warm until ctx is done, and returns ctx's error: it
// fetches the first value at once and each next one when it is due, so that no
// caller finds an ended one. The caller owns the goroutine. One Run is enough: of
// two, each may notice a change up to a minute late.
func (e *Engine[T]) Run(ctx context.Context) error {
	e.mu.Lock()
	if e.wake == nil {
		e.wake = make(chan struct{}, 1)
	}
	wake := e.wake
	e.mu.Unlock()
	t := time.NewTimer(0)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-t.C:
		case <-wake:
		}
		if ctx.Err() != nil {
			continue // of two that are ready select takes either
		}
		t.Reset(e.tend(ctx))
	}
}

// glance is how long Run sleeps at most: a timer stands still in a suspended
// machine, and does not see a clock that was set.
const glance = time.Minute

// breath is how long Run leaves a value alone at least.
const breath = 100 * time.Millisecond

// tend starts what is due and returns when to look again.
func (e *Engine[T]) tend(ctx context.Context) time.Duration {
	if e.flight.Load() != nil {
		return glance // its end is a change
	}
	now := time.Now().UnixNano()
	s := e.state.Load()
	at := s.rec().due(now)
	if s != nil && s.trouble != nil && (!s.has || s.trouble.denied) && s.trouble.at <= now+int64(holdBack) {
		// Callers may try again at once after a failed first fetch, and soon
		// after a denial. Run has nobody to tell and pauses.
		pause := backoff(int(s.trouble.failures), 0, 0, 1)
		at = max(at, s.trouble.retryAt, s.trouble.at+int64(pause))
	}
	if s != nil && s.has {
		at = max(at, s.obtained+int64(breath)) // a value of no life would be fetched without end
	}
	if at > now && now >= s.rec().obtained-int64(stepBack) {
		return time.Duration(min(at-now, int64(glance)))
	}
	e.launch(ctx, s, false)
	return glance
}

func (e *Engine[T]) signal() {
	if e.wake == nil {
		return
	}
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

func (e *Engine[T]) timeout() time.Duration {
	if e.rules.AttemptTimeout > 0 {
		return e.rules.AttemptTimeout
	}
	return DefaultAttemptTimeout
}

var zeroRecord record //nolint:gochecknoglobals // never written; what is known before the first flight

func (s *state[T]) rec() *record {
	if s == nil {
		return &zeroRecord
	}
	return &s.record
}

// chance returns a number in [0, 1) for jitter.
func chance() float64 {
	return rand.Float64() //nolint:gosec // jitter spreads load; nobody gains by guessing it
}

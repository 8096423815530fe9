package refresh

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// maxJoin is how long after the start of a refresh callers wait for it if the old value is
// available.
const maxJoin = time.Second

// An Engine keeps one value. It is safe for concurrent use. Call Init before its first use; it must
// not be copied.
type Engine[T any] struct {
	state   atomic.Pointer[state[T]]   // nil until the first refresh has ended
	running atomic.Pointer[refresh[T]] // the refresh that is running
	driver  Driver[T]
	rules   *Rules

	mu    sync.Mutex    // guards fetch and wake, and orders the writes of state and running
	fetch *fetch[T]     // the call of Fetch that is running, also after its refresh has timed out
	wake  chan struct{} // created by Run; receives a value after each change
}

// A state is a value and what is known about it. It is immutable once published.
type state[T any] struct {
	fresh time.Duration // as returned by record.freshness
	record
	value T
}

// Init sets the driver and the rules. The rules are not copied, so that engines can share them;
// they must not change.
func (e *Engine[T]) Init(d Driver[T], r *Rules) {
	e.driver, e.rules = d, r
}

// Fresh returns the value if it is fresh, otherwise nil. It neither locks nor allocates. The value
// must not be changed.
func (e *Engine[T]) Fresh() *T {
	s := e.state.Load()
	if s != nil && fresh(time.Now().UnixNano(), s.obtained, s.fresh) {
		return &s.value
	}
	return nil
}

// Value returns the value at once if there is a valid one, and otherwise waits for a refresh, or
// for the end of ctx. The value must not be changed.
func (e *Engine[T]) Value(ctx context.Context) (*T, error) {
	if v := e.Fresh(); v != nil {
		return v, nil
	}
	for {
		s := e.state.Load()
		switch act := decide(time.Now().UnixNano(), s.rec(), e.rules); act {
		case serve:
			return &s.value, nil
		case fail:
			return nil, s.failure.err
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
			rf := e.launch(ctx, s, act == wait)
			if rf == nil {
				continue // the state has changed since it was read
			}
			return e.await(ctx, rf, s, act)
		}
	}
}

// await waits for a refresh. A call waits for one refresh at most, so it ends.
func (e *Engine[T]) await(ctx context.Context, rf *refresh[T], s *state[T], act action) (*T, error) {
	if rf.failing.Load() {
		// The result is known and about to be published. The caller may be Rules.Backoff, which
		// runs before that, so it must not wait.
		return e.afterFailure(rf)
	}
	// After a permanent failure a call waits for the next answer although the value is valid, but
	// not longer than a call in the mandatory window.
	refused := act == wait && s.rec().permanent() && s.rec().valid(time.Now().UnixNano())
	var timeout <-chan time.Time
	if act == join || refused {
		t := time.NewTimer(e.maxWait(rf, s))
		defer t.Stop()
		timeout = t.C
	}
	for {
		select {
		case <-rf.done:
			if rf.err == nil {
				return rf.value, nil
			}
			return e.afterFailure(rf)
		case <-timeout:
			now := time.Now().UnixNano()
			switch {
			case refused && s.valid(now):
				return nil, s.failure.err
			case !refused && s.available(now, e.rules):
				return &s.value, nil
			}
			rf.turn.hurry() // the value has expired meanwhile, so the caller goes on waiting
			timeout = nil
		case <-ctx.Done():
			if act == wait {
				e.withdraw(rf)
			}
			if act == join && s.available(time.Now().UnixNano(), e.rules) {
				return &s.value, nil
			}
			return nil, ctx.Err()
		}
	}
}

// maxWait returns how long a caller waits for a refresh if the old value is available.
func (e *Engine[T]) maxWait(rf *refresh[T], s *state[T]) time.Duration {
	d := time.Until(rf.began.Add(maxJoin))
	if left := time.Duration(s.expire - time.Now().UnixNano()); left > 0 {
		d = min(d, left)
	}
	return d
}

// afterFailure returns the result for a caller that waited for a refresh that failed: the old
// value, if the caller may have it, or the error.
func (e *Engine[T]) afterFailure(rf *refresh[T]) (*T, error) {
	s := e.state.Load()
	r, now := s.rec(), time.Now().UnixNano()
	if rf.permanent {
		if e.rules.KeepOnPermanent && r.valid(now) && now < r.require {
			return &s.value, nil
		}
		return nil, rf.err
	}
	if r.usable(now, e.rules) {
		return &s.value, nil
	}
	return nil, rf.err
}

// Invalidate marks the value as rejected if match returns true for it. The next call waits for a
// new one, unless a backoff has to end first. If the refresh fails temporarily, callers get the old
// value again until it expires; see [Rules].ForgetInvalid. match is called without a lock and may
// be called more than once. Invalidate reports whether it marked a value.
func (e *Engine[T]) Invalidate(match func(T) bool) bool {
	for {
		s := e.state.Load()
		if s == nil || !s.has || s.invalid() || !match(s.value) {
			return false
		}
		now := time.Now().UnixNano()
		if !s.mayInvalidate(now, e.rules.InvalidateLimit) {
			return false
		}
		n := *s
		n.invalidate(now)
		e.mu.Lock()
		if e.state.Load() != s {
			e.mu.Unlock()
			continue
		}
		e.publish(&n)
		e.mu.Unlock()
		return true
	}
}

// publish sets the state. The caller holds mu.
func (e *Engine[T]) publish(n *state[T]) {
	n.fresh = n.freshness()
	e.state.Store(n)
	e.signal()
}

// Peek returns the last value, valid or not, and whether there is one. It starts nothing. The value
// must not be changed.
func (e *Engine[T]) Peek() (*T, bool) {
	if s := e.state.Load(); s != nil && s.has {
		return &s.value, true
	}
	return nil, false
}

// Status returns a snapshot. It starts nothing.
func (e *Engine[T]) Status() Status {
	s := e.state.Load()
	st := s.rec().status(time.Now().UnixNano())
	st.Refreshing = e.running.Load() != nil
	return st
}

var zeroRecord record //nolint:gochecknoglobals // never written; what is known before the first refresh

func (s *state[T]) rec() *record {
	if s == nil {
		return &zeroRecord
	}
	return &s.record
}

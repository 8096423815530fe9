package refresh

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/onafed/onafed/internal/detach"
)

// A refresh fetches a new value in the background, on behalf of all callers that wait for it.
type refresh[T any] struct {
	began time.Time
	turn  *turn // nil without a gate

	watchdog *time.Timer // ends the refresh after AttemptTimeout; guarded by Engine.mu

	failing atomic.Bool   // err and permanent are set, and are about to be published
	done    chan struct{} // closed when the result has been published

	value     *T // valid after done
	err       error
	permanent bool
}

// A fetch is one call of [Driver].Fetch. It outlives its refresh when Fetch ignores its context.
type fetch[T any] struct {
	since   time.Time
	refresh *refresh[T] // waits for the result; nil after its timeout; guarded by Engine.mu
}

// insideKey marks the context of a refresh, which is the value of the key.
type insideKey[T any] struct{ e *Engine[T] }

// inside reports whether the caller is the Fetch of the running refresh, which would wait for
// itself.
func (e *Engine[T]) inside(ctx context.Context) bool {
	rf, ok := ctx.Value(insideKey[T]{e}).(*refresh[T])
	return ok && rf == e.running.Load()
}

// launch returns the running refresh, or starts one if the state is still seen; otherwise it
// returns nil. urgent reports whether the caller will wait.
func (e *Engine[T]) launch(ctx context.Context, seen *state[T], urgent bool) *refresh[T] {
	rf := e.running.Load()
	if rf == nil {
		rf = e.start(ctx, seen, urgent)
	}
	if rf == nil || !e.enlist(rf, seen, urgent) {
		return nil
	}
	if urgent {
		rf.turn.hurry()
	}
	return rf
}

func (e *Engine[T]) start(ctx context.Context, seen *state[T], urgent bool) *refresh[T] {
	now := time.Now()
	rf := &refresh[T]{began: now, done: make(chan struct{})}
	if e.rules.Gate != nil {
		rf.turn = newTurn(now, seen.rec(), urgent)
	}
	ctx = context.WithValue(context.WithoutCancel(ctx), insideKey[T]{e}, rf)
	e.mu.Lock()
	defer e.mu.Unlock()
	if other := e.running.Load(); other != nil {
		return other
	}
	if e.state.Load() != seen {
		return nil
	}
	e.running.Store(rf)
	go e.run(ctx, rf)
	return rf
}

// run is the goroutine of a refresh.
func (e *Engine[T]) run(ctx context.Context, rf *refresh[T]) {
	if rf.turn != nil && !e.pass(ctx, rf) {
		return
	}
	timeout := e.rules.timeout()
	// The context ends a little before the refresh, so that callers get the error of Fetch, which
	// says what took so long.
	ctx, cancel := context.WithTimeout(ctx, timeout-min(timeout/50, 100*time.Millisecond))
	defer cancel()

	e.mu.Lock()
	f, running := e.fetch, e.fetch != nil
	if running {
		// The fetch of an earlier refresh has not returned. This refresh waits for it, because with
		// a new fetch for each refresh their number would grow.
		f.refresh = rf
	} else {
		f = &fetch[T]{since: time.Now(), refresh: rf}
		e.fetch = f
	}
	rf.watchdog = time.AfterFunc(timeout, func() { e.giveUp(f, rf, timeout) })
	e.mu.Unlock()
	if !running {
		detach.Run(
			func() (T, error) { return e.driver.Fetch(ctx) },
			func(v T, err error) { e.fetched(f, v, err) })
	}
}

// fetched passes a result to the refresh that waits for it.
func (e *Engine[T]) fetched(f *fetch[T], v T, err error) {
	e.mu.Lock()
	rf := f.refresh
	e.fetch = nil
	if rf != nil {
		rf.watchdog.Stop()
		f.refresh = nil
	} else if err == nil && e.running.Load() == nil {
		// The refresh has timed out, but the value can be used.
		rf = &refresh[T]{began: f.since, done: make(chan struct{})}
		e.running.Store(rf)
	}
	e.mu.Unlock()
	if rf != nil {
		e.settle(rf, v, err)
	}
}

// giveUp ends a refresh whose fetch has not returned.
func (e *Engine[T]) giveUp(f *fetch[T], rf *refresh[T], after time.Duration) {
	e.mu.Lock()
	if f.refresh != rf {
		e.mu.Unlock()
		return // it has just returned
	}
	f.refresh = nil
	e.mu.Unlock()
	var zero T
	e.settle(rf, zero, &TimeoutError{After: after, Since: f.since})
}

// settle publishes the result of a refresh, releases its callers, and calls Driver.Settled.
func (e *Engine[T]) settle(rf *refresh[T], v T, err error) {
	now := time.Now()
	ev := Event[T]{Began: rf.began, Ended: now}
	if f := e.state.Load().rec().failure; f != nil {
		ev.Before, ev.FailedSince = int(f.failures), time.Unix(0, f.first)
	}
	if err == nil {
		if n := e.accept(rf, v, now); n != nil {
			rf.value, ev.Value = &n.value, &n.value
			ev.Status = e.finish(rf, n).status(now.UnixNano())
			e.driver.Settled(ev)
			return
		}
		err = ErrExpiredAnswer
	}
	rf.err, rf.permanent = err, !e.driver.Temporary(err)
	rf.failing.Store(true)
	ev.Err, ev.Permanent = err, rf.permanent
	ev.Status = e.finishFailed(rf, now)
	e.driver.Settled(ev)
}

// accept returns the state with the new value, or nil if the value has already expired.
func (e *Engine[T]) accept(rf *refresh[T], v T, now time.Time) *state[T] {
	n := &state[T]{value: v}
	start := rf.began
	if rf.turn != nil {
		start = rf.turn.began // the wait at the gate does not count as life
	}
	jitter := e.rules.Chance()
	if !n.succeed(now, start, e.driver.Expiry(v), e.rules.MinLife, e.rules.AdvisoryWindow, jitter) {
		return nil
	}
	if d, ok := e.driver.(Renewer[T]); ok {
		n.renewBefore(start, d.RenewBefore(v), e.rules.AdvisoryWindow, jitter)
	}
	if old := e.state.Load().rec(); old.invalid() {
		n.invalidRow = old.invalidRow
	}
	e.driver.Prepare(&n.value, n.windows())
	return n
}

// finishFailed publishes a failure. Rules.Backoff may choose the backoff. The failure is published
// even if that function panics.
func (e *Engine[T]) finishFailed(rf *refresh[T], now time.Time) (st Status) {
	f, remaining := e.failed(rf, now)
	defer func() { st = e.finish(rf, &state[T]{record: record{failure: f}}).status(now.UnixNano()) }()
	if choose := e.rules.Backoff; choose != nil && f.retryAt != 0 && !f.permanent {
		at := now.UnixNano()
		f.retryAt, f.exact = at+min(max(0, int64(choose(int(f.failures), remaining))), never-at), true
	}
	return st
}

// finish publishes the result of a refresh and releases its callers. A state without a value is a
// failure, which keeps the old value.
func (e *Engine[T]) finish(rf *refresh[T], n *state[T]) *state[T] {
	rf.turn.end()
	e.mu.Lock()
	if s := e.state.Load(); s != nil && !n.has {
		f := n.failure
		*n = *s // the current state: the value may have been invalidated meanwhile
		n.failure = f
	}
	e.running.Store(nil)
	e.publish(n)
	e.mu.Unlock()
	close(rf.done)
	return n
}

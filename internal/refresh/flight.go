package refresh

import (
	"context"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// A flight is one try to get a new value, and what its callers wait for.
type flight[T any] struct {
	began time.Time
	lets  time.Time     // when the gate let it begin; zero without a gate
	need  time.Time     // when somebody needs the value
	urge  chan struct{} // closed by hurry; nil without a gate
	once  sync.Once     // guards the closing of urge
	quit  chan struct{} // closed when a queued flight is given up; nil without a gate

	queued  bool // it waits at the gate; guarded by Engine.mu, as the next two
	waiters int  // callers who have nothing until it ends
	kept    bool // it is wanted without them: it renews a valid value, or nobody was to wait for it

	leave    func()      // ends the stay at the gate; set before watchdog
	watchdog *time.Timer // gives the flight up; guarded by Engine.mu

	failing atomic.Bool   // err and denied are set, and the failure is being entered
	done    chan struct{} // closed when the outcome has been entered

	value  *T    // after done, on success
	err    error // after failing, or done
	denied bool  // after failing, or done
}

// hurry tells the gate that somebody waits.
func (fl *flight[T]) hurry() {
	if fl.urge != nil {
		fl.once.Do(func() { close(fl.urge) })
	}
}

// A call is one run of the fetch function. It outlives its flight when the
// function does not heed its context.
type call[T any] struct {
	since  time.Time
	flight *flight[T] // who waits for it; nil when it was left behind; guarded by Engine.mu
}

// insideKey marks the context of a flight, with the flight as its value.
type insideKey[T any] struct{ e *Engine[T] }

// inside reports whether the caller is the fetch of the flight under way, which
// would wait for itself.
func (e *Engine[T]) inside(ctx context.Context) bool {
	fl, ok := ctx.Value(insideKey[T]{e}).(*flight[T])
	return ok && fl == e.flight.Load()
}

// launch returns the flight under way, or starts one if the state is still the
// one that asked for it; otherwise it returns nil. urgent says that the caller
// will wait.
func (e *Engine[T]) launch(ctx context.Context, seen *state[T], urgent bool) *flight[T] {
	fl := e.flight.Load()
	if fl == nil {
		fl = e.start(ctx, seen, urgent)
	}
	if fl == nil || !e.enlist(fl, seen, urgent) {
		return nil
	}
	if urgent {
		fl.hurry()
	}
	return fl
}

func (e *Engine[T]) start(ctx context.Context, seen *state[T], urgent bool) *flight[T] {
	now := time.Now()
	fl := &flight[T]{began: now, need: now, done: make(chan struct{})}
	if e.rules.Gate != nil {
		fl.urge, fl.quit, fl.queued = make(chan struct{}), make(chan struct{}), true
		if r := seen.rec(); r.has && !r.invalid && (!urgent || !r.valid(now.UnixNano())) {
			fl.need = time.Unix(0, r.needed())
		}
	}
	ctx = context.WithValue(context.WithoutCancel(ctx), insideKey[T]{e}, fl)
	e.mu.Lock()
	defer e.mu.Unlock()
	if other := e.flight.Load(); other != nil {
		return other
	}
	if e.state.Load() != seen {
		return nil
	}
	e.flight.Store(fl)
	go e.fly(ctx, fl)
	return fl
}

// enlist counts a caller who will wait, or notes that the flight is wanted
// without one. It returns false if the flight is not under way any more. Only
// at a gate it matters who waits: elsewhere a flight has begun and goes on.
func (e *Engine[T]) enlist(fl *flight[T], seen *state[T], urgent bool) bool {
	if fl.quit == nil {
		return true
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.flight.Load() != fl:
		return false
	case urgent:
		fl.waiters++
	}
	if !urgent || seen.rec().valid(time.Now().UnixNano()) {
		fl.kept = true
	}
	return true
}

// withdraw takes back the wish of a caller whose context has ended. A flight
// that nobody wants leaves the gate, or those who gave up would be served
// before those who wait.
func (e *Engine[T]) withdraw(fl *flight[T]) {
	if fl.quit == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	fl.waiters--
	if fl.waiters == 0 && !fl.kept && fl.queued && e.flight.Load() == fl {
		e.flight.Store(nil)
		close(fl.quit)
		e.signal()
	}
}

// pass waits at the gate. It reports whether the flight may begin.
func (e *Engine[T]) pass(fl *flight[T]) bool {
	leave := e.rules.Gate.Enter(fl.need, fl.urge, fl.quit)
	if leave == nil {
		return false
	}
	e.mu.Lock()
	fl.queued = false
	wanted := e.flight.Load() == fl
	e.mu.Unlock()
	if !wanted {
		leave()
		return false
	}
	fl.leave, fl.lets = leave, time.Now()
	return true
}

// fly is the goroutine of a flight.
func (e *Engine[T]) fly(ctx context.Context, fl *flight[T]) {
	fl.leave = func() {}
	if e.rules.Gate != nil && !e.pass(fl) {
		return
	}
	timeout := e.timeout()
	// The fetch is told to stop a little before its callers stop waiting, so
	// that they get its own account of what took so long.
	ctx, cancel := context.WithTimeout(ctx, timeout-min(timeout/50, 100*time.Millisecond))
	defer cancel()

	e.mu.Lock()
	c, running := e.call, e.call != nil
	if running {
		// A call was left behind by an earlier flight. Another one beside it
		// would pile up with each flight, so this one takes it over: it may
		// return yet.
		c.flight = fl
	} else {
		c = &call[T]{since: time.Now(), flight: fl}
		e.call = c
	}
	fl.watchdog = time.AfterFunc(timeout, func() { e.giveUp(c, fl, timeout) })
	e.mu.Unlock()
	if !running {
		e.fetch(ctx, c)
	}
}

// fetch runs the fetch function. A panic and a Goexit in it are its failure.
func (e *Engine[T]) fetch(ctx context.Context, c *call[T]) {
	var (
		v        T
		err      error
		returned bool
	)
	defer func() {
		if !returned {
			if p := recover(); p != nil {
				err = &PanicError{Value: p, Stack: debug.Stack()}
			} else {
				err = ErrGoexit
			}
		}
		e.land(c, v, err)
	}()
	v, err = e.driver.Fetch(ctx)
	if err != nil {
		_ = err.Error() // one that has no text, as a nil pointer in an error, is a panic too, and better here than where it is logged
	}
	returned = true
}

// land takes the result of a call to the flight that waits for it.
func (e *Engine[T]) land(c *call[T], v T, err error) {
	e.mu.Lock()
	fl := c.flight
	e.call = nil
	if fl != nil {
		fl.watchdog.Stop()
		c.flight = nil
	} else if err == nil && e.flight.Load() == nil {
		// It was given up, but a good answer is a good answer.
		fl = &flight[T]{began: c.since, leave: func() {}, done: make(chan struct{})}
		e.flight.Store(fl)
	}
	e.mu.Unlock()
	if fl != nil {
		e.settle(fl, v, err)
	}
}

// giveUp ends a flight whose call has not returned, and leaves the call behind.
func (e *Engine[T]) giveUp(c *call[T], fl *flight[T], after time.Duration) {
	e.mu.Lock()
	if c.flight != fl {
		e.mu.Unlock()
		return // it has just landed
	}
	c.flight = nil
	e.mu.Unlock()
	var zero T
	e.settle(fl, zero, &TimeoutError{After: after, Since: c.since})
}

// settle enters the outcome of a flight, releases its callers, and tells the
// listener.
func (e *Engine[T]) settle(fl *flight[T], v T, err error) {
	now := time.Now()
	if err == nil {
		if n := e.admit(fl, v, now); n != nil {
			fl.value = &n.value
			e.enter(fl, n)
			e.driver.Settled(Event[T]{Value: fl.value, Began: fl.began, Ended: now, Status: n.status(now.UnixNano())})
			return
		}
		err = ErrExpiredAnswer
	}
	fl.err = err
	fl.denied = !e.driver.Recoverable(err)
	fl.failing.Store(true)
	st := e.enterFailure(fl, now)
	e.driver.Settled(Event[T]{Err: err, Denied: fl.denied, Began: fl.began, Ended: now, Status: st})
}

// enterFailure enters a failure, with the pause that an option may choose. It
// is entered also if the option's function does not return.
func (e *Engine[T]) enterFailure(fl *flight[T], now time.Time) (st Status) {
	bad, remaining := e.failed(fl, now)
	defer func() { st = e.enter(fl, &state[T]{record: record{trouble: bad}}).status(now.UnixNano()) }()
	if f := e.rules.Backoff; f != nil && bad.retryAt != 0 && !bad.denied {
		at := now.UnixNano()
		bad.retryAt, bad.exact = at+min(max(0, int64(f(int(bad.failures), remaining))), never-at), true
	}
	return st
}

// enter publishes what came of the flight and releases its callers. A state
// without a value is a failure, which leaves the value as it is.
func (e *Engine[T]) enter(fl *flight[T], n *state[T]) *state[T] {
	if fl.leave != nil {
		fl.leave()
	}
	e.mu.Lock()
	if s := e.state.Load(); s != nil && !n.has {
		bad := n.trouble
		*n = *s // as it is now: it may have been dropped meanwhile
		n.trouble = bad
		n.fresh = n.freshness()
	}
	e.state.Store(n)
	e.flight.Store(nil)
	e.signal()
	e.mu.Unlock()
	close(fl.done)
	return n
}

package refresh

import (
	"context"
	"sync"
	"time"
)

// A Gate decides when a refresh may start, for example to spread the refreshes of many engines.
type Gate interface {
	// Enter waits until the refresh may start and returns a function that is called at its end. It
	// returns nil after quit was closed. The context has the values of the context of Fetch and no
	// cancellation. need is when the value is needed: when the old one expires, or now without a
	// value. After a failure it is not before the end of the backoff, so that a refresh that always
	// fails does not overtake others. urge is closed when a caller begins to wait, quit when no
	// caller wants the value any more.
	Enter(ctx context.Context, need time.Time, urge, quit <-chan struct{}) (leave func())
}

// A turn is the wait of a refresh at the gate, and the callers on whose behalf it waits.
type turn struct {
	need  time.Time     // when the value is needed
	urge  chan struct{} // closed by hurry
	once  sync.Once     // guards the closing of urge
	quit  chan struct{} // closed when the refresh is abandoned
	leave func()        // set when the refresh has passed the gate
	began time.Time     // when it passed

	// Guarded by Engine.mu.
	waiting bool // at the gate
	callers int  // that get no value before the refresh ends
	keep    bool // the refresh is wanted without them: the old value is valid, or Run or Kick started it
}

// newTurn returns a turn for a refresh that starts now. urgent reports whether a caller waits.
func newTurn(now time.Time, r *record, urgent bool) *turn {
	t := &turn{need: now, urge: make(chan struct{}), quit: make(chan struct{}), waiting: true}
	if r.has && !r.invalid() && (!urgent || !r.valid(now.UnixNano())) {
		t.need = time.Unix(0, r.needed())
	}
	return t
}

// hurry tells the gate that a caller waits. It accepts nil.
func (t *turn) hurry() {
	if t != nil {
		t.once.Do(func() { close(t.urge) })
	}
}

// end tells the gate that the refresh has ended. It accepts nil.
func (t *turn) end() {
	if t != nil && t.leave != nil {
		t.leave()
	}
}

// pass waits at the gate. It reports whether the refresh may start.
func (e *Engine[T]) pass(ctx context.Context, rf *refresh[T]) bool {
	leave := e.rules.Gate.Enter(ctx, rf.turn.need, rf.turn.urge, rf.turn.quit)
	if leave == nil {
		return false
	}
	e.mu.Lock()
	rf.turn.waiting = false
	wanted := e.running.Load() == rf
	e.mu.Unlock()
	if !wanted {
		leave()
		return false
	}
	rf.turn.leave, rf.turn.began = leave, time.Now()
	return true
}

// enlist counts a caller that will wait, or notes that the refresh is wanted without one. It
// returns false if the refresh is not running any more. Without a gate a refresh has started and is
// not abandoned, so nothing is counted.
func (e *Engine[T]) enlist(rf *refresh[T], seen *state[T], urgent bool) bool {
	if rf.turn == nil {
		return true
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.running.Load() != rf {
		return false
	}
	if urgent {
		rf.turn.callers++
	}
	if !urgent || seen.rec().valid(time.Now().UnixNano()) {
		rf.turn.keep = true
	}
	return true
}

// withdraw removes a caller whose context has ended. A refresh that no caller wants any more leaves
// the gate, so that it does not delay those that callers wait for.
func (e *Engine[T]) withdraw(rf *refresh[T]) {
	if rf.turn == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	rf.turn.callers--
	if rf.turn.callers == 0 && !rf.turn.keep && rf.turn.waiting && e.running.Load() == rf {
		e.running.Store(nil)
		close(rf.turn.quit)
		e.signal()
	}
}

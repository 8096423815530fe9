package refresh

import (
	"context"
	"time"

	"github.com/onafed/onafed/internal/retry"
)

const (
	// maxSleep is the longest sleep of Run. A timer does not run while the machine is suspended, and
	// does not follow changes of the clock.
	maxSleep = time.Minute

	// minAge is the least time between two refreshes of Run.
	minAge = 100 * time.Millisecond

	// maxRunPause is the longest backoff of Run after a permanent failure.
	maxRunPause = 5 * time.Minute
)

// Due returns when a call would next start a refresh. The time is not in the future when a call
// would do so now. ok is false if there is neither a value nor a failure, and if the value does not
// expire.
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

// Kick starts a refresh if a call would, and does not wait for it.
func (e *Engine[T]) Kick(ctx context.Context) {
	s := e.state.Load()
	if act := decide(time.Now().UnixNano(), s.rec(), e.rules); act != serve && act != fail {
		e.launch(ctx, s, false)
	}
}

// Run fetches the first value at once and each next one when it is due, until ctx is done, so that
// callers do not wait. It returns the error of ctx. One Run is enough: with two, each may notice a
// change up to a minute late.
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
			continue // select may choose another case that is ready
		}
		t.Reset(e.refreshDue(ctx))
	}
}

// refreshDue starts a refresh if one is due, and returns when to look again.
func (e *Engine[T]) refreshDue(ctx context.Context) time.Duration {
	if e.running.Load() != nil {
		return maxSleep // its end wakes Run
	}
	now := time.Now().UnixNano()
	s := e.state.Load()
	at := s.rec().runDue(now)
	if at > now {
		return time.Duration(min(at-now, int64(maxSleep)))
	}
	e.launch(ctx, s, false)
	return maxSleep
}

// runDue returns when Run starts the next refresh. Callers may start one earlier: at once after a
// failed first refresh, and within seconds after a permanent failure.
func (r *record) runDue(now int64) int64 {
	at := r.due(now)
	if f := r.failure; f != nil && f.at <= now+int64(maxStepBackInPause) {
		switch {
		case f.permanent:
			at = max(at, f.retryAt, f.at+int64(retry.Exponential(5*time.Second, int(f.failures), maxRunPause)))
		case !r.has:
			at = max(at, f.at+int64(backoff(int(f.failures), 0, 0, 1)))
		}
	}
	if r.has && now >= r.obtained {
		at = max(at, r.obtained+int64(minAge)) // values without life must not be fetched in a loop
	}
	return at
}

// signal wakes Run. The caller holds mu.
func (e *Engine[T]) signal() {
	if e.wake == nil {
		return
	}
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

package refresh

import (
	"context"
	"time"
)

// ValueFor is Value for a caller that needs the value for some time. If the value is valid for less
// than life, and for less than half of its lifetime, ValueFor waits for a refresh. It returns the
// value with less life if that refresh fails temporarily, and during the backoff after a failure.
// Other callers do not wait: the value is not invalidated.
func (e *Engine[T]) ValueFor(ctx context.Context, life time.Duration) (*T, error) {
	v, err := e.Value(ctx)
	if err != nil || e.inside(ctx) {
		return v, err
	}
	s := e.state.Load()
	now := time.Now().UnixNano()
	if s.lasts(now, life) {
		return &s.value, nil // not v, which may be older
	}
	if s.held(now) {
		return v, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	rf := e.launch(ctx, s, true)
	if rf == nil {
		return e.Value(ctx) // a refresh has ended since the state was read
	}
	return e.await(ctx, rf, s, wait)
}

// lasts reports whether the value is valid for life, or for half of its lifetime.
func (r *record) lasts(now int64, life time.Duration) bool {
	return r.valid(now) && (r.end == never || r.expire-now >= min(int64(life), r.life/2))
}

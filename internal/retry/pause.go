package retry

import (
	"context"
	"time"
)

// Pause waits for d and returns true. If ctx ends before that, or has a deadline before that, Pause
// returns false at once.
func Pause(ctx context.Context, d time.Duration) bool {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= d {
		return false
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

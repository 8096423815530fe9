package retry_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onafed/onafed/internal/retry"
)

func TestPause(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		timeout time.Duration
		want    bool
		took    time.Duration
	}{
		"before the deadline": {time.Minute, true, time.Second},
		"after the deadline":  {time.Second, false, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), tt.timeout)
			defer cancel()
			begin := time.Now()
			if got := retry.Pause(ctx, time.Second); got != tt.want || time.Since(begin) != tt.took {
				t.Errorf("%s: Pause = %v after %s, want %v after %s", name, got, time.Since(begin), tt.want, tt.took)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		begin := time.Now()
		if retry.Pause(ctx, time.Hour) || time.Since(begin) != time.Second {
			t.Errorf("Pause returned after its context, by %s", time.Since(begin)-time.Second)
		}
	})
}

package retry_test

import (
	"math"
	"testing"
	"time"

	"github.com/onafed/onafed/internal/retry"
)

func TestExponential(t *testing.T) {
	t.Parallel()
	const s = time.Second
	for _, tt := range []struct {
		base     time.Duration
		failures int
		limit    time.Duration
		want     time.Duration
	}{
		{s, -1, 9 * s, s},
		{s, 0, 9 * s, s},
		{s, 1, 9 * s, s},
		{s, 2, 9 * s, 2 * s},
		{s, 4, 9 * s, 8 * s},
		{s, 5, 9 * s, 9 * s},
		{s, math.MaxInt, 9 * s, 9 * s},
		{s, 1, s / 2, s / 2},
		{s, 100, math.MaxInt64, math.MaxInt64}, // does not overflow
		{0, 9, s, 0},
		{s, 3, -s, -s},
	} {
		if got := retry.Exponential(tt.base, tt.failures, tt.limit); got != tt.want {
			t.Errorf("Exponential(%s, %d, %s) = %s, want %s", tt.base, tt.failures, tt.limit, got, tt.want)
		}
	}
}

func TestJitterStaysInItsRange(t *testing.T) {
	t.Parallel()
	for _, d := range []time.Duration{-1, 0, 1, 2, 3, 10, time.Second} {
		for range 200 {
			if got := retry.FullJitter(d); got < 0 || got >= max(d, 1) {
				t.Errorf("FullJitter(%d) = %d", d, got)
			}
			if got := retry.EqualJitter(d); d >= 0 && (got < d/2 || got > d) {
				t.Errorf("EqualJitter(%d) = %d", d, got)
			}
		}
	}
}

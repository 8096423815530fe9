package awsfed

// From within: no test can make the two clocks disagree.

import (
	"testing"
	"time"
)

func TestJumped(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name       string
		wall, mono time.Duration
		want       bool
	}{
		{"both alike", time.Hour, time.Hour, false},
		{"NTP corrects", time.Hour + 2*time.Second, time.Hour, false},
		{"suspended for a minute", 2 * time.Minute, time.Minute, true},
		{"set forward", 25 * time.Hour, time.Hour, true},
		{"set back", -time.Hour, time.Minute, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := jumped(tt.wall, tt.mono); got != tt.want {
				t.Errorf("jumped(%v, %v) = %v, want %v", tt.wall, tt.mono, got, tt.want)
			}
		})
	}
}

package retry_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/onafed/onafed/internal/retry"
)

func TestAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for in, want := range map[string]time.Duration{
		"":                               0,
		"0":                              0,
		"1":                              time.Second,
		" 120 ":                          2 * time.Minute,
		"1.5":                            1500 * time.Millisecond,
		"-1":                             0,
		"+1":                             0,
		"1e3":                            0,
		"0x10":                           0,
		"1_0":                            0,
		"NaN":                            0,
		"Inf":                            0,
		"99999999999999999999":           retry.MaxAfter,
		"86401":                          retry.MaxAfter,
		"soon":                           0,
		"Sun, 22 Nov 2026 12:00:30 GMT":  30 * time.Second,
		"Sun, 22 Nov 2026 11:00:00 GMT":  0,
		"Sunday, 22-Nov-26 12:00:30 GMT": 30 * time.Second,
		"Fri, 31 Dec 9999 23:59:59 GMT":  retry.MaxAfter,
		strings.Repeat("1", 65):          0,
	} {
		if got := retry.After(http.Header{"Retry-After": {in}}, now); got != want {
			t.Errorf("After(%q) = %s, want %s", in, got, want)
		}
	}
}

// FuzzAfter checks that the wait is never negative and never longer than a day.
func FuzzAfter(f *testing.F) {
	for _, s := range []string{"", "0", "1", "1.5", "-1", "1e300", "99999999999999999999", "NaN", "Sun, 22 Nov 2026 12:00:30 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"} {
		f.Add(s, "Sun, 22 Nov 2026 11:59:00 GMT")
	}
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, v, date string) {
		if d := retry.After(http.Header{"Retry-After": {v}, "Date": {date}}, now); d < 0 || d > retry.MaxAfter {
			t.Errorf("After(%q) = %s", v, d)
		}
	})
}

// The longer of both headers counts, and a date is relative to the clock of the server.
func TestAfterOfTwoHeaders(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		h    http.Header
		want time.Duration
	}{
		"the longer one":     {http.Header{"Ratelimit-Retryafter": {"9"}, "Retry-After": {"5"}}, 9 * time.Second},
		"the server's clock": {http.Header{"Retry-After": {"Sun, 22 Nov 2026 12:10:30 GMT"}, "Date": {"Sun, 22 Nov 2026 12:10:00 GMT"}}, 30 * time.Second},
		"no header":          {nil, 0},
	} {
		if got := retry.After(tt.h, now); got != tt.want {
			t.Errorf("%s: After = %s, want %s", name, got, tt.want)
		}
	}
}

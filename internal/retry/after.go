package retry

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// MaxAfter is what a longer wait is taken for, so that adding it to a time does not overflow.
const MaxAfter = 24 * time.Hour

// After returns how long the server asks to be left alone by its headers: the longer of RateLimit-RetryAfter in seconds, which
// is what the Ona API sends, and Retry-After (RFC 9110 section 10.2.3) in seconds or as a date. A date is compared with the
// answer's own Date, since our clock may differ from the server's; without that with now. It is at most [MaxAfter].
func After(h http.Header, now time.Time) time.Duration {
	if d, err := http.ParseTime(h.Get("Date")); err == nil {
		now = d
	}
	return max(parse(h.Get("RateLimit-RetryAfter"), now), parse(h.Get("Retry-After"), now))
}

// parse reads seconds, whole or with a fraction, or an HTTP date. What is neither, or is not in the future, is 0.
func parse(v string, now time.Time) time.Duration {
	v = strings.TrimSpace(v)
	if v == "" || len(v) > 64 {
		return 0
	}
	if c := v[0]; '0' <= c && c <= '9' {
		s, err := strconv.ParseFloat(v, 64)
		if err != nil || s != s || strings.ContainsAny(v, "xXpPeE_") {
			return 0
		}
		if s >= MaxAfter.Seconds() {
			return MaxAfter
		}
		return time.Duration(s * float64(time.Second))
	}
	t, err := http.ParseTime(v)
	if err != nil {
		return 0
	}
	return min(max(t.Sub(now), 0), MaxAfter)
}

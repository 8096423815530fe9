package retry

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// MaxAfter is the longest result of [After]. Adding it to a time does not overflow.
const MaxAfter = 24 * time.Hour

// After returns how long a server asks the client to wait, at most [MaxAfter]. It reads the headers
// RateLimit-RetryAfter, which the Ona API sends, and Retry-After (RFC 9110 section 10.2.3), in
// seconds or as a date, and returns the longer time. A date is compared with the Date header,
// because the clocks may differ, or with now if there is no Date header.
func After(h http.Header, now time.Time) time.Duration {
	if d, err := http.ParseTime(h.Get("Date")); err == nil {
		now = d
	}
	return max(parse(h.Get("RateLimit-RetryAfter"), now), parse(h.Get("Retry-After"), now))
}

// parse returns the wait for a number of seconds, with or without a fraction, or for an HTTP date. It
// returns 0 for any other text, and for a date in the past.
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

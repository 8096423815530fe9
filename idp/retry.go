package idp

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// backoffBase and backoffCap bound the sleep between two tries of one call. Full jitter (a random part of the bound,
	// not the bound and a little) spreads the environments that an outage synchronized.
	backoffBase = 500 * time.Millisecond
	backoffCap  = 5 * time.Second
	// retryAfterCap is the longest wait for which a call sleeps because a server asked for it. The caller can do something better with
	// a longer one, so it gets the error.
	retryAfterCap = 30 * time.Second
	// retryAfterMax is what a longer wait is taken for, so that adding it to a time does not overflow.
	retryAfterMax = 24 * time.Hour

	retryInfoType = "google.rpc.RetryInfo"
)

// backoff returns how long to wait after the given number of failures, 1 or more.
func backoff(failures int) time.Duration {
	bound := backoffCap
	if shift := failures - 1; shift < 4 {
		bound = min(bound, backoffBase<<shift)
	}
	return rand.N(bound) //nolint:gosec // spreading load needs no secrecy
}

// retryAfter returns how long the server asks to be left alone by its headers: the longer of RateLimit-RetryAfter in seconds, which
// is what the Ona API sends, and Retry-After (RFC 9110 section 10.2.3) in seconds or as a date. A date is compared with the
// answer's own Date, since our clock may differ from the server's; without that with now.
func retryAfter(h http.Header, now time.Time) time.Duration {
	if d, err := http.ParseTime(h.Get("Date")); err == nil {
		now = d
	}
	return max(parseRetryAfter(h.Get("RateLimit-RetryAfter"), now), parseRetryAfter(h.Get("Retry-After"), now))
}

// parseRetryAfter reads seconds, whole or with a fraction, or an HTTP date. What is neither, or is not in the future, is 0.
func parseRetryAfter(v string, now time.Time) time.Duration {
	v = strings.TrimSpace(v)
	if v == "" || len(v) > 64 {
		return 0
	}
	if c := v[0]; '0' <= c && c <= '9' {
		s, err := strconv.ParseFloat(v, 64)
		if err != nil || s != s || strings.ContainsAny(v, "xXpPeE_") {
			return 0
		}
		if s >= retryAfterMax.Seconds() {
			return retryAfterMax
		}
		return time.Duration(s * float64(time.Second))
	}
	t, err := http.ParseTime(v)
	if err != nil {
		return 0
	}
	return min(max(t.Sub(now), 0), retryAfterMax)
}

// retryInfo reads the delay of a google.rpc.RetryInfo message, as the Connect protocol carries it: protobuf in base64 with or
// without padding. Anything else is 0. The message is one field, a google.protobuf.Duration: seconds and nanoseconds.
func retryInfo(value string) time.Duration {
	if len(value) > 256 {
		return 0
	}
	b, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(value, "="))
	if err != nil {
		return 0
	}
	delay, _, ok := protoField(b, 1)
	if !ok {
		return 0
	}
	_, seconds, _ := protoField(delay, 1)
	_, nanos, _ := protoField(delay, 2)
	if seconds >= uint64(retryAfterMax/time.Second) { // a negative number is a huge one here
		if int64(seconds) < 0 {
			return 0
		}
		return retryAfterMax
	}
	return time.Duration(seconds)*time.Second + time.Duration(min(nanos, uint64(time.Second-1)))
}

// protoField returns the last field of the given number in a protobuf message, as bytes or as a number, whichever it is.
// The package google.golang.org/protobuf would be a dependency for these two numbers.
func protoField(b []byte, number uint64) (data []byte, value uint64, ok bool) {
	for len(b) > 0 {
		tag, n := binary.Uvarint(b)
		if n <= 0 {
			return nil, 0, false
		}
		b = b[n:]
		var d []byte
		var v uint64
		switch tag & 7 {
		case 0: // varint
			v, n = binary.Uvarint(b)
			if n <= 0 {
				return nil, 0, false
			}
			b = b[n:]
		case 2: // length and bytes
			size, n := binary.Uvarint(b)
			if n <= 0 || size > uint64(len(b)-n) {
				return nil, 0, false
			}
			d, b = b[n:n+int(size)], b[n+int(size):]
		case 1, 5: // fixed 64 or 32 bits
			size := 8
			if tag&7 == 5 {
				size = 4
			}
			if len(b) < size {
				return nil, 0, false
			}
			b = b[size:]
		default:
			return nil, 0, false
		}
		if tag>>3 == number {
			data, value, ok = d, v, true
		}
	}
	return data, value, ok
}

// sleep waits for d. It returns false at once when ctx ends before d is over, so that the time left is not slept away.
func sleep(ctx context.Context, d time.Duration) bool {
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

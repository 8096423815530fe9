package idp

import (
	"encoding/base64"
	"encoding/binary"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/onafed/onafed/internal/retry"
)

const (
	// backoffBase and backoffCap bound the sleep between two tries of one call. Full jitter (a random part of the bound,
	// not the bound and a little) spreads the environments that an outage synchronized.
	backoffBase = 500 * time.Millisecond
	backoffCap  = 5 * time.Second
	// retryAfterCap is the longest wait for which a call sleeps because a server asked for it. The caller can do something better with
	// a longer one, so it gets the error.
	retryAfterCap = 30 * time.Second

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
	if seconds >= uint64(retry.MaxAfter/time.Second) { // a negative number is a huge one here
		if int64(seconds) < 0 {
			return 0
		}
		return retry.MaxAfter
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

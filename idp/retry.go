package idp

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/onafed/onafed/internal/httpjson"
	"github.com/onafed/onafed/internal/retry"
)

const (
	// backoffBase and backoffLimit bound the pause between two attempts.
	backoffBase  = 500 * time.Millisecond
	backoffLimit = 5 * time.Second
	// maxRetryAfter is the longest pause that IDToken makes when a server asks for one. If the
	// server asks for a longer pause, IDToken returns the error, so that the caller can decide.
	maxRetryAfter = 30 * time.Second

	retryInfoType = "google.rpc.RetryInfo"
)

// waitToRetry reports whether another attempt may succeed after err, and pauses before it.
func (c *Client) waitToRetry(ctx context.Context, attempt int, err error) bool {
	var asked time.Duration
	if re, ok := errors.AsType[*RequestError](err); ok {
		switch {
		case re.Code == codeUnauthenticated:
			// An environment that was resumed has a new API token. If the old one was refused while
			// its file was being replaced, the file now holds the new one, and a pause would not help.
			// IDToken stops if the API token is the same.
			return true
		case !re.shouldRetry() || re.RetryAfter > maxRetryAfter:
			return false
		}
		asked = re.RetryAfter
	} else if _, ok := errors.AsType[*httpjson.TransportError](err); !ok {
		return false
	}
	if errors.Is(err, context.DeadlineExceeded) {
		// The connection may have been lost while the machine was suspended. The next attempt must
		// not wait for it again.
		c.opts.HTTPClient.CloseIdleConnections()
	}
	return retry.Pause(ctx, asked+backoff(attempt))
}

// backoff returns the pause after a number of failures. Full jitter spreads environments that failed
// together in an outage.
func backoff(failures int) time.Duration {
	return retry.FullJitter(retry.Exponential(backoffBase, failures, backoffLimit))
}

// retryInfo returns the delay of a google.rpc.RetryInfo message in the encoding of the Connect
// protocol, base64 with or without padding, or 0 if it cannot be read. Field 1 of the message is a
// google.protobuf.Duration: seconds in field 1 and nanoseconds in field 2.
func retryInfo(value string) time.Duration {
	if len(value) > 256 {
		return 0
	}
	message, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(value, "="))
	if err != nil {
		return 0
	}
	delay, _ := protowire.ConsumeBytes(field(message, 1, protowire.BytesType))
	seconds, _ := protowire.ConsumeVarint(field(delay, 1, protowire.VarintType))
	nanos, _ := protowire.ConsumeVarint(field(delay, 2, protowire.VarintType))
	switch {
	case int64(seconds) < 0: // the encoding of a negative number
		return 0
	case seconds >= uint64(retry.MaxAfter/time.Second):
		return retry.MaxAfter
	}
	return time.Duration(seconds)*time.Second + time.Duration(min(nanos, uint64(time.Second-1)))
}

// field returns the encoded value of the last field with the given number and type, or nil if there
// is no such field or the message is malformed.
func field(message []byte, number protowire.Number, typ protowire.Type) (value []byte) {
	for len(message) > 0 {
		n, t, tag := protowire.ConsumeTag(message)
		if tag < 0 {
			return nil
		}
		size := protowire.ConsumeFieldValue(n, t, message[tag:])
		if size < 0 {
			return nil
		}
		if n == number && t == typ {
			value = message[tag : tag+size]
		}
		message = message[tag+size:]
	}
	return value
}

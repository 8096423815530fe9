package awsfed

// In the package itself: limitedBody is not exported.

import (
	"errors"
	"io"
	"strings"
	"testing"
)

// A body of the largest size is read whole. A larger one is an error after as many bytes.
func TestLimitedBody(t *testing.T) {
	t.Parallel()
	const limit = 1000
	for size, want := range map[int]error{limit - 1: nil, limit: nil, limit + 1: errTooLarge, 10 * limit: errTooLarge} {
		body := &limitedBody{io.NopCloser(strings.NewReader(strings.Repeat("x", size))), limit}
		data, err := io.ReadAll(body)
		if got := string(data); !errors.Is(err, want) || got != strings.Repeat("x", min(size, limit)) {
			t.Errorf("a body of %d bytes: %d bytes, %v, want %d, %v", size, len(got), err, min(size, limit), want)
		}
		if _, err := body.Read(make([]byte, 1)); want != nil && !errors.Is(err, want) {
			t.Errorf("a body of %d bytes: another Read = %v, want the same error", size, err)
		}
	}
}

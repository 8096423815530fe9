package export

import (
	"context"
	"fmt"
	"time"

	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/internal/detach"
)

const (
	// tokenAttempt bounds one call of a source.
	tokenAttempt = time.Minute
	// tokenGrace is how long a source may take to return after its context has ended.
	tokenGrace = 100 * time.Millisecond
)

// A tokenCall calls a source that may ignore its context. At most one call runs at a time. It is
// for one goroutine.
type tokenCall struct {
	src     idp.TokenSource
	running *detach.Call[*idp.Token] // the call that did not end in time, otherwise nil
}

// token returns the token of a new call, or of the call that is still running from an earlier
// attempt.
func (c *tokenCall) token(ctx context.Context) (*idp.Token, error) {
	ctx, cancel := context.WithTimeout(ctx, tokenAttempt)
	defer cancel()
	call := c.running
	if call == nil || hasFailed(call) {
		call = detach.Go(func() (*idp.Token, error) { return c.src.Token(ctx) })
	}
	c.running = nil
	select {
	case <-call.Done():
		return call.Result()
	case <-ctx.Done():
	}
	select {
	case <-call.Done(): // the source's own error says more than that of ctx
		return call.Result()
	case <-time.After(tokenGrace):
		c.running = call
		return nil, fmt.Errorf("the source does not answer: %w", ctx.Err())
	}
}

// hasFailed reports whether an earlier call has ended with an error. The error belongs to the
// earlier attempt, but a token that arrives late can be used.
func hasFailed(call *detach.Call[*idp.Token]) bool {
	select {
	case <-call.Done():
		_, err := call.Result()
		return err != nil
	default:
		return false
	}
}

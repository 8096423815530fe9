package idptest

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/internal/detach"
)

// maxOverrun is how long a call may continue after its context has ended.
const maxOverrun = 2 * time.Second

// outcome is the result of one call of a source.
type outcome struct {
	token    *idp.Token
	err      error
	panicked bool
	overrun  bool // the call continues long after its context has ended
}

// call calls the source with ctx.
func (c *sourceCheck) call(ctx context.Context) outcome { return c.callWith(ctx, ctx) }

// callWith calls the source with sourceCtx, which ends when ctx ends, and records the result.
func (c *sourceCheck) callWith(ctx, sourceCtx context.Context) outcome {
	call := detach.Go(func() (*idp.Token, error) { return c.src.Token(sourceCtx) })
	select {
	case <-call.Done():
	case <-ctx.Done():
		timer := time.NewTimer(maxOverrun)
		defer timer.Stop()
		select {
		case <-call.Done():
		case <-timer.C:
			c.mu.Lock()
			defer c.mu.Unlock()
			c.overrun = true
			return outcome{overrun: true}
		}
	}
	var o outcome
	o.token, o.err = call.Result()
	if _, panicked := errors.AsType[*detach.PanicError](o.err); panicked {
		return outcome{panicked: true}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if o.err != nil {
		c.sourceErrs = append(c.sourceErrs, o.err)
	}
	if o.token.Raw() != "" {
		c.tokens = append(c.tokens, o.token.Raw())
	}
	return o
}

// watchedContext is a context that records whether its end was checked.
type watchedContext struct {
	context.Context //nolint:containedctx // it is a context
	checked         atomic.Bool
}

// Done implements context.Context.
func (w *watchedContext) Done() <-chan struct{} {
	w.checked.Store(true)
	return w.Context.Done()
}

// Err implements context.Context.
func (w *watchedContext) Err() error {
	w.checked.Store(true)
	return w.Context.Err()
}

package refresh

import (
	"context"
	"time"
)

// funcDriver makes the functions of Options a Driver.
type funcDriver[T any] struct {
	fetch func(context.Context) (T, error)
	opts  Options[T]
}

// Fetch calls the function given to New.
func (d *funcDriver[T]) Fetch(ctx context.Context) (T, error) { return d.fetch(ctx) }

// Expiry calls the option.
func (d *funcDriver[T]) Expiry(v T) time.Time { return d.opts.Expiry(v) }

// Start calls the option.
func (d *funcDriver[T]) Start(v T) time.Time {
	if d.opts.Start == nil {
		return time.Time{}
	}
	return d.opts.Start(v)
}

// Prepare calls the option.
func (d *funcDriver[T]) Prepare(v *T, w Windows) {
	if d.opts.Prepare != nil {
		d.opts.Prepare(v, w)
	}
}

// Recoverable calls the option.
func (d *funcDriver[T]) Recoverable(err error) bool {
	return d.opts.Recoverable == nil || d.opts.Recoverable(err)
}

// RetryAfter calls the option.
func (d *funcDriver[T]) RetryAfter(err error) time.Duration {
	if d.opts.RetryAfter == nil {
		return 0
	}
	return d.opts.RetryAfter(err)
}

// Settled calls OnFlight.
func (d *funcDriver[T]) Settled(ev Event[T]) {
	if d.opts.OnFlight != nil {
		d.opts.OnFlight(ev)
	}
}

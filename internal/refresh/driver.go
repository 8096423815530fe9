package refresh

import (
	"context"
	"time"
)

// A Driver is what an engine works for: the functions of [Options] as one value,
// for those who have many engines. See there for what they do.
type Driver[T any] interface {
	// Fetch brings a value. It is called by one goroutine at a time.
	Fetch(ctx context.Context) (T, error)
	// Expiry tells when a value ends; the zero time is never.
	Expiry(v T) time.Time
	// Start tells when its life began; the zero time is with its flight.
	Start(v T) time.Time
	// Prepare may complete a value before anybody sees it.
	Prepare(v *T, w Windows)
	// Recoverable tells whether a failure may pass.
	Recoverable(err error) bool
	// RetryAfter tells how long the other side asked to be left alone.
	RetryAfter(err error) time.Duration
	// Settled is called after each flight, when its callers have been
	// released. It may call the engine.
	Settled(ev Event[T])
}

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

package refresh

import "time"

// DefaultAttemptTimeout bounds a flight when [Options].AttemptTimeout is zero.
// Seconds and not milliseconds: a starved scheduler looks like a dead network.
const DefaultAttemptTimeout = 30 * time.Second

// Options tells an [Engine] how its values live and die. Only Expiry is
// required. The functions are called by the goroutine of a flight, never under
// a lock, and may be called by several engines at once when those share the
// options.
type Options[T any] struct {
	Rules

	// Expiry tells when a value ends, by the local wall clock. The zero time
	// is a value that never ends.
	Expiry func(T) time.Time

	// Start tells when the life of a value began. Nil, or the zero time, is
	// the beginning of the flight that brought it.
	Start func(T) time.Time

	// Recoverable tells whether the same fetch may succeed later with nobody
	// changing anything. Nil means that every error is recoverable.
	Recoverable func(error) bool

	// RetryAfter tells how long the other side asked to be left alone; zero
	// means that it did not. Nil means never. The default backoff obeys it as
	// far as the life that is left allows.
	RetryAfter func(error) time.Duration

	// Prepare may complete a value with the times chosen for it before
	// anybody sees it.
	Prepare func(*T, Windows)

	// OnFlight is called after each flight, when its callers have been
	// released. It may call the engine.
	OnFlight func(Event[T])
}

// Rules are the options that are not about the type of the value. The zero
// Rules are the defaults.
type Rules struct {
	// MinLife is how much life a value must have left to be handed out from
	// the cache. A value that has less when it arrives goes to those who
	// waited for it and is fetched again by the next call.
	MinLife time.Duration

	// AdvisoryWindow is the time before the expiry from which a value is
	// refreshed behind the callers, at most nine tenths of the lifetime. Zero
	// chooses it by the lifetime, see the package's documentation.
	AdvisoryWindow time.Duration

	// AttemptTimeout bounds a flight. Zero is [DefaultAttemptTimeout].
	AttemptTimeout time.Duration

	// Backoff tells how long to wait after the given number of failures in a
	// row, at least one, with so much life left, at least zero. What it
	// returns is used as it is. Nil is the default, see the package's
	// documentation.
	Backoff func(failures int, remaining time.Duration) time.Duration

	// Gate, if not nil, lets a flight begin. AttemptTimeout counts from
	// there.
	Gate Gate

	// DropLimit is how many values in a row Invalidate may drop soon after
	// their arrival; further ones must first have served a while, which grows
	// to a minute. Zero is no limit.
	DropLimit int

	// ServeExpired hands out an ended value when the fetch after its end has
	// failed, for as long as the failures are recoverable.
	ServeExpired bool

	// KeepOnDenial hands out a valid value until its mandatory window also
	// after a failure that is not recoverable.
	KeepOnDenial bool
}

// A Gate spreads flights over time.
type Gate interface {
	// Enter returns when the flight may begin, with the function that ends
	// its stay, or nil after quit was closed. need is when somebody needs the
	// value: the end of the old one, which may be past, or the present if
	// there is none; after a failure the end of its pause, so that what fails
	// again and again gets no further ahead. urge is closed when a caller
	// begins to wait, quit when nobody wants the value any more.
	Enter(need time.Time, urge, quit <-chan struct{}) (leave func())
}

// An Event is what became of one flight.
type Event[T any] struct {
	// Value is the new value; nil after a failure. It must not be changed.
	Value *T
	// Err is nil after a success.
	Err error
	// Denied reports that Err is not recoverable.
	Denied bool
	// Began and Ended are the wall times of the flight.
	Began, Ended time.Time
	// Status is the state of the engine after the flight.
	Status Status
}

// Status is a snapshot of an engine.
type Status struct {
	// Cached reports that there is a value, valid or not.
	Cached bool
	// Valid reports that the value would still be handed out.
	Valid bool
	// Obtained is when the value arrived.
	Obtained time.Time
	// Advisory, Mandatory and Expires are when the windows of the value begin
	// and when it ends. They are zero for a value without end.
	Advisory, Mandatory, Expires time.Time
	// Refreshing reports that a flight is under way.
	Refreshing bool
	// Failures counts the failed flights since the last good one.
	Failures int
	// FailingSince is when the first of them ended; zero without failures.
	FailingSince time.Time
	// RetryAt is until when no new flight begins; zero if one may begin.
	RetryAt time.Time
	// Denied reports that the last failure is not recoverable.
	Denied bool
	// Err is the last failure; nil after a success.
	Err error
}

package refresh

import (
	"context"
	"time"
)

// A Driver fetches the values of an [Engine] and describes them. Its methods are called by the
// goroutine of a refresh, never under a lock, so they may call the engine.
type Driver[T any] interface {
	// Fetch returns a new value. There is at most one call at a time. The context has the values of
	// the context of the caller that started the refresh, but not its cancellation, and ends with
	// [Rules].AttemptTimeout.
	Fetch(ctx context.Context) (T, error)

	// Expiry returns when a value expires by the local wall clock. The zero time means never.
	Expiry(v T) time.Time

	// Prepare may complete a new value, for example with its windows, before callers get it.
	Prepare(v *T, w Windows)

	// Temporary reports whether the same fetch may succeed later without any change.
	Temporary(err error) bool

	// RetryAfter returns how long the server asked to wait before the next request; zero if it did
	// not. The default backoff is at least that long, within its limits.
	RetryAfter(err error) time.Duration

	// Settled is called after each refresh, when the callers that waited for it have their results.
	Settled(ev Event[T])
}

// A Renewer is a [Driver] whose values may have to be replaced before they expire.
type Renewer[T any] interface {
	// RenewBefore returns when something ends that a value was made with: the advisory window begins
	// as if the value expired then, but not in the first eighth of its life. The value is valid until
	// its expiry. The zero time means that there is no such end.
	RenewBefore(v T) time.Time
}

// A Retrier is a [Driver] that knows of some failures when trying again can help.
type Retrier interface {
	// RetryAt returns that time, or the zero time if it is not known. Without a valid value, the
	// default backoff after a temporary failure ends within a second after it, instead of growing.
	RetryAt(err error) time.Time
}

// An Event is the result of one refresh.
type Event[T any] struct {
	// Value is the new value; nil after a failure. It must not be changed.
	Value *T
	// Err is nil after a success.
	Err error
	// Permanent reports whether Err is a permanent failure.
	Permanent bool
	// Began and Ended are the wall clock times of the refresh.
	Began, Ended time.Time
	// Before is how many refreshes in a row failed before this one, and FailedSince is when the
	// first of them failed.
	Before      int
	FailedSince time.Time
	// Status is the state of the engine after the refresh.
	Status Status
}

package refresh

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/onafed/onafed/internal/quote"
)

var (
	// ErrExpiredAnswer is the failure of a flight whose fetch brought a value
	// that had already ended.
	ErrExpiredAnswer = errors.New("the answer has already expired")

	// ErrGoexit is the failure of a flight whose fetch ended its goroutine,
	// as testing.T.FailNow does.
	ErrGoexit = errors.New("the source ended its goroutine (runtime.Goexit)")

	// ErrReentrant is returned to a fetch that waits for its own result.
	ErrReentrant = errors.New("the source asks for the value that it is fetching")
)

// A PanicError is the failure of a flight whose fetch panicked.
type PanicError struct {
	// Value is what it panicked with.
	Value any
	// Stack is the stack of the panic.
	Stack []byte
}

// Error tells the value, quoted and cut, without the stack.
func (e *PanicError) Error() string {
	return "the source panicked: " + quote.Text(fmt.Sprint(e.Value), 200)
}

// Unwrap returns the value if it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// A TimeoutError is the failure of a flight that took too long.
type TimeoutError struct {
	// After is how long it was given.
	After time.Duration
	// Since is when the call began that has not returned.
	Since time.Time
}

// Error tells how long it was waited for.
func (e *TimeoutError) Error() string {
	return fmt.Sprintf("no answer within %v, and the source does not heed its context", e.After)
}

// Timeout returns true.
func (e *TimeoutError) Timeout() bool { return true }

// Unwrap returns [context.DeadlineExceeded].
func (e *TimeoutError) Unwrap() error { return context.DeadlineExceeded }

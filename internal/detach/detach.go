// Package detach runs a call so that its caller can stop waiting for it. The call keeps running when
// the caller's context is canceled, and has its own timeout. A panic in its goroutine is an error and
// does not end the program.
package detach

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"
)

// ErrGoexit is the error of a call that ended its goroutine, as testing.T.FailNow does.
var ErrGoexit = errors.New("the call ended its goroutine (runtime.Goexit)")

// A PanicError is the error of a call that panicked.
type PanicError struct {
	// value returns the argument of panic. It is a func, because the argument may contain a secret,
	// and code that prints by reflection cannot read the variables of a func.
	value func() any
	stack []byte
}

// Stack returns the stack of the panic.
func (e *PanicError) Stack() []byte { return e.stack }

// Error returns the text of a panic of the runtime, such as a nil dereference. For any other panic
// it returns only the type of the value, because the value may contain a secret.
func (e *PanicError) Error() string {
	value := e.value()
	if r, ok := value.(runtime.Error); ok {
		return "the call panicked: " + r.Error()
	}
	return fmt.Sprintf("the call panicked with a %T", value)
}

// Unwrap returns the value if it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.value().(error)
	return err
}

// WithTimeout returns a context with the values of ctx that is not canceled with ctx. It ends after
// d, or when the returned function is called.
func WithTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), d)
}

// Run calls call and then calls finish exactly once with its results, both in this goroutine. The
// error is a [*PanicError] if call panics, and [ErrGoexit] if it ends the goroutine. An error whose
// Error method panics, such as a nil pointer, counts as a panic of call. Otherwise the panic would
// happen later, where the error is logged.
func Run[T any](call func() (T, error), finish func(T, error)) {
	var (
		value, zero T
		err         error
		returned    bool
	)
	defer func() {
		switch p := recover(); {
		case returned:
		case p != nil:
			value, err = zero, &PanicError{value: func() any { return p }, stack: debug.Stack()}
		default:
			value, err = zero, ErrGoexit
		}
		finish(value, err)
	}()
	value, err = call()
	if err != nil {
		_ = err.Error()
	}
	returned = true
}

// A Call is a call in its own goroutine. It is safe for concurrent use.
type Call[T any] struct {
	done  chan struct{}
	value T // valid after done
	err   error
}

// Go starts call in a new goroutine, as [Run] does.
func Go[T any](call func() (T, error)) *Call[T] {
	c := &Call[T]{done: make(chan struct{})}
	go Run(call, func(value T, err error) {
		c.value, c.err = value, err
		close(c.done)
	})
	return c
}

// Done returns a channel that is closed when the call has ended.
func (c *Call[T]) Done() <-chan struct{} { return c.done }

// Result waits for the end of the call and returns its results.
func (c *Call[T]) Result() (T, error) {
	<-c.done
	return c.value, c.err
}

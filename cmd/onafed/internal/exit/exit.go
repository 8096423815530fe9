// Package exit defines the exit statuses of the program and the errors that carry one.
package exit

import (
	"errors"
	"fmt"

	"github.com/onafed/onafed/cmd/onafed/internal/flags"
)

// Exit statuses. An error without a status of its own ends the program with [No], or with [Unknown]
// if the library refuses an option, which is wrong usage.
const (
	// OK means that the command did what was asked.
	OK = 0
	// No means that the answer is no: denied, findings, no token, no credentials.
	No = 1
	// Unknown means that the question has no answer: wrong usage, input that cannot be read, an
	// undetermined decision.
	Unknown = 2
)

// Error ends the program with a status. Without Err nothing is printed, because the output of the
// command already shows the reason.
type Error struct {
	Status int
	Err    error
}

// Error implements error.
func (e *Error) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("exit status %d", e.Status)
	}
	return e.Err.Error()
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// Unanswered returns err with the status [Unknown].
func Unanswered(err error) error { return &Error{Status: Unknown, Err: err} }

// Silently returns an error that ends the program with a status and prints nothing.
func Silently(status int) error { return &Error{Status: status} }

// Status returns the exit status for err, and the error to print, which is nil for none.
func Status(err error) (status int, printed error) {
	if err == nil {
		return OK, nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Status, e.Err
	}
	if flags.IsOption(err) {
		return Unknown, err
	}
	return No, err
}

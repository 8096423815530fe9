package refresh

import (
	"context"
	"errors"
	"fmt"
	"time"
)

var (
	// ErrExpiredAnswer is the failure of a refresh that fetched an expired value.
	ErrExpiredAnswer = errors.New("the answer has already expired")

	// ErrReentrant is returned to a Fetch that waits for its own result.
	ErrReentrant = errors.New("the source asks for the value that it is fetching")
)

// A TimeoutError is the failure of a refresh whose Fetch did not return in time.
type TimeoutError struct {
	// After is the time limit.
	After time.Duration
	// Since is when the call of Fetch began. It may belong to an earlier refresh.
	Since time.Time
}

// Error names the time limit.
func (e *TimeoutError) Error() string {
	return fmt.Sprintf("no answer within %v, and the source ignores the end of its context", e.After)
}

// Timeout returns true.
func (e *TimeoutError) Timeout() bool { return true }

// Unwrap returns [context.DeadlineExceeded].
func (e *TimeoutError) Unwrap() error { return context.DeadlineExceeded }

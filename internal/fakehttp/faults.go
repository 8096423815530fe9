package fakehttp

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Faults is a list of faults of type F. The zero value is an empty list. It is safe for concurrent
// use.
type Faults[F any] struct {
	mu   sync.Mutex // guards list
	list []*entry[F]
}

type entry[F any] struct {
	fault F
	Rule
	left int // requests that the fault still applies to; 0 means no limit
}

// A Rule describes how a fault combines with others.
type Rule struct {
	Times      int           // number of requests that the fault applies to; 0 means no limit
	Delay      time.Duration // time before the response
	DelaysOnly bool          // the fault does not change the response
}

// Add appends a fault. The function that it returns removes the fault; it may be called more than once.
func (l *Faults[F]) Add(fault F, rule Rule) (remove func()) {
	e := &entry[F]{fault: fault, Rule: rule, left: rule.Times}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, e)
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.remove(e)
	}
}

// Clear removes all faults.
func (l *Faults[F]) Clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = nil
}

// Take returns the fault that applies to a request and the sum of the delays, and counts the request.
// Matching faults that only delay apply together with the next matching fault; the last one of them is
// returned if there is no other.
func (l *Faults[F]) Take(matches func(F) bool) (fault F, delay time.Duration, found bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range slices.Clone(l.list) {
		if !matches(e.fault) {
			continue
		}
		fault, delay, found = e.fault, delay+e.Delay, true
		if e.left == 1 {
			l.remove(e)
		}
		e.left = max(e.left-1, 0)
		if !e.DelaysOnly {
			break
		}
	}
	return fault, delay, found
}

func (l *Faults[F]) remove(e *entry[F]) {
	l.list = slices.DeleteFunc(l.list, func(other *entry[F]) bool { return other == e })
}

// Interrupt does what a fault does before there is a response: it waits for delay, then, if hang is
// set, until ctx ends, and returns err. It returns the error of ctx when ctx ends first.
func Interrupt(ctx context.Context, delay time.Duration, hang bool, err error) error {
	if delay > 0 {
		timer := time.NewTimer(delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if hang {
		<-ctx.Done()
	}
	if ctxErr := ctx.Err(); ctxErr != nil {
		return ctxErr
	}
	return err
}

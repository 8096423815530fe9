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
	left  int // requests that the fault still applies to; 0 means no limit
}

// Add appends a fault that applies to the given number of requests, or to all of them if times is
// 0. The function that it returns removes the fault; it may be called more than once.
func (l *Faults[F]) Add(fault F, times int) (remove func()) {
	e := &entry[F]{fault: fault, left: times}
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

// Apply calls apply with each fault, in the order in which they were added, until it returns last.
// Each fault for which it returns applied has one request less to apply to.
func (l *Faults[F]) Apply(apply func(F) (applied, last bool)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range slices.Clone(l.list) {
		applied, last := apply(e.fault)
		switch {
		case applied && e.left == 1:
			l.remove(e)
		case applied && e.left > 1:
			e.left--
		}
		if last {
			return
		}
	}
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

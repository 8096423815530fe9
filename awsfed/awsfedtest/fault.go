package awsfedtest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"syscall"
	"time"
)

// Break is a way in which an answer comes to nothing on its way.
type Break int

// The ways to break an answer.
const (
	// BreakNothing leaves the answer whole.
	BreakNothing Break = iota
	// BreakHang gives no answer until the caller's context ends or its connection closes.
	BreakHang
	// BreakReset drops the connection before the first byte of the answer.
	BreakReset
	// BreakTruncate drops the connection in the middle of the answer's body. The call itself was carried out.
	BreakTruncate
	// BreakHTML answers 502 with a page as a proxy between the client and AWS does.
	BreakHTML
	// BreakEmpty answers 200 with a well-formed document that has no credentials in it.
	BreakEmpty
)

// Fault is something that goes wrong at the STS. The fields combine: Fault{Delay: time.Second, Code: "Throttling"} is a
// throttle that comes late. The zero Fault changes nothing, for every call until it is taken away.
type Fault struct {
	// Action and RoleARN say which calls suffer. Empty means all.
	Action, RoleARN string
	// Calls is how many calls suffer. Zero means all until the function that Inject returned is called.
	Calls int

	// Delay holds the answer back.
	Delay time.Duration
	// Clock is how far the STS's clock is ahead (or, when negative, behind): in the Date header, in the expiration of the
	// credentials, and in its judgement of tokens and signatures.
	Clock time.Duration
	// Break spoils the answer.
	Break Break
	// Code makes the answer an error with this code, for example "ThrottlingException", instead of what the call would have got.
	Code string
	// Message goes with Code. Empty means what AWS says with that code.
	Message string
	// Status goes with Code. Zero means what AWS answers with that code.
	Status int
	// RetryAfter goes with Code: the header of that name, in whole seconds. Zero means no header.
	RetryAfter time.Duration
}

// Inject makes calls go wrong as f says, and returns the function that ends it. Of several faults that fit a call, delays and clocks
// add up, and the one injected first decides what else happens.
func (s *STS) Inject(f Fault) (end func()) { return s.faults.inject(f) }

// Outage switches an outage of the whole service on or off: while it is on, every call is answered 500 InternalFailure.
func (s *STS) Outage(on bool) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.outage = on
}

type faultList struct {
	mu     sync.Mutex // guards what follows
	faults []*Fault
	outage bool
}

func (l *faultList) inject(f Fault) (end func()) {
	p := &f
	l.mu.Lock()
	defer l.mu.Unlock()
	l.faults = append(l.faults, p)
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.faults = slices.DeleteFunc(l.faults, func(q *Fault) bool { return q == p })
	}
}

// take returns the sum of the faults that a call meets, and uses up one call of each.
func (l *faultList) take(action, roleARN string) (sum Fault, met bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.outage {
		sum.Code, met = "InternalFailure", true
	}
	for _, f := range l.faults {
		if f.Action != "" && f.Action != action || f.RoleARN != "" && f.RoleARN != roleARN {
			continue
		}
		met = true
		sum.Delay += f.Delay
		sum.Clock += f.Clock
		if sum.Break == BreakNothing && sum.Code == "" {
			sum.Break, sum.Code, sum.Message, sum.Status, sum.RetryAfter = f.Break, f.Code, f.Message, f.Status, f.RetryAfter
		}
		if f.Calls > 0 {
			if f.Calls--; f.Calls == 0 {
				f.Calls = -1 // used up
			}
		}
	}
	l.faults = slices.DeleteFunc(l.faults, func(f *Fault) bool { return f.Calls < 0 })
	return sum, met
}

// injected is the reason in the log for what a fault answered.
const injected = "injected"

// errReset is how a dropped connection looks to a client in memory.
var errReset = fmt.Errorf("awsfedtest: read: %w", syscall.ECONNRESET)

// suffer goes through what happens before there is an answer. An error means that there will be none.
func (f Fault) suffer(ctx context.Context) error {
	if err := wait(ctx, f.Delay); err != nil {
		return err
	}
	if f.Break == BreakHang {
		<-ctx.Done()
		return ctx.Err()
	}
	if f.Break == BreakReset {
		return errReset
	}
	return nil
}

// refusal is the error that the fault's code stands for.
func (f Fault) refusal() *apiError {
	e := refuse(f.Code, f.Message).because(injected)
	if f.Status != 0 {
		e.status = f.Status
	}
	return e
}

// wait returns nil after d, or the context's error as soon as it ends.
func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

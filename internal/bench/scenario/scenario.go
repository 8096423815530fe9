// Package scenario has the comparisons that take hours: refreshes, outages,
// denials, a storm of roles. They run in virtual time, on the real code of both
// sides and the SDK's real STS client, so their numbers are exact and do not
// depend on the machine. Each function must be called in a testing/synctest
// bubble, for which there are the tests of this package; `go run .` in the
// folder above runs them and puts what they find in its table.
package scenario

import (
	"context"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/onafed/onafed/internal/bench/fakests"
)

// latency of STS in all scenarios.
const latency = 50 * time.Millisecond

// window is what people set as ExpiryWindow of the SDK's cache; its default is
// none.
const window = 5 * time.Minute

// stall is from when on a call counts as stalled.
const stall = time.Second

// patience is how long a caller waits for credentials, by its context.
const patience = 10 * time.Second

// Tally is what callers met.
type Tally struct {
	Calls, Failed, Waited, Stalled int
	Longest                        time.Duration // wait of a call
	LeastLife                      time.Duration // left of credentials that were handed out
	STSCalls                       int
}

// A crowd calls a provider at fixed times.
type crowd struct {
	callers  int
	every    time.Duration // of each caller, evenly shifted
	from, to time.Time
	// seen, if not nil, is told of each call, one at a time.
	seen func(began time.Time, took time.Duration, err error)
}

// call lets the crowd call until its time is over.
func (c crowd) call(p aws.CredentialsProvider, s *fakests.STS) Tally {
	var (
		mu  sync.Mutex // guards sum and seen
		sum = Tally{LeastLife: 1 << 62}
		wg  sync.WaitGroup
	)
	before := len(s.Calls())
	for i := range c.callers {
		wg.Go(func() {
			at := c.from.Add(c.every * time.Duration(i) / time.Duration(c.callers))
			for ; at.Before(c.to); at = at.Add(c.every) {
				if d := time.Until(at); d > 0 {
					time.Sleep(d)
				} else if d < 0 {
					continue // it is still waiting when the next call would begin
				}
				began := time.Now()
				ctx, cancel := context.WithTimeout(context.Background(), patience)
				creds, err := p.Retrieve(ctx)
				cancel()
				took := time.Since(began)
				mu.Lock()
				sum.add(took, err)
				if err == nil {
					sum.LeastLife = min(sum.LeastLife, time.Until(s.End(creds.AccessKeyID)))
				}
				if c.seen != nil {
					c.seen(began, took, err)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	sum.STSCalls = len(s.Calls()) - before
	return sum
}

func (t *Tally) add(took time.Duration, err error) {
	t.Calls++
	if err != nil {
		t.Failed++
	}
	if took > 0 {
		t.Waited++
	}
	if took > stall {
		t.Stalled++
	}
	t.Longest = max(t.Longest, took)
}

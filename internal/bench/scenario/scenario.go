// Package scenario contains the comparisons that take hours: refreshes, outages, denials, and many roles
// at once. They run in virtual time with the real code of both sides and the SDK's real STS client, so
// their numbers are exact and do not depend on the machine. Each function must be called in a
// testing/synctest bubble, as the tests of this package do. `go run .` in the parent folder runs these
// tests and adds the results to its table.
package scenario

import (
	"context"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/onafed/onafed/internal/bench/fakests"
)

// The latency of STS in all scenarios.
const latency = 50 * time.Millisecond

// window is a common ExpiryWindow of the SDK's cache; the SDK has no window by default.
const window = 5 * time.Minute

// A call that takes longer than stall counts as stalled.
const stall = time.Second

// patience is the timeout of each call.
const patience = 10 * time.Second

// A Tally is what callers experienced.
type Tally struct {
	Calls, Failed, Waited, Stalled int
	Expired                        int           // calls that returned an expired key
	Longest                        time.Duration // longest call
	LeastLife                      time.Duration // least remaining lifetime of returned credentials
	STSCalls                       int
}

// A crowd calls a provider at fixed times.
type crowd struct {
	callers  int
	every    time.Duration // of each caller; the callers are evenly shifted
	from, to time.Time
	// seen, if not nil, is called for each call, one at a time. end is when the returned key expires.
	seen func(began time.Time, took time.Duration, end time.Time, err error)
}

// call runs the crowd.
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
					continue // the previous call is still running
				}
				began := time.Now()
				ctx, cancel := context.WithTimeout(context.Background(), patience)
				creds, err := p.Retrieve(ctx)
				cancel()
				took := time.Since(began)
				mu.Lock()
				sum.add(took, err)
				end := s.End(creds.AccessKeyID)
				if err == nil {
					sum.LeastLife = min(sum.LeastLife, time.Until(end))
					if !time.Now().Before(end) {
						sum.Expired++
					}
				}
				if c.seen != nil {
					c.seen(began, took, end, err)
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

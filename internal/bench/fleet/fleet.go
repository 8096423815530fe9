package main

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// A Plan describes the load of a fleet. The providers are the real ones, in a testing/synctest bubble.
type Plan struct {
	Name string
	// Providers is the number of providers, each in its own process: they share nothing.
	Providers int
	// Waves is the number of equal parts in which they start, one every WaveStep. The providers of a wave
	// start within a second.
	Waves    int
	WaveStep time.Duration
	// Every is how often the process of a provider calls it.
	Every time.Duration
	// Total is how long they run. From Outage on, STS is down for Down.
	Total, Outage, Down time.Duration
	// Seed makes runs of the same code equal, except for the jitter of the libraries.
	Seed uint64
}

// The lifetime of the credentials and the latency of STS.
const (
	life    = time.Hour
	latency = 50 * time.Millisecond
)

// A Side is the result of the fleet of one library.
type Side struct {
	STSCalls int
	Mean     float64 // STS calls a second, from the first hour on
	// StartPeak is the largest number of STS calls in a second of the first ten minutes after the start,
	// when every provider must call. Peak is that of the time after, and OutagePeak that of the outage and
	// the 15 minutes after it.
	StartPeak, Peak, OutagePeak int
	// Calls of the processes, and the number that failed.
	Calls, Failed int
	// Expired is the number of calls that returned an expired key.
	Expired int
	// Hurt is the number of processes with a failed call.
	Hurt int
	// Until is the time from the end of the outage to the last failed call, and Settled that to the moment
	// when the last provider with a failed refresh had new credentials.
	Until, Settled time.Duration
	// Minutes is, for each minute, the largest number of STS calls in a second.
	Minutes []int
}

// A Result is one plan with both sides.
type Result struct {
	Plan       Plan
	Ours, Peer Side
	Coming     Side // the model of the SDK's coming cache
}

// A provider is the provider of one process, on either side.
type provider interface {
	// Retrieve is the method of aws.CredentialsProvider.
	Retrieve(ctx context.Context) (aws.Credentials, error)
	// look returns until when calls return the cached credentials and start nothing, and whether the last
	// refresh failed. The time is in the past if the next call may do more.
	look() (idle time.Time, failing bool)
}

// run simulates a fleet. It must be called in a bubble.
func run(p Plan, newProvider func(s *service) provider) Side {
	begin := time.Now()
	s := &service{begin: begin, down: errDown(), from: begin.Add(p.Outage), to: begin.Add(p.Outage + p.Down), seconds: make([]atomic.Int32, int(p.Total/time.Second)+1)}
	starts := rand.New(rand.NewPCG(p.Seed, p.Seed))
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		total Side
	)
	for i := range p.Providers {
		start := begin.Add(time.Duration(i*p.Waves/p.Providers)*p.WaveStep + time.Duration(starts.Int64N(int64(time.Second))))
		wg.Go(func() {
			time.Sleep(time.Until(start))
			m := member{plan: p, service: s, provider: newProvider(s), chance: rand.New(rand.NewPCG(p.Seed, uint64(i))), start: start}
			side := m.live(begin.Add(p.Total))
			mu.Lock()
			defer mu.Unlock()
			total.Calls += side.Calls
			total.Failed += side.Failed
			total.Expired += side.Expired
			total.Hurt += side.Hurt
			total.Until, total.Settled = max(total.Until, side.Until), max(total.Settled, side.Settled)
		})
	}
	wg.Wait()
	s.sum(p, &total)
	time.Sleep(10 * time.Minute) // for running refreshes
	return total
}

// A member is the process of one provider.
type member struct {
	plan     Plan
	service  *service
	provider provider
	chance   *rand.Rand
	start    time.Time
}

// live calls the provider again and again. Calls that certainly return cached credentials are counted
// and not made, because there are millions. The first call after them comes at a random moment of the
// step, as the requests that a process serves do.
func (m *member) live(end time.Time) (side Side) {
	ctx := context.Background()
	wasFailing := false
	for at := m.start; at.Before(end); {
		time.Sleep(time.Until(at))
		creds, err := m.provider.Retrieve(ctx)
		side.Calls++
		now := time.Now()
		if err == nil && expired(creds.AccessKeyID, now) {
			side.Expired++
		}
		if err != nil {
			side.Failed++
			side.Hurt = 1
			side.Until = max(side.Until, now.Sub(m.service.to))
		}
		until, failing := m.provider.look()
		failing = failing || err != nil
		if wasFailing && !failing {
			side.Settled = max(side.Settled, now.Sub(m.service.to))
		}
		wasFailing = failing
		at = at.Add(m.plan.Every)
		if at.Before(now) {
			at = now // the call took longer than a step
		}
		if until.After(at) {
			if until.After(end) {
				until = end
			}
			side.Calls += int(until.Sub(at) / m.plan.Every)
			at = until.Add(time.Duration(m.chance.Int64N(int64(m.plan.Every))))
		}
	}
	return side
}

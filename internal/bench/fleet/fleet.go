package main

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// A Plan is what a fleet goes through. Its providers are the real ones, in a
// testing/synctest bubble.
type Plan struct {
	Name string
	// Providers is how many there are, each in a process of its own: nothing
	// is shared among them.
	Providers int
	// Waves is in how many equal parts they start, WaveStep after each other;
	// those of a wave start within a second.
	Waves    int
	WaveStep time.Duration
	// Every is how often the process of a provider asks for credentials.
	Every time.Duration
	// Total is how long they run. STS is down from Outage on, for Down.
	Total, Outage, Down time.Duration
	// Seed makes the run of the same code the same, but for the jitter of the
	// libraries.
	Seed uint64
}

// life of the credentials, and latency of STS.
const (
	life    = time.Hour
	latency = 50 * time.Millisecond
)

// Side is how one library's fleet went.
type Side struct {
	STSCalls int
	Mean     float64 // STS calls a second, from the first hour on
	// StartPeak is the most STS calls in a second of the first ten minutes
	// after the start, when everybody must call. Peak is that of the time
	// after, OutagePeak of the outage and the 15 minutes after it.
	StartPeak, Peak, OutagePeak int
	// Calls of the processes, and how many failed.
	Calls, Failed int
	// Hurt is how many processes saw a failed call.
	Hurt int
	// Until is how long after the end of the outage the last call failed, and
	// Settled how long until the last provider with a failed refresh had new
	// credentials.
	Until, Settled time.Duration
	// Minutes is the most STS calls a second in each minute.
	Minutes []int
}

// Result is one plan with both sides.
type Result struct {
	Plan       Plan
	Ours, Peer Side
}

// provider is one of either side: what a process asks.
type provider interface {
	// Retrieve is aws.CredentialsProvider's.
	Retrieve(ctx context.Context) (aws.Credentials, error)
	// look returns until when a call would be answered from the cache and
	// start nothing, in the past if the next call may do more, and whether the
	// last refresh failed.
	look() (idle time.Time, failing bool)
}

// run lets a fleet live. It must be called in a bubble.
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
			total.Hurt += side.Hurt
			total.Until, total.Settled = max(total.Until, side.Until), max(total.Settled, side.Settled)
		})
	}
	wg.Wait()
	s.sum(p, &total)
	time.Sleep(10 * time.Minute) // what is under way ends
	return total
}

// member is the process of one provider.
type member struct {
	plan     Plan
	service  *service
	provider provider
	chance   *rand.Rand
	start    time.Time
}

// live calls again and again. Calls that are answered from the cache for sure
// are counted and not made: they are millions and nothing happens. The first
// one after them comes at a random moment of the step, since the requests that
// make a process ask come when they please.
func (m *member) live(end time.Time) (side Side) {
	ctx := context.Background()
	wasFailing := false
	for at := m.start; at.Before(end); {
		time.Sleep(time.Until(at))
		_, err := m.provider.Retrieve(ctx)
		side.Calls++
		now := time.Now()
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
			at = now // it waited for longer than a step
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

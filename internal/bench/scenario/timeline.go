package scenario

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/onafed/onafed/internal/bench/fakests"
)

// A Timeline contains the calls of the same callers on both sides through refreshes and an outage.
type Timeline struct {
	Step                    time.Duration // of one slot
	Total                   time.Duration
	OutageBegin, OutageEnd  time.Duration
	Ours, Peer              []Slot
	OursTotal, PeerTotal    Tally
	Callers                 int
	Every, Life, STSLatency time.Duration
}

// A Slot is what happened to the calls that began in one step.
type Slot struct {
	Calls, Waited, Failed, STSCalls int
	Longest                         time.Duration
}

// RunTimeline runs callers with one call in every each, for three and a half hours. Credentials last an
// hour. STS is down for 20 minutes around the time when the second credentials of the SDK's cache
// expire.
func RunTimeline(callers int, every time.Duration) Timeline {
	t := Timeline{
		Step: 30 * time.Second, Total: 210 * time.Minute,
		OutageBegin: 115 * time.Minute, OutageEnd: 135 * time.Minute,
		Callers: callers, Every: every, Life: time.Hour, STSLatency: latency,
	}
	through := func(side func(*fakests.STS) aws.CredentialsProvider) ([]Slot, Tally) {
		s := &fakests.STS{Latency: latency}
		slots := slotsOf(t)
		p := side(s)
		if _, err := p.Retrieve(context.Background()); err != nil {
			return nil, Tally{Failed: -1}
		}
		begin := time.Now()
		time.AfterFunc(t.OutageBegin, func() { s.Set(fakests.Error500) })
		time.AfterFunc(t.OutageEnd, func() { s.Set(fakests.None) })
		c := crowd{callers: callers, every: every, from: begin, to: begin.Add(t.Total)}
		c.seen = func(began time.Time, took time.Duration, _ time.Time, err error) {
			sl := &slots[began.Sub(begin)/t.Step]
			sl.Calls++
			if took > 0 {
				sl.Waited++
			}
			if err != nil {
				sl.Failed++
			}
			sl.Longest = max(sl.Longest, took)
		}
		sum := c.call(p, s)
		for _, at := range s.Calls() {
			if i := at.Sub(begin) / t.Step; i >= 0 && int(i) < len(slots) {
				slots[i].STSCalls++
			}
		}
		time.Sleep(time.Minute)
		return slots, sum
	}
	t.Ours, t.OursTotal = through(func(s *fakests.STS) aws.CredentialsProvider { return fakests.Provider(s.Client()) })
	t.Peer, t.PeerTotal = through(func(s *fakests.STS) aws.CredentialsProvider { return fakests.Cache(s.Client(), 0) })
	return t
}

func slotsOf(t Timeline) []Slot { return make([]Slot, t.Total/t.Step) }

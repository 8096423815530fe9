package scenario

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/onafed/onafed/internal/bench/fakests"
)

// A Wrapped is a provider inside the SDK's cache, as config.WithCredentialsProvider creates it, through
// refreshes. Coming is inside the model of the SDK's coming cache.
type Wrapped struct {
	Ours, Peer             Tally
	OursComing, PeerComing Tally
	// Denied and DeniedComing are refusals of STS that our callers get through the cache.
	Denied, DeniedComing Denial
}

// AdvisoryWindow is the shortest advisory window of credentials of an hour.
const AdvisoryWindow = 15 * time.Minute

// MaxRaised is the goal for the time until callers get a refusal through a cache. Within the advisory
// window a cache asks our provider again after 10 seconds or less.
const MaxRaised = 11 * time.Second

// RunWrapped runs 20 callers with two calls a second each for a number of lifetimes of an hour. Our
// provider and the SDK's own are wrapped in the same way.
func RunWrapped(lives int) Wrapped {
	through := func(side func(*fakests.STS) aws.CredentialsProvider) Tally {
		s := &fakests.STS{Latency: latency}
		p := side(s)
		if _, err := p.Retrieve(context.Background()); err != nil {
			return Tally{Failed: -1}
		}
		begin := time.Now()
		t := crowd{callers: 20, every: 500 * time.Millisecond, from: begin.Add(time.Second), to: begin.Add(time.Duration(lives) * time.Hour)}.call(p, s)
		time.Sleep(time.Minute)
		return t
	}
	ours := func(s *fakests.STS) aws.CredentialsProvider { return fakests.Provider(s.Client()) }
	peer := func(s *fakests.STS) aws.CredentialsProvider { return fakests.WebIdentity(s.Client()) }
	return Wrapped{
		Ours:         through(func(s *fakests.STS) aws.CredentialsProvider { return InCache(ours(s)) }),
		Peer:         through(func(s *fakests.STS) aws.CredentialsProvider { return InCache(peer(s)) }),
		OursComing:   through(func(s *fakests.STS) aws.CredentialsProvider { return InComingCache(ours(s)) }),
		PeerComing:   through(func(s *fakests.STS) aws.CredentialsProvider { return InComingCache(peer(s)) }),
		Denied:       RunDenial(InCache),
		DeniedComing: RunDenial(InComingCache),
	}
}

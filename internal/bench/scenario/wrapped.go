package scenario

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/onafed/onafed/internal/bench/fakests"
)

// A Wrapped is a provider inside the SDK's cache, as config.WithCredentialsProvider creates it, through
// refreshes and an outage.
type Wrapped struct {
	Ours, Peer Tally
}

// AdvisoryWindow is the shortest advisory window of credentials of an hour.
const AdvisoryWindow = 15 * time.Minute

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
	return Wrapped{
		Ours: through(func(s *fakests.STS) aws.CredentialsProvider {
			return aws.NewCredentialsCache(fakests.Provider(s.Client()))
		}),
		Peer: through(func(s *fakests.STS) aws.CredentialsProvider { return fakests.Cache(s.Client(), 0) }),
	}
}

package scenario

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/onafed/onafed/internal/bench/fakests"
)

// Wrapped is a provider inside the SDK's cache, as config.WithCredentialsProvider
// makes it, through refreshes and an outage.
type Wrapped struct {
	Ours, Peer Tally
}

// AdvisoryWindow is the shortest one of an hour's credentials.
const AdvisoryWindow = 15 * time.Minute

// RunWrapped has 20 callers call twice a second each for so many lives of an hour.
// Our provider and the SDK's own, both wrapped alike.
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

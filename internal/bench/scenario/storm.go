package scenario

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/internal/bench/fakests"
)

// A Storm is many roles whose credentials expire at the same time, with an STS that answers a limited
// number of requests a second.
type Storm struct {
	Roles, Limit int
	Ours, Peer   StormSide
}

// A StormSide is the result of one side.
type StormSide struct {
	Tally
	PerRole float64 // STS calls a role
	Peak    int     // most STS calls within any second
}

// RunStorm loads the roles so that all expire together an hour later, and calls each once in two seconds
// from 40 minutes on until 5 minutes after the expiry. On both sides the roles share one SDK client.
func RunStorm(roles, limit int) Storm {
	through := func(side func(*fakests.STS) func(role string) aws.CredentialsProvider) StormSide {
		s := &fakests.STS{Latency: latency}
		begin := time.Now()
		end := begin.Add(time.Hour)
		s.Expires = func(n int, now time.Time) time.Time {
			if now.Before(begin.Add(30 * time.Minute)) {
				return end
			}
			return now.Add(time.Hour)
		}
		ps := loaded(roles, side(s))
		time.Sleep(time.Until(begin.Add(30 * time.Minute)))
		s.Limit = limit // the limit does not apply to loading
		r := StormSide{Tally: callAll(ps, s, begin.Add(40*time.Minute), begin.Add(65*time.Minute))}
		r.PerRole = float64(r.STSCalls) / float64(roles)
		calls := s.Calls()
		r.Peak = peak(calls[len(calls)-r.STSCalls:])
		time.Sleep(2 * time.Minute)
		return r
	}
	return Storm{
		Roles: roles, Limit: limit,
		Ours: through(func(s *fakests.STS) func(string) aws.CredentialsProvider {
			pool := awsfed.NewPool(s.Client(), fakests.Source{}, func(o *awsfed.PoolOptions) { o.Rate = float64(limit) })
			return func(role string) aws.CredentialsProvider {
				p, err := pool.Provider(role)
				if err != nil {
					return nil
				}
				return p
			}
		}),
		Peer: through(func(s *fakests.STS) func(string) aws.CredentialsProvider {
			client := s.Client()
			token := fakests.Retriever(fakests.RawToken(time.Now()))
			return func(role string) aws.CredentialsProvider {
				return aws.NewCredentialsCache(stscreds.NewWebIdentityRoleProvider(client, role, token))
			}
		}),
	}
}

// loaded returns providers with credentials.
func loaded(roles int, provider func(role string) aws.CredentialsProvider) []aws.CredentialsProvider {
	ps := make([]aws.CredentialsProvider, roles)
	var wg sync.WaitGroup
	for i := range ps {
		wg.Go(func() {
			ps[i] = provider(fakests.RoleARN + "-" + strconv.Itoa(i))
			_, _ = ps[i].Retrieve(context.Background()) // a provider without credentials gets some before the storm
		})
	}
	wg.Wait()
	return ps
}

// callAll calls each provider once in two seconds, spread over them evenly.
func callAll(ps []aws.CredentialsProvider, s *fakests.STS, from, to time.Time) Tally {
	const every = 2 * time.Second
	var (
		mu  sync.Mutex
		sum Tally
		wg  sync.WaitGroup
	)
	before := len(s.Calls())
	for i, p := range ps {
		wg.Go(func() {
			for at := from.Add(every * time.Duration(i) / time.Duration(len(ps))); at.Before(to); at = at.Add(every) {
				if d := time.Until(at); d > 0 {
					time.Sleep(d)
				} else if d < 0 {
					continue
				}
				began := time.Now()
				_, err := p.Retrieve(context.Background())
				mu.Lock()
				sum.add(time.Since(began), err)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	sum.STSCalls = len(s.Calls()) - before
	return sum
}

// peak returns the most calls within any second.
func peak(calls []time.Time) int {
	calls = slices.SortedFunc(slices.Values(calls), time.Time.Compare)
	most, first := 0, 0
	for i, at := range calls {
		for at.Sub(calls[first]) >= time.Second {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

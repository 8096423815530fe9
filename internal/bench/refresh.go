package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/onafed/onafed/internal/bench/fakests"
)

const (
	crowdSize = 1000
	crowdLife = 600 * time.Millisecond // of the first credentials; a refresh gives an hour
	crowdTime = 900 * time.Millisecond // how long the callers call
	crowdStep = 10 * time.Millisecond  // between two calls of a caller
	stsTime   = 50 * time.Millisecond
)

// A crossing is what the callers experienced.
type crossing struct {
	blocked  int           // callers with a call of half the STS latency or more
	p999     time.Duration // of all calls
	stsCalls int           // after the first one
}

// measureRefresh runs 1,000 goroutines with a hundred calls a second each, in real time, while the
// credentials of 0.6 s are refreshed by an STS with a latency of 50 ms. The cache of the SDK refreshes
// at the expiry, ours before it.
func measureRefresh(ctx context.Context, b *bench) error {
	var ours, peers []crossing
	var ratios, oursP, peerP, oursBlocked, peerBlocked, oursCalls []float64
	for range b.rounds {
		o, err := cross(ctx, func(s *fakests.STS) aws.CredentialsProvider { return fakests.Provider(s.Client()) })
		if err != nil {
			return err
		}
		p, err := cross(ctx, func(s *fakests.STS) aws.CredentialsProvider { return fakests.Cache(s.Client(), 0) })
		if err != nil {
			return err
		}
		ours, peers = append(ours, o), append(peers, p)
		ratios = append(ratios, float64(o.p999)/float64(p.p999))
		oursP, peerP = append(oursP, float64(o.p999)), append(peerP, float64(p.p999))
		oursBlocked, peerBlocked = append(oursBlocked, float64(o.blocked)), append(peerBlocked, float64(p.blocked))
		oursCalls = append(oursCalls, float64(o.stsCalls))
	}
	worst := slices.MaxFunc(ours, func(a, b crossing) int { return a.stsCalls - b.stsCalls })
	b.add(line{
		work: "1,000 callers through a refresh, STS latency 50 ms: p99.9 of Retrieve",
		peer: "aws.CredentialsCache: " + span(median(peerP)), ours: span(median(oursP)),
		ratio: ratioText(median(ratios)), goal: "<= 0.001", verdict: judge(median(ratios) <= 0.001),
	})
	b.add(line{
		work: "the same: callers blocked (25 ms or more)",
		peer: fmt.Sprintf("aws.CredentialsCache: %v", group(int(median(peerBlocked)))), ours: group(int(median(oursBlocked))),
		goal: "<= 1", verdict: judge(median(oursBlocked) <= 1),
	})
	b.add(line{
		work: "the same: STS calls a refresh",
		peer: fmt.Sprintf("aws.CredentialsCache: %d", peers[0].stsCalls), ours: fmt.Sprintf("%v, at most %d in a round", median(oursCalls), worst.stsCalls),
		goal: "1", verdict: judge(worst.stsCalls == 1),
	})
	return nil
}

func cross(ctx context.Context, provider func(*fakests.STS) aws.CredentialsProvider) (crossing, error) {
	s := &fakests.STS{Latency: stsTime, Expires: func(n int, now time.Time) time.Time {
		if n == 1 {
			return now.Add(crowdLife)
		}
		return now.Add(time.Hour)
	}}
	p := provider(s)
	if _, err := p.Retrieve(ctx); err != nil {
		return crossing{}, err
	}
	begin := time.Now()
	var (
		wg     sync.WaitGroup
		took   = make([][]time.Duration, crowdSize)
		failed = make([]error, crowdSize)
	)
	for i := range crowdSize {
		took[i] = make([]time.Duration, 0, crowdTime/crowdStep)
		wg.Go(func() {
			// The first calls are shifted, so that all calls are spread evenly.
			timer := time.NewTimer(crowdStep * time.Duration(i) / crowdSize)
			defer timer.Stop()
			for time.Since(begin) < crowdTime {
				select {
				case <-ctx.Done():
					return
				case <-timer.C:
				}
				at := time.Now()
				_, err := p.Retrieve(ctx)
				took[i] = append(took[i], time.Since(at))
				if err != nil {
					failed[i] = err
				}
				timer.Reset(crowdStep)
			}
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return crossing{}, err
	}
	var c crossing
	for i := range took {
		if failed[i] != nil {
			return crossing{}, failed[i]
		}
		if len(took[i]) > 0 && slices.Max(took[i]) >= stsTime/2 {
			c.blocked++
		}
	}
	all := slices.Sorted(slices.Values(slices.Concat(took...)))
	c.p999 = all[len(all)*999/1000]
	c.stsCalls = len(s.Calls()) - 1
	return c, nil
}

package main

import (
	"context"
	"fmt"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/onafed/onafed/internal/bench/fakests"
)

// hotSides returns both providers with valid credentials in their caches.
func hotSides(ctx context.Context) (ours, peer aws.CredentialsProvider, err error) {
	var s fakests.STS
	ours, peer = fakests.Provider(s.Client()), fakests.Cache(s.Client(), 0)
	for _, p := range []aws.CredentialsProvider{ours, peer} {
		if _, err := p.Retrieve(ctx); err != nil {
			return nil, nil, err
		}
	}
	return ours, peer, nil
}

// retrieve makes n calls, distributed over the goroutines.
func retrieve(ctx context.Context, p aws.CredentialsProvider, goroutines, n int) {
	if goroutines == 1 {
		for range n {
			_, err := p.Retrieve(ctx)
			check(err)
		}
		return
	}
	var wg sync.WaitGroup
	for i := range goroutines {
		wg.Go(func() {
			for range (n + i) / goroutines {
				_, err := p.Retrieve(ctx)
				check(err)
			}
		})
	}
	wg.Wait()
}

func measureHot(ctx context.Context, b *bench) error {
	ours, peer, err := hotSides(ctx)
	if err != nil {
		return err
	}
	oursAllocs := allocs(func() { retrieve(ctx, ours, 1, 1) })
	peerAllocs := allocs(func() { retrieve(ctx, peer, 1, 1) })
	for _, g := range []int{1, 8, 128, 1024} {
		r := race(processorTime, b.rounds, b.slice,
			func(n int) { retrieve(ctx, ours, g, n) },
			func(n int) { retrieve(ctx, peer, g, n) })
		noun := "goroutines"
		if g == 1 {
			noun = "goroutine"
		}
		b.add(line{
			work:  fmt.Sprintf("Retrieve, valid credentials, %s %s", group(g), noun),
			peer:  "aws.CredentialsCache: " + span(r.ns(1)) + ", " + allocText(peerAllocs),
			ours:  span(r.ns(0)) + ", " + allocText(oursAllocs),
			ratio: ratioText(r.ratio(0, 1)), goal: "<= 0.80, 0 allocs", verdict: judge(r.ratio(0, 1) <= 0.80*noise && oursAllocs == 0),
		})
	}
	return nil
}

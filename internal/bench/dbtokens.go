package main

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	rds "github.com/aws/aws-sdk-go-v2/feature/rds/auth"

	"github.com/onafed/onafed/awsfed/authtoken"
	"github.com/onafed/onafed/internal/bench/fakests"
)

const (
	dbEndpoint = "db.abc.us-east-1.rds.amazonaws.com:5432"
	dbRegion   = "us-east-1"
	dbUser     = "app"
	// dbLife is how long RDS accepts a token.
	dbLife = 15 * time.Minute
)

// A dbToken is a password and the time until which its maker says it is valid.
type dbToken struct {
	raw string
	end time.Time
}

// A dbCrossing is what the connections experienced.
type dbCrossing struct {
	calls, tokens int           // tokens counts different ones
	longest       time.Duration // of all calls
	outlived      int           // tokens with a later end than their credentials
}

// measureDBTokens has 1,000 connections ask for an RDS token a hundred times a second, in real time,
// while the credentials of 0.6 s are refreshed by an STS with a latency of 50 ms.
func measureDBTokens(ctx context.Context, b *bench) error {
	var longest, peerLongest, tokens, peerTokens, calls, peerOutlived []float64
	outlived := 0
	for range b.rounds {
		o, err := crossDB(ctx, func(s *fakests.STS) (func(context.Context) (dbToken, error), error) {
			source, err := authtoken.RDS(aws.Config{Region: dbRegion, Credentials: fakests.Provider(s.Client())}, dbEndpoint, dbUser)
			return func(ctx context.Context) (dbToken, error) {
				t, err := source.Token(ctx)
				return dbToken{t.Raw(), t.Expiry()}, err
			}, err
		})
		if err != nil {
			return err
		}
		p, err := crossDB(ctx, func(s *fakests.STS) (func(context.Context) (dbToken, error), error) {
			creds := fakests.Cache(s.Client(), 0)
			return func(ctx context.Context) (dbToken, error) {
				end := time.Now().Add(dbLife)
				raw, err := rds.BuildAuthToken(ctx, dbEndpoint, dbRegion, dbUser, creds)
				return dbToken{raw, end}, err
			}, nil
		})
		if err != nil {
			return err
		}
		longest, peerLongest = append(longest, float64(o.longest)), append(peerLongest, float64(p.longest))
		tokens, peerTokens = append(tokens, float64(o.tokens)), append(peerTokens, float64(p.calls)) // the peer signs one for each call
		calls, peerOutlived = append(calls, float64(o.calls)), append(peerOutlived, float64(p.outlived))
		outlived += o.outlived
	}
	b.add(line{
		work: "1,000 connections ask for an RDS token through a refresh of the credentials: tokens made",
		peer: "feature/rds/auth: " + group(int(median(peerTokens))), ours: fmt.Sprintf("%v for %s calls", median(tokens), group(int(median(calls)))),
	})
	b.add(line{
		work: "the same: longest wait for a token",
		peer: "feature/rds/auth: " + span(median(peerLongest)), ours: span(median(longest)),
	})
	b.add(line{
		work: "the same: tokens that outlive their credentials",
		peer: fmt.Sprintf("feature/rds/auth: %s", group(int(median(peerOutlived)))), ours: fmt.Sprintf("%d in all rounds", outlived),
		goal: "0", verdict: judge(outlived == 0),
	})
	return nil
}

// crossDB lets the connections ask one side for tokens.
func crossDB(ctx context.Context, side func(*fakests.STS) (func(context.Context) (dbToken, error), error)) (dbCrossing, error) {
	s := &fakests.STS{Latency: stsTime, Expires: func(n int, now time.Time) time.Time {
		if n == 1 {
			return now.Add(crowdLife)
		}
		return now.Add(time.Hour)
	}}
	next, err := side(s)
	if err != nil {
		return dbCrossing{}, err
	}
	if _, err := next(ctx); err != nil {
		return dbCrossing{}, err
	}
	var (
		mu    sync.Mutex // guards the variables below
		sum   dbCrossing
		seen  = map[dbToken]bool{}
		first error
		wg    sync.WaitGroup
	)
	begin := time.Now()
	for i := range crowdSize {
		wg.Go(func() {
			timer := time.NewTimer(crowdStep * time.Duration(i) / crowdSize)
			defer timer.Stop()
			for time.Since(begin) < crowdTime && ctx.Err() == nil {
				<-timer.C
				at := time.Now()
				t, err := next(ctx)
				took := time.Since(at)
				mu.Lock()
				sum.calls++
				sum.longest = max(sum.longest, took)
				if err != nil {
					first = err
				}
				seen[t] = true
				mu.Unlock()
				timer.Reset(crowdStep)
			}
		})
	}
	wg.Wait()
	if first != nil {
		return dbCrossing{}, first
	}
	texts := map[string]bool{}
	for t := range seen {
		texts[t.raw] = true
		if t.end.After(s.End(accessKeyOf(t.raw))) {
			sum.outlived++
		}
	}
	sum.tokens = len(texts)
	return sum, ctx.Err()
}

// accessKeyOf returns the access key ID in a token.
func accessKeyOf(raw string) string {
	u, err := url.Parse("https://" + raw)
	if err != nil {
		return ""
	}
	id, _, _ := strings.Cut(u.Query().Get("X-Amz-Credential"), "/")
	return id
}

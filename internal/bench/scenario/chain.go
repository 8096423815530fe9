package scenario

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/internal/bench/fakests"
)

// A Chain is a chain of two roles, with sessions of an hour each, through an outage of STS that
// begins 20 minutes before the credentials expire and ends half a minute before, and through another
// refresh.
type Chain struct {
	Ours Tally
	// Default is the result of the SDK's providers in its caches with their defaults. Window is the
	// result with caches that refresh 5 minutes before the expiry.
	Default, Window Tally
}

// RunChain runs callers with one call a second each for two hours and ten minutes.
func RunChain(callers int) Chain {
	through := func(side func(*fakests.STS) aws.CredentialsProvider) Tally {
		s := &fakests.STS{Latency: latency}
		p := side(s)
		if _, err := p.Retrieve(context.Background()); err != nil {
			return Tally{Failed: -1}
		}
		loaded := time.Now()
		time.AfterFunc(40*time.Minute, func() { s.Set(fakests.Error500) })
		time.AfterFunc(time.Hour-30*time.Second, func() { s.Set(fakests.None) })
		t := crowd{callers: callers, every: time.Second, from: loaded.Add(time.Second), to: loaded.Add(130 * time.Minute)}.call(p, s)
		time.Sleep(5 * time.Minute) // nothing may be running when the bubble ends
		return t
	}
	return Chain{
		Ours: through(func(s *fakests.STS) aws.CredentialsProvider {
			return fakests.Provider(s.Client(), func(o *awsfed.Options) { o.Chain = []awsfed.NextRole{{RoleARN: fakests.NextRoleARN}} })
		}),
		Default: through(func(s *fakests.STS) aws.CredentialsProvider { return stacked(s, 0) }),
		Window:  through(func(s *fakests.STS) aws.CredentialsProvider { return stacked(s, window) }),
	}
}

// stacked returns the providers of the SDK for a chain. The session of the second role lasts an hour,
// as on our side; the default of the SDK is 15 minutes.
func stacked(s *fakests.STS, window time.Duration) aws.CredentialsProvider {
	client := sts.New(s.Client().Options(), func(o *sts.Options) { o.Credentials = fakests.Cache(s.Client(), window) })
	next := stscreds.NewAssumeRoleProvider(client, fakests.NextRoleARN, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName, o.Duration = "next", time.Hour
	})
	return aws.NewCredentialsCache(next, func(o *aws.CredentialsCacheOptions) { o.ExpiryWindow = window })
}

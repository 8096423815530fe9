package main

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/internal/bench/fakests"
	"github.com/onafed/onafed/internal/testkit/nextcache"
)

// ours is awsfed.Provider with the real internal/refresh.
type ours struct{ *awsfed.Provider }

func newOurs(s *service, token *idp.Token) provider {
	p, err := awsfed.New(&client{service: s}, fakests.RoleARN, idp.Static(token))
	if err != nil {
		panic(err) // the arguments are constants
	}
	return ours{p}
}

func (o ours) look() (idle time.Time, failing bool) {
	st := o.Status()
	failing = st.Failures > 0
	switch {
	case !st.Valid || st.Refreshing:
		return time.Time{}, failing
	case st.RetryAt.After(st.RefreshAt):
		return st.RetryAt, failing
	}
	return st.RefreshAt, failing
}

// peer is a cache around the SDK's own provider, with the defaults of both.
type peer struct {
	aws.CredentialsProvider
	window time.Duration // before the expiry in which the cache refreshes
	last   *aws.Credentials
}

func webIdentity(s *service, token string) *stscreds.WebIdentityRoleProvider {
	return stscreds.NewWebIdentityRoleProvider(&client{service: s}, fakests.RoleARN, fakests.Retriever(token))
}

// newPeer returns the SDK's cache of today.
func newPeer(s *service, token string) provider {
	return peer{aws.NewCredentialsCache(webIdentity(s, token)), 0, new(aws.Credentials)}
}

// newComing returns the model of the SDK's coming cache.
func newComing(s *service, token string) provider {
	return peer{nextcache.New(webIdentity(s, token)), 15 * time.Minute, new(aws.Credentials)}
}

// Retrieve keeps the result of the cache, which has no other method to get it.
func (p peer) Retrieve(ctx context.Context) (aws.Credentials, error) {
	c, err := p.CredentialsProvider.Retrieve(ctx)
	*p.last = c
	return c, err
}

// look reports no failures, which callers get, or which the cache hides.
func (p peer) look() (idle time.Time, failing bool) { return p.last.Expires.Add(-p.window), false }

package awsfed

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/internal/quote"
	"github.com/onafed/onafed/internal/refresh"
)

// A Provider gives the credentials of one role, and refreshes them behind its
// callers. It is an [aws.CredentialsProvider] and caches by itself: assign it
// to the Credentials of an [aws.Config] as it is. It also works when the SDK
// wraps it in an [aws.CredentialsCache], see [Provider.Retrieve].
//
// Its methods may be called by several goroutines at once. It owns no goroutine
// and no timer while no refresh is under way and needs no closing. It never
// falls back to another identity: what it hands out is the role's, or an error.
type Provider struct {
	engine  refresh.Engine[session]
	client  stscreds.AssumeRoleWithWebIdentityAPIClient
	src     idp.TokenSource
	opts    *settings
	roleARN string
	used    atomic.Int64 // when the session ends that somebody got last, which tells it from others
}

var (
	_ aws.CredentialsProvider      = (*Provider)(nil)
	_ aws.CredentialProviderSource = (*Provider)(nil)
)

// New returns a provider of the credentials of the role, which exchanges the
// tokens of src at STS. The client is an *sts.Client, which needs a region but
// no credentials, or a test double. src is asked for a token for each refresh,
// from any goroutine; if it is an [idp.Invalidator] it is told of tokens that
// STS did not take.
//
// New starts nothing and sends nothing. Its error names the argument or option
// that is wrong.
func New(client stscreds.AssumeRoleWithWebIdentityAPIClient, roleARN string, src idp.TokenSource, optFns ...func(*Options)) (*Provider, error) {
	if len(optFns) == 0 {
		return newProvider(client, roleARN, src, defaults)
	}
	var o Options
	for _, fn := range optFns {
		fn(&o)
	}
	s, err := newSettings(o, nil)
	if err != nil {
		return nil, err
	}
	return newProvider(client, roleARN, src, s)
}

func newProvider(client stscreds.AssumeRoleWithWebIdentityAPIClient, roleARN string, src idp.TokenSource, s *settings) (*Provider, error) {
	switch {
	case client == nil:
		return nil, errors.New("awsfed: the STS client is nil")
	case src == nil:
		return nil, errors.New("awsfed: the token source is nil")
	}
	if err := checkRoleARN(roleARN); err != nil {
		return nil, err
	}
	p := &Provider{client: client, src: src, opts: s, roleARN: roleARN}
	p.engine.Init((*exchanger)(p), &s.rules)
	return p, nil
}

// RoleARN returns the role of the provider.
func (p *Provider) RoleARN() string { return p.roleARN }

// Retrieve returns credentials that are valid now: at once while there are any,
// but for at most a second in their last minute, otherwise when STS has answered
// or ctx is done. The error is an [*AssumeRoleError], or wraps the error of ctx;
// after a refusal of STS's it is returned although the old credentials are still
// valid, unless [Options].KeepOnDenial is set.
//
// Expires of the result is when to ask again and not when STS ends the
// credentials: the beginning of the time in which they are refreshed, and
// within that time some seconds from now. Who caches the result, as
// [aws.CredentialsCache] does, thereby gets the new credentials soon after they
// are there, and never hands out dying ones. [Provider.Credentials] tells the
// expiration that STS set.
func (p *Provider) Retrieve(ctx context.Context) (aws.Credentials, error) {
	if s := p.engine.Fresh(); s != nil {
		p.touch(s)
		return s.served, nil
	}
	return p.retrieve(ctx)
}

// retrieve is the rare part of Retrieve, kept out of it so that the common part
// is small.
func (p *Provider) retrieve(ctx context.Context) (aws.Credentials, error) {
	s, err := p.engine.Value(ctx)
	if err != nil {
		return aws.Credentials{}, p.explain(ctx, err)
	}
	p.touch(s)
	c := s.served
	if s != p.engine.Fresh() {
		c.Expires = askAgain(time.Now(), s.localExpiry())
	}
	return c, nil
}

// Credentials is Retrieve with the expiration that STS set, for those who hand
// the credentials to another program.
func (p *Provider) Credentials(ctx context.Context) (aws.Credentials, error) {
	s, err := p.engine.Value(ctx)
	if err != nil {
		return aws.Credentials{}, p.explain(ctx, err)
	}
	p.touch(s)
	c := s.served
	c.Expires = s.expiry()
	return c, nil
}

// touch notes that somebody uses the credentials, for [Pool.Run]. It writes once
// a session, so that readers on several cores share the line.
func (p *Provider) touch(s *session) {
	if p.used.Load() != s.expires {
		p.used.Store(s.expires)
	}
}

// inUse reports whether somebody got the credentials.
func (p *Provider) inUse(s *session) bool { return p.used.Load() == s.expires }

// askAgain returns when somebody who caches credentials that are being
// refreshed should ask again: after a twentieth of their remaining life, 1 to 10
// seconds. A refresh takes less than that as a rule, so the next question gets
// the new ones.
func askAgain(now, expiry time.Time) time.Time {
	at := now.Add(min(max(expiry.Sub(now)/20, time.Second), 10*time.Second))
	if at.After(expiry) {
		return expiry
	}
	return at
}

// explain makes an error of the engine one that a caller can act on.
func (p *Provider) explain(ctx context.Context, err error) error {
	var are *AssumeRoleError
	if errors.As(err, &are) {
		return err
	}
	if ctxErr := ctx.Err(); ctxErr != nil && errors.Is(err, ctxErr) {
		return fmt.Errorf("awsfed: waiting for the credentials of role %s: %w", quote.Text(p.roleARN, maxShown), &aws.RequestCanceledError{Err: err})
	}
	return &AssumeRoleError{RoleARN: p.roleARN, SessionName: p.opts.sessionName, Err: err}
}

// ProviderSources returns the sources of the credentials, for the user agent of the SDK. The last one
// is the caller's own code: the SDK must not cache the credentials as it caches those of its own
// providers, because the provider does that itself.
func (p *Provider) ProviderSources() []aws.CredentialSource {
	return []aws.CredentialSource{aws.CredentialSourceSTSAssumeRoleWebID, aws.CredentialSourceCode}
}

// Invalidate drops the credentials with that access key id, because a service
// said that they no longer work; other ones are left alone. The next call waits
// for new ones. [Provider.APIOption] does so by itself.
func (p *Provider) Invalidate(accessKeyID string) {
	p.engine.Invalidate(func(s session) bool { return s.served.AccessKeyID == accessKeyID })
}

// Run keeps the credentials warm until ctx is done and returns its error: it
// gets the first ones at once and the next ones when they are due, so that not
// even the first call after a quiet time waits. It is optional; the caller owns
// the goroutine.
func (p *Provider) Run(ctx context.Context) error {
	return p.engine.Run(ctx)
}

package awsfed

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/internal/quote"
	"github.com/onafed/onafed/internal/refresh"
)

// A Provider returns the credentials of one role, which may be the last one of a chain, and
// refreshes them in the background. It is an [aws.CredentialsProvider] with its own cache: assign it
// directly to the Credentials of an [aws.Config]. It also works inside an [aws.CredentialsCache],
// see [Provider.Retrieve].
//
// A Provider is safe for concurrent use. It has no goroutine and no timer while no refresh is
// running, so it needs no closing. It never falls back to another identity: it returns credentials
// of the role, or an error. The zero value is not usable; call [New], [LoadConfig] or
// [Pool.Provider].
type Provider struct {
	engine   refresh.Engine[session]
	client   stscreds.AssumeRoleWithWebIdentityAPIClient
	src      idp.TokenSource
	opts     *settings
	roleARN  string
	chain    *chain       // nil without a chain
	used     atomic.Int64 // expiry of the session that was returned last, which identifies it
	failures failureLog
}

var (
	_ aws.CredentialsProvider      = (*Provider)(nil)
	_ aws.CredentialProviderSource = (*Provider)(nil)
)

// New returns a provider that exchanges tokens of src for credentials of the role. The client is an
// *sts.Client, which needs a region but no credentials, or a test double. Each refresh gets a token
// from src, in any goroutine. If src is an [idp.Invalidator], it is told about tokens that STS
// rejected. The role may also be one of another server with this API, such as
// arn:minio:iam:::role/abc of MinIO, or arn:aws:iam::tenant:role/abc of Ceph.
//
// With [Options].Chain, the role is the first one of a chain, and the client must also have the
// method AssumeRole, as *sts.Client has. The credentials are those of the last role.
//
// New starts nothing and sends nothing. It refuses a client that would send tokens over http to
// another host, unless [Options].InsecureHTTP is set. If the client accepts options for each
// request, each request is checked again. The error is an [*OptionError].
func New(client stscreds.AssumeRoleWithWebIdentityAPIClient, roleARN string, src idp.TokenSource, optFns ...func(*Options)) (*Provider, error) {
	s := defaults
	if len(optFns) > 0 {
		var o Options
		for _, fn := range optFns {
			fn(&o)
		}
		var err error
		if s, err = newSettings(o, nil); err != nil {
			return nil, err
		}
	}
	if !s.InsecureHTTP {
		if err := checkClient(client); err != nil {
			return nil, err
		}
	}
	return newProvider(client, roleARN, src, s)
}

// newProvider returns a provider outside of a pool.
func newProvider(client stscreds.AssumeRoleWithWebIdentityAPIClient, roleARN string, src idp.TokenSource, s *settings) (*Provider, error) {
	if len(s.Chain) == 0 {
		return newRole(client, roleARN, src, s)
	}
	o, err := newSettings(s.privateOptions(roleARN), nil)
	if err != nil {
		return nil, err
	}
	first, err := newRole(client, roleARN, src, o)
	if err != nil {
		return nil, err
	}
	return chainTo(first, s)
}

// newRole returns the provider of one role, without the chain in the settings.
func newRole(client stscreds.AssumeRoleWithWebIdentityAPIClient, roleARN string, src idp.TokenSource, s *settings) (*Provider, error) {
	switch {
	case client == nil || client == (*sts.Client)(nil):
		return nil, optionError("client", "is nil")
	case src == nil:
		return nil, optionError("src", "is nil")
	}
	if err := checkRoleARN(roleARN); err != nil {
		return nil, err
	}
	if err := s.checkAccount(roleARN); err != nil {
		return nil, err
	}
	p := &Provider{client: client, src: src, opts: s, roleARN: roleARN}
	p.engine.Init((*driver)(p), &s.rules)
	return p, nil
}

// checkAccount checks that a role is in the expected account.
func (s *settings) checkAccount(roleARN string) error {
	if got, want := accountOf(roleARN), s.ExpectedAccount; want != "" && got != want {
		return optionError("ExpectedAccount", "%w", &AccountError{Got: got, Want: want})
	}
	return nil
}

// RoleARN returns the role whose credentials the provider returns: of a chain, the last one.
func (p *Provider) RoleARN() string { return p.roleARN }

// Retrieve returns valid credentials. Callers do not wait while there are any, except for up to one
// second in their last minute; otherwise Retrieve waits until STS has answered or ctx is done. The
// error is an [*AssumeRoleError], or wraps the error of ctx. A refusal of STS is returned although
// the old credentials are valid, unless [Options].KeepOnRefusal is set.
//
// Expires of the result is the time to ask again, not the expiration that STS set: it is the
// beginning of the advisory window or, within that window, some seconds from now. A cache around
// the provider, such as [aws.CredentialsCache], therefore picks up new credentials soon, and does
// not return credentials that are about to expire. [Provider.Credentials] returns the expiration
// that STS set.
func (p *Provider) Retrieve(ctx context.Context) (aws.Credentials, error) {
	if s := p.engine.Fresh(); s != nil {
		p.touch(s)
		return s.served, nil
	}
	return p.retrieve(ctx)
}

// retrieve is the less frequent part of Retrieve, separate so that Retrieve is small.
func (p *Provider) retrieve(ctx context.Context) (aws.Credentials, error) {
	s, err := p.engine.Value(ctx)
	if err != nil {
		return aws.Credentials{}, p.callerError(ctx, err)
	}
	p.touch(s)
	c := s.served
	if s != p.engine.Fresh() {
		c.Expires = askAgain(time.Now(), s.localExpiry())
	}
	return c, nil
}

// Credentials is Retrieve with the expiration that STS set, for passing the credentials to another
// program.
func (p *Provider) Credentials(ctx context.Context) (aws.Credentials, error) {
	s, err := p.engine.Value(ctx)
	if err != nil {
		return aws.Credentials{}, p.callerError(ctx, err)
	}
	return p.withExpiration(s), nil
}

// touch marks the credentials as used, for [Pool.Run]. It writes once for each session, so that
// callers on several cores do not compete for the cache line.
func (p *Provider) touch(s *session) {
	if p.used.Load() != s.expires {
		p.used.Store(s.expires)
	}
}

// inUse reports whether a caller got the credentials.
func (p *Provider) inUse(s *session) bool { return p.used.Load() == s.expires }

// askAgain returns when a cache should ask again for credentials in their advisory window: after a
// twentieth of their remaining life, 1 to 10 seconds. A refresh is usually faster.
func askAgain(now, expiry time.Time) time.Time {
	at := now.Add(min(max(expiry.Sub(now)/20, time.Second), 10*time.Second))
	if at.After(expiry) {
		return expiry
	}
	return at
}

// callerError returns the error for the caller of a method, given one of the engine.
func (p *Provider) callerError(ctx context.Context, err error) error {
	if isA[*AssumeRoleError](err) {
		return err
	}
	if ctxErr := ctx.Err(); ctxErr != nil && errors.Is(err, ctxErr) {
		return fmt.Errorf("awsfed: waiting for the credentials of role %s: %w", quote.Text(shortARN(p.roleARN), 110), &aws.RequestCanceledError{Err: err})
	}
	return &AssumeRoleError{RoleARN: p.roleARN, SessionName: p.opts.SessionName, Err: err}
}

// ProviderSources returns the sources of the credentials, for the user agent of the SDK. The last
// one means "code of the caller". The SDK therefore does not cache the credentials as it caches
// those of its own providers. The provider caches them itself.
func (p *Provider) ProviderSources() []aws.CredentialSource {
	if p.chain != nil {
		return []aws.CredentialSource{aws.CredentialSourceSTSAssumeRoleWebID, aws.CredentialSourceSTSAssumeRole, aws.CredentialSourceCode}
	}
	return []aws.CredentialSource{aws.CredentialSourceSTSAssumeRoleWebID, aws.CredentialSourceCode}
}

// Invalidate marks the credentials with that access key ID as rejected by a service. Other
// credentials are not affected. The next call waits for new ones; if the refresh fails with a
// retryable error, callers get the old ones again until they expire. While a backoff after a failed
// refresh lasts, callers get the old ones at once. [Provider.APIOption] calls Invalidate
// automatically, also in clients of a configuration of [LoadConfig]; code that sends requests
// without the SDK calls it itself, on the provider that [FromConfig] returns.
//
// A service that rejects every key must not cause a request to STS each time. So after 8 sets of
// credentials in a row that were invalidated within 10 minutes of their arrival, Invalidate does
// nothing for credentials that are too new: younger than a second, which doubles with each further
// set up to a minute.
func (p *Provider) Invalidate(accessKeyID string) {
	p.engine.Invalidate(func(s session) bool { return s.served.AccessKeyID == accessKeyID })
}

// Run fetches the first credentials at once and the next ones when they are due, until ctx is done,
// and returns the error of ctx. With it, the first call after a long pause does not wait either. It
// is optional. While STS refuses the role, Run waits up to 5 minutes between two attempts.
//
//	if p, ok := awsfed.FromConfig(cfg); ok {
//		go p.Run(ctx)
//	}
func (p *Provider) Run(ctx context.Context) error {
	return p.engine.Run(ctx)
}

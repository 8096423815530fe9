// Package nextcache is a model of the credentials cache that is coming to the AWS SDK for Go v2. It
// is not code of the SDK. It was written from a description of the public repository
// aws/aws-sdk-go-v2 as of autumn 2026 (aws/credential_cache.go and internal/credentials), which may
// change before it is released. Numbers that come from it must be marked as those of a model. Only
// tests import it.
package nextcache

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Options are the options of [New].
type Options struct {
	// ExpiryWindow replaces the advisory window, which by default depends on the lifetime.
	ExpiryWindow time.Duration
	// NonRecoverable reports whether the SDK's own provider would mark the error as one that trying
	// again does not change. Nil means that no error is marked. The mark is an internal type of the
	// SDK, so the errors of other providers do not have it.
	NonRecoverable func(error) bool
}

// A Cache is the model of the coming aws.CredentialsCache. It is safe for concurrent use.
type Cache struct {
	provider aws.CredentialsProvider
	legacy   *aws.CredentialsCache // today's behavior; nil in the new mode
	opts     Options

	mu        sync.Mutex // guards the fields below
	creds     *aws.Credentials
	advisory  time.Time // beginnings of the windows of creds
	mandatory time.Time
	retryAt   time.Time // end of the backoff after an error
	refusal   error     // non-recoverable error, remembered until forgetAt
	forgetAt  time.Time
	running   *refresh
}

// A refresh is one call of the provider, with its result after done.
type refresh struct {
	done  chan struct{}
	creds aws.Credentials
	err   error
}

// InScope reports whether a cache around p has the new mode. The last source of p decides.
func InScope(p aws.CredentialsProvider) bool {
	s, ok := p.(aws.CredentialProviderSource)
	if !ok {
		return false
	}
	sources := s.ProviderSources()
	return len(sources) > 0 && slices.Contains([]aws.CredentialSource{
		aws.CredentialSourceIMDS, aws.CredentialSourceHTTP,
		aws.CredentialSourceSTSAssumeRole, aws.CredentialSourceSTSAssumeRoleWebID,
		aws.CredentialSourceEnvVarsSTSWebIDToken, aws.CredentialSourceProfileSTSWebIDToken,
		aws.CredentialSourceProfileSSO, aws.CredentialSourceSSO,
		aws.CredentialSourceProfileSSOLegacy, aws.CredentialSourceSSOLegacy,
		aws.CredentialSourceProfileLogin, aws.CredentialSourceLogin,
	}, sources[len(sources)-1])
}

// New returns a cache around p.
func New(p aws.CredentialsProvider, optFns ...func(*Options)) *Cache {
	c := &Cache{provider: p}
	for _, fn := range optFns {
		fn(&c.opts)
	}
	if !InScope(p) {
		c.legacy = aws.NewCredentialsCache(p, func(o *aws.CredentialsCacheOptions) { o.ExpiryWindow = c.opts.ExpiryWindow })
	}
	return c
}

// ForClient returns what a client of the coming SDK uses when p is set directly on its options: a
// cache around p if p is in scope and is not a cache yet, otherwise p.
func ForClient(p aws.CredentialsProvider) aws.CredentialsProvider {
	switch p.(type) {
	case *Cache, *aws.CredentialsCache:
		return p
	}
	if InScope(p) {
		return New(p)
	}
	return p
}

// Legacy reports whether the cache behaves as the cache of the current SDK.
func (c *Cache) Legacy() bool { return c.legacy != nil }

// ProviderSources returns the sources of the provider.
func (c *Cache) ProviderSources() []aws.CredentialSource {
	if s, ok := c.provider.(aws.CredentialProviderSource); ok {
		return slices.Clone(s.ProviderSources())
	}
	return nil
}

// Retrieve returns credentials. In the new mode, in the advisory window, the first caller refreshes
// them and waits, and other callers get the old ones. In the mandatory window and after the expiry
// all callers wait. After an error there is no refresh until the end of the backoff.
func (c *Cache) Retrieve(ctx context.Context) (aws.Credentials, error) {
	if c.legacy != nil {
		return c.legacy.Retrieve(ctx)
	}
	c.mu.Lock()
	now := time.Now()
	if c.refusal != nil && now.Before(c.forgetAt) {
		defer c.mu.Unlock()
		return aws.Credentials{}, c.refusal
	}
	if c.creds != nil {
		inAdvisory := now.Before(c.mandatory) && c.running != nil
		if now.Before(c.advisory) || now.Before(c.retryAt) || inAdvisory {
			defer c.mu.Unlock()
			return *c.creds, nil
		}
	}
	if c.running == nil {
		c.running = &refresh{done: make(chan struct{})}
		go c.refresh(context.WithoutCancel(ctx), c.running)
	}
	r := c.running
	c.mu.Unlock()
	select {
	case <-r.done:
		return r.creds, r.err
	case <-ctx.Done():
		return aws.Credentials{}, &aws.RequestCanceledError{Err: ctx.Err()}
	}
}

// refresh calls the provider once and publishes the result.
func (c *Cache) refresh(ctx context.Context, r *refresh) {
	creds, err := c.provider.Retrieve(ctx)
	now := time.Now()
	if err == nil && creds.CanExpire && !now.Before(creds.Expires) {
		err = errors.New("nextcache: the credentials have already expired")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	defer close(r.done)
	c.running = nil
	switch {
	case err == nil:
		c.keep(creds, now)
		r.creds = creds
	case c.opts.NonRecoverable != nil && c.opts.NonRecoverable(err):
		c.refusal, c.forgetAt = err, now.Add(between(time.Second, 5*time.Second))
		r.err = err
	case c.creds == nil:
		r.err = err // nothing is remembered of the first fetch
	default:
		// Static stability: the old credentials, also if they have expired, without a limit.
		c.retryAt = now.Add(between(5*time.Minute, 10*time.Minute))
		r.creds = *c.creds
	}
}

// keep stores new credentials. The caller holds mu.
func (c *Cache) keep(creds aws.Credentials, now time.Time) {
	c.creds, c.refusal, c.retryAt = &creds, nil, time.Time{}
	if !creds.CanExpire {
		creds.Expires = now.Add(100 * 365 * 24 * time.Hour)
	}
	window := c.opts.ExpiryWindow
	if window <= 0 {
		window = advisoryWindow(creds.Expires.Sub(now))
	}
	c.advisory = creds.Expires.Add(-window)
	c.mandatory = creds.Expires.Add(-min(window, time.Minute))
}

func advisoryWindow(life time.Duration) time.Duration {
	switch {
	case life <= 20*time.Minute:
		return 5 * time.Minute
	case life < 90*time.Minute:
		return 15 * time.Minute
	}
	return time.Hour
}

// InvalidateCredentials ends the life of the cached credentials if they are the rejected ones. It
// keeps them, and the backoff, for the case that the refresh fails.
func (c *Cache) InvalidateCredentials(rejected aws.Credentials) {
	if c.legacy != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.creds != nil && c.creds.AccessKeyID == rejected.AccessKeyID {
		now := time.Now()
		c.creds.Expires, c.advisory, c.mandatory = now, now, now
	}
}

// Invalidate forgets the credentials.
func (c *Cache) Invalidate() {
	if c.legacy != nil {
		c.legacy.Invalidate()
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.creds, c.refusal, c.retryAt = nil, nil, time.Time{}
}

func between(least, most time.Duration) time.Duration {
	return least + rand.N(most-least) //nolint:gosec // jitter only spreads load
}

package role

import (
	"context"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/export"
	"github.com/onafed/onafed/cmd/onafed/internal/source"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
	"github.com/onafed/onafed/idp"
)

// Shared are [Flags] of a command that other programs run often. The programs of one user share the
// credentials.
type Shared struct {
	NoCache          bool `help:"Ask STS each time, instead of sharing credentials with the other programs of this user."`
	Flags            `embed:""`
	source.OwnerFlag `embed:""`
}

// Credentials returns the source of the credentials.
func (s *Shared) Credentials(ctx context.Context, t *terminal.Terminal) (export.CredentialsSource, error) {
	src, err := s.Source(s.TokenAudience(), t.Logger(s.Verbose))
	if err != nil {
		return nil, err
	}
	if s.NoCache {
		_, p, err := s.Load(ctx, src, s.OneShotLogger(t))
		if err != nil {
			return nil, err
		}
		return p, nil
	}
	return s.cached(src, t)
}

// Config returns the SDK's settings with the credentials.
func (s *Shared) Config(ctx context.Context, t *terminal.Terminal) (aws.Config, error) {
	src, err := s.Source(s.TokenAudience(), t.Logger(s.Verbose))
	if err != nil {
		return aws.Config{}, err
	}
	cfg, _, err := s.Load(ctx, src, s.OneShotLogger(t))
	if err != nil {
		return aws.Config{}, err
	}
	if s.NoCache {
		return cfg, nil
	}
	shared, err := s.cached(src, t)
	if err != nil {
		return aws.Config{}, err
	}
	cfg.Credentials = Provider(shared)
	cfg.APIOptions = nil // those of the provider that is replaced
	return cfg, nil
}

// Provider returns the credentials of a source for clients of the SDK.
func Provider(src export.CredentialsSource) aws.CredentialsProvider {
	if p, ok := src.(*awsfed.Provider); ok {
		return p
	}
	return aws.CredentialsProviderFunc(src.Credentials)
}

// cached returns a source that shares credentials with the other programs of this user.
func (s *Shared) cached(src idp.TokenSource, t *terminal.Terminal) (export.CredentialsSource, error) {
	if err := s.CheckOwner(); err != nil { // the cache would be off, which nobody sees
		return nil, err
	}
	cache := export.OpenCache(&export.CacheOptions{Logger: t.Logger(s.Verbose), TrustedOwner: s.TrustedOwner})
	if err := cache.Off(); err != nil && s.Verbose {
		t.Say("onafed: no cache: %v", err)
	}
	key, err := s.cacheKey(src)
	if err != nil {
		return nil, err
	}
	return cache.Source(export.CacheRequest{Key: key, Fetch: s.fetch(src, t)}), nil
}

// cacheKey returns everything that the credentials depend on.
func (s *Shared) cacheKey(src idp.TokenSource) (export.CacheKey, error) {
	policy, err := s.Policy()
	if err != nil {
		return export.CacheKey{}, err
	}
	key := export.CacheKey{
		Audience:    s.TokenAudience(),
		RoleARN:     s.RoleARN,
		Policy:      policy,
		PolicyARNs:  s.PolicyARNs,
		Chain:       Chain(s.NextRole), // Policy has read their policies
		SessionName: s.RoleSessionName,
		Duration:    time.Duration(s.DurationSeconds) * time.Second,
		Endpoint:    s.endpoint(),
		APIHost:     s.APIURL,
	}
	key.Source, key.SourceFingerprint = s.Fingerprint(src)
	return key, nil
}

// endpoint returns the settings that decide which STS is asked, as one text.
func (s *Shared) endpoint() string {
	settings := []string{s.Region}
	for _, name := range []string{
		"AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_REGION", "AWS_DEFAULT_REGION",
		"AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE",
		"AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT",
	} {
		settings = append(settings, os.Getenv(name))
	}
	return strings.Join(settings, "|")
}

// fetch returns a function that gets credentials, with the identity in the token that was sent. The
// configuration of the SDK is loaded only then: it takes more time than the rest.
func (s *Shared) fetch(src idp.TokenSource, t *terminal.Terminal) func(context.Context) (export.CacheEntry, error) {
	return func(ctx context.Context) (export.CacheEntry, error) {
		sent := &lastToken{TokenSource: src}
		_, p, err := s.Load(ctx, sent, s.OneShotLogger(t))
		if err != nil {
			return export.CacheEntry{}, err
		}
		credentials, err := p.Credentials(ctx)
		if err != nil {
			return export.CacheEntry{}, err
		}
		sentClaims := sent.token.Load().Claims()
		id := export.CacheIdentity{Issuer: sentClaims.Issuer, Subject: sentClaims.Subject, AccountID: credentials.AccountID}
		return export.NewCacheEntry(id, credentials), nil
	}
}

// lastToken is a token source that remembers the token that it returned last.
type lastToken struct {
	idp.TokenSource
	token atomic.Pointer[idp.Token]
}

// Token implements idp.TokenSource.
func (s *lastToken) Token(ctx context.Context) (*idp.Token, error) {
	token, err := s.TokenSource.Token(ctx)
	if err == nil {
		s.token.Store(token)
	}
	return token, err
}

// Source returns the name of the source for messages.
func (s *lastToken) Source() string { return source.Name(s.TokenSource) }

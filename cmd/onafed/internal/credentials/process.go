// Package credentials has the commands that print credentials: "aws credential-process" and "aws
// env".
package credentials

import (
	"context"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/onafed/onafed/awsfed/export"
	"github.com/onafed/onafed/cmd/onafed/internal/role"
	"github.com/onafed/onafed/cmd/onafed/internal/source"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
	"github.com/onafed/onafed/idp"
)

// ProcessCommand is "aws credential-process".
type ProcessCommand struct {
	NoCache          bool `help:"Ask STS each time, instead of sharing credentials with the other programs of this user."`
	role.Flags       `embed:""`
	source.OwnerFlag `embed:""`
}

// Help implements kong.HelpProvider.
func (c *ProcessCommand) Help() string {
	return `Prints the JSON that an AWS SDK expects from a credential_process. On failure it prints nothing on standard output.

The programs of this user share the credentials through a folder that only this user can read (~/.cache/onafed on Linux), so
that many programs at once make one call to STS.

Example, in ~/.aws/config ("onafed idp login aws --mode process" writes it):

    [profile deploy]
    credential_process = /usr/local/bin/onafed aws credential-process --role-arn arn:aws:iam::123456789012:role/deploy`
}

// Run implements the command.
func (c *ProcessCommand) Run(ctx context.Context, t *terminal.Terminal) error {
	log := t.Logger(c.Verbose)
	src, err := c.Source(c.TokenAudience(), log)
	if err != nil {
		return err
	}
	if c.NoCache {
		_, p, err := c.Load(ctx, src, c.OneShotLogger(t))
		if err != nil {
			return err
		}
		return export.Process(ctx, t.Out, p)
	}
	cache := export.OpenCache(&export.CacheOptions{Logger: log, TrustedOwner: c.TrustedOwner})
	if err := cache.Off(); err != nil && c.Verbose {
		t.Say("onafed: no cache: %v", err)
	}
	key, err := c.cacheKey(src)
	if err != nil {
		return err
	}
	return export.Process(ctx, t.Out, cache.Source(export.CacheRequest{Key: key, Fetch: c.fetch(src, t)}))
}

// cacheKey returns everything that the credentials depend on.
func (c *ProcessCommand) cacheKey(src idp.TokenSource) (export.CacheKey, error) {
	policy, err := c.Policy()
	if err != nil {
		return export.CacheKey{}, err
	}
	key := export.CacheKey{
		Audience:    c.TokenAudience(),
		RoleARN:     c.RoleARN,
		Policy:      policy,
		PolicyARNs:  c.PolicyARNs,
		SessionName: c.RoleSessionName,
		Duration:    time.Duration(c.DurationSeconds) * time.Second,
		Endpoint:    c.endpoint(),
		APIHost:     c.APIURL,
	}
	key.Source, key.SourceFingerprint = c.Fingerprint(src)
	return key, nil
}

// endpoint returns the settings that decide which STS is asked, as one text.
func (c *ProcessCommand) endpoint() string {
	settings := []string{c.Region}
	for _, name := range []string{"AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_USE_FIPS_ENDPOINT"} {
		settings = append(settings, os.Getenv(name))
	}
	return strings.Join(settings, "|")
}

// fetch returns a function that gets credentials, with the identity in the token that was sent. The
// configuration of the SDK is loaded only then: it takes more time than the rest.
func (c *ProcessCommand) fetch(src idp.TokenSource, t *terminal.Terminal) func(context.Context) (export.CacheEntry, error) {
	return func(ctx context.Context) (export.CacheEntry, error) {
		sent := &lastToken{TokenSource: src}
		_, p, err := c.Load(ctx, sent, c.OneShotLogger(t))
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

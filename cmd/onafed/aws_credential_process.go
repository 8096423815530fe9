package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/onafed/onafed/awsfed/export"
	"github.com/onafed/onafed/idp"
)

// processCommand is aws credential-process.
type processCommand struct {
	NoCache  bool `help:"Ask STS each time, instead of sharing credentials with the other programs of this user."`
	awsFlags `embed:""`
}

// Help implements kong.HelpProvider.
func (c *processCommand) Help() string {
	return `Prints the JSON that an AWS SDK expects of a credential_process, and nothing on failure. Credentials are shared between processes in a
folder of this user, so that many programs at once make one call.

Example, in ~/.aws/config ("onafed idp login aws --mode process" writes it):

    [profile deploy]
    credential_process = /usr/local/bin/onafed aws credential-process --role-arn arn:aws:iam::123456789012:role/deploy`
}

// Run implements the command.
func (c *processCommand) Run(ctx context.Context, t *terminal) error {
	src, err := c.cached(ctx, t)
	if err != nil {
		return err
	}
	return export.Process(ctx, t.out, src)
}

// cached is the provider of the role behind the cache of this user.
func (c *processCommand) cached(ctx context.Context, t *terminal) (export.CredentialsSource, error) {
	log := logger(t, c.Verbose)
	src, err := c.source(c.audience(), log)
	if err != nil {
		return nil, err
	}
	sent := &remembering{TokenSource: src}
	_, p, err := c.load(ctx, sent, log)
	if err != nil {
		return nil, err
	}
	if c.NoCache {
		return p, nil
	}
	cache := export.OpenCache(&export.CacheOptions{Logger: log})
	if err := cache.Off(); err != nil && c.Verbose {
		t.say("onafed: no cache: %v", err)
	}
	key := export.CacheKey{
		Audience:    c.audience(),
		RoleARN:     c.RoleARN,
		SessionName: c.RoleSessionName,
		Duration:    time.Duration(c.DurationSeconds) * time.Second,
		Endpoint:    c.endpoint(),
		APIHost:     c.APIURL,
	}
	key.Source, key.SourceFingerprint = c.fingerprint(src)
	return cache.Source(export.CacheRequest{Key: key, Fetch: func(ctx context.Context) (export.CacheEntry, error) {
		credentials, err := p.Credentials(ctx)
		if err != nil {
			return export.CacheEntry{}, err
		}
		said := sent.last.Load().Claims()
		return export.CacheEntry{
			CacheIdentity: export.CacheIdentity{Issuer: said.Issuer, Subject: said.Subject, AccountID: credentials.AccountID},
			Credentials:   credentials,
		}, nil
	}}), nil
}

// remembering is a source that knows which token went to STS, and so whose the credentials are.
type remembering struct {
	idp.TokenSource
	last atomic.Pointer[idp.Token]
}

// Token implements idp.TokenSource.
func (r *remembering) Token(ctx context.Context) (*idp.Token, error) {
	token, err := r.TokenSource.Token(ctx)
	if err == nil {
		r.last.Store(token)
	}
	return token, err
}

// Source is the name of the source, for messages.
func (r *remembering) Source() string { return sourceName(r.TokenSource) }

// endpoint is what decides which STS is asked.
func (f *awsFlags) endpoint() string {
	where := []string{f.Region}
	for _, name := range []string{"AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_USE_FIPS_ENDPOINT"} {
		where = append(where, os.Getenv(name))
	}
	return strings.Join(where, "|")
}

// fingerprint is the kind of the token source, and what tells two of a kind apart, without asking it.
func (f *tokenFlags) fingerprint(src idp.TokenSource) (kind, mark string) {
	content := func(path string) string {
		text, err := os.ReadFile(path) //nolint:gosec // the path is the user's own
		if err != nil {
			return path
		}
		return path + "\x00" + string(text)
	}
	switch {
	case f.TokenFile != "":
		return "token file", export.Fingerprint(content(f.TokenFile))
	case f.TokenEnv != "":
		return "token variable", export.Fingerprint(f.TokenEnv + "\x00" + os.Getenv(f.TokenEnv))
	case f.TokenCommand != "":
		return "token command", export.Fingerprint(f.TokenCommand)
	case f.APITokenFile != "":
		return "API token file", export.Fingerprint(content(f.APITokenFile))
	case f.APITokenEnv != "":
		return "API token variable", export.Fingerprint(f.APITokenEnv + "\x00" + os.Getenv(f.APITokenEnv))
	}
	kind = "environment: " + sourceName(src)
	var all strings.Builder
	all.WriteString(content(idp.DefaultSecretsFile))
	for _, name := range []string{"ONA_API_KEY", "GITPOD_API_KEY", "ONA_TOKEN", "ONA_BASE_URL", "GITPOD_BASE_URL", "GITPOD_ENVIRONMENT_ID"} {
		fmt.Fprintf(&all, "\x00%s=%s", name, os.Getenv(name))
	}
	if path := os.Getenv("AWS_WEB_IDENTITY_TOKEN_FILE"); path != "" {
		all.WriteString("\x00" + content(path))
	}
	return kind, export.Fingerprint(all.String())
}

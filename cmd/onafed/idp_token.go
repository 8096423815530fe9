package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/onafed/onafed/awsfed/export"
	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/issuer"
)

// tokenCommand is idp token.
type tokenCommand struct {
	Audience     []string `required:"" help:"Who the token is for; repeat for several. AWS takes one." placeholder:"AUDIENCE" sep:"none"`
	Decode       bool     `help:"Print header and claims as JSON instead of the token. Nothing is verified." xor:"form"`
	Verify       bool     `help:"Check the signature against the issuer's published keys, the audience and the times first."`
	Issuer       string   `help:"With --verify: the issuer to verify against, whatever issuer the token names. Default: ${issuer}." placeholder:"URL"`
	Organization string   `help:"With --verify: the organization that the token must belong to." placeholder:"ID"`
	Output       string   `help:"Write the token to this file, in a folder of its own and without a newline, for AWS_WEB_IDENTITY_TOKEN_FILE." placeholder:"FILE" xor:"form"`
	Group        string   `help:"With --output: a group of yours that may read the file too. A folder that is there already must let it in." placeholder:"GROUP"`
	Watch        bool     `help:"With --output: keep the file fresh until interrupted."`
	Verbose      bool     `short:"v" help:"Say on standard error what is done."`
	tokenFlags   `embed:""`
}

// Help implements kong.HelpProvider.
func (c *tokenCommand) Help() string {
	return `Examples:

    onafed idp token --audience sts.amazonaws.com
    onafed idp token --audience sts.amazonaws.com --decode
    onafed idp token --audience sts.amazonaws.com --verify --organization 0191e223-1c3c-7607-badf-303c98b52d2f
    onafed idp token --audience sts.amazonaws.com --output /run/onafed/token --watch`
}

// Validate is called by kong.
func (c *tokenCommand) Validate() error {
	switch {
	case c.Output == "" && (c.Watch || c.Group != ""):
		return errors.New("--watch and --group go with --output FILE")
	case c.Organization+c.Issuer != "" && !c.Verify:
		return errors.New("--organization and --issuer go with --verify")
	case c.Watch && c.Verify:
		return errors.New("--verify checks one token; it does not go with --watch")
	case c.Watch && len(c.Audience) > 1:
		return errors.New("--watch keeps a token for one --audience")
	}
	return cmp.Or(checkIssuer(c.Issuer), c.check())
}

// checkIssuer refuses the one mistake that nothing else may repeat: a password in the URL.
func checkIssuer(issuer string) error {
	_, rest, ok := strings.Cut(issuer, "://")
	if !ok {
		rest = issuer
	}
	if authority, _, _ := strings.Cut(rest, "/"); strings.Contains(authority, "@") {
		return errors.New("--issuer has a user or password in it: an issuer is https://host and a path, as tokens name it")
	}
	return nil
}

// Run implements the command.
func (c *tokenCommand) Run(ctx context.Context, t *terminal) error {
	switch {
	case c.Watch:
		return c.watch(ctx, t)
	case c.Decode && !c.Verify:
		raw, err := c.any(ctx, t)
		if err != nil {
			return err
		}
		return decode(t, raw, c.Audience)
	}
	token, err := c.token(ctx, t)
	if err != nil {
		return err
	}
	if c.Verify {
		if err := c.verify(ctx, t, token); err != nil {
			return err
		}
	}
	if !c.Decode { // which says it too
		warnOfSeveral(t, token)
	}
	switch {
	case c.Decode:
		return decode(t, token.Raw(), c.Audience)
	case c.Output != "":
		file, err := c.file(idp.Static(token), t)
		if err != nil {
			return err
		}
		_, err = file.Write(ctx)
		return err
	}
	_, err = fmt.Fprintln(t.out, token.Raw())
	return err
}

// forAWS reports whether an audience is the one that AWS expects by custom, in any partition.
func forAWS(audience string) bool {
	return audience == idp.AudienceAWS || strings.HasPrefix(audience, idp.AudienceAWS+".")
}

// warnOfSeveral says of a token with an audience of AWS's that it has others.
func warnOfSeveral(t *terminal, token *idp.Token) {
	if got := token.Claims().Audience; len(got) > 1 && slices.ContainsFunc(got, forAWS) {
		t.say("onafed: warning: AWS STS takes tokens for one audience only, and this one is for %d", len(got))
	}
}

// any is the text of a token that may have expired; one that a flag names may be for another audience, too. In the environment a token of
// another audience is none: the file may be somebody else's.
func (c *tokenCommand) any(ctx context.Context, t *terminal) (string, error) {
	if raw, found, err := c.given(ctx); found || err != nil {
		return raw, err
	}
	token, err := c.fetch(ctx, t)
	if err == nil {
		return token.Raw(), nil
	}
	// Of what is looked for in the environment, only this file can hold a token that was fresh once.
	from, _ := errors.AsType[*idp.SourceError](err)
	if from == nil || !strings.HasPrefix(from.Source, "AWS_WEB_IDENTITY_TOKEN_FILE") || !errors.Is(err, claims.ErrExpired) {
		return "", err
	}
	text, err := head(os.Getenv("AWS_WEB_IDENTITY_TOKEN_FILE"))
	return strings.TrimSpace(string(text)), err
}

// token is a token for all of the audiences.
func (c *tokenCommand) token(ctx context.Context, t *terminal) (*idp.Token, error) {
	token, err := c.fetch(ctx, t)
	if err != nil {
		return nil, err
	}
	for _, audience := range c.Audience {
		if err := checkAudience(token, audience); err != nil {
			return nil, err
		}
	}
	return token, nil
}

// checkAudience holds a token to an audience: a file, a variable or a command is not told which one is wanted.
func checkAudience(token *idp.Token, audience string) error {
	if got := token.Claims().Audience; !slices.Contains(got, audience) {
		return &audienceError{got, audience}
	}
	return nil
}

// audienceError is the error of a token for others.
type audienceError struct {
	got  []string
	want string
}

// Error implements error.
func (e *audienceError) Error() string {
	return fmt.Sprintf("the token is for the audience %+q, not %+q: get one for it, or name the audience that it has", e.got, e.want)
}

// Temporary tells those who try again that it would not help.
func (e *audienceError) Temporary() bool { return false }

func (c *tokenCommand) fetch(ctx context.Context, t *terminal) (*idp.Token, error) {
	log := logger(t, c.Verbose)
	if len(c.Audience) > 1 && c.TokenFile+c.TokenEnv+c.TokenCommand == "" {
		client, err := c.client(log)
		if err != nil {
			return nil, fmt.Errorf("a token for several audiences: %w", err)
		}
		return client.IDToken(ctx, c.Audience...)
	}
	src, err := c.source(c.Audience[0], log)
	if err != nil {
		return nil, err
	}
	return src.Token(ctx)
}

func (c *tokenCommand) verify(ctx context.Context, t *terminal, token *idp.Token) error {
	of := cmp.Or(c.Issuer, idp.Issuer)
	keys, err := issuer.NewIssuerKeySet(of, nil)
	if err != nil {
		return err
	}
	opts := &issuer.VerifierOptions{Audiences: c.Audience, AnyOrganization: c.Organization == "", Algorithms: algorithms(of)}
	if c.Organization != "" {
		opts.Organizations = []string{c.Organization}
	}
	v, err := issuer.NewVerifier(of, keys, opts)
	if err != nil {
		return err
	}
	if _, err := v.Verify(ctx, token.Raw()); err != nil {
		return err
	}
	t.say("verified: signed by %s", of)
	return nil
}

// algorithms are those that an issuer may sign with: Ona's has one, of others all are taken that AWS takes.
func algorithms(of string) []string {
	if of == idp.Issuer {
		return nil // the verifier's default
	}
	return []string{"RS256", "RS384", "RS512", "ES256", "ES384", "ES512"}
}

func (c *tokenCommand) file(src idp.TokenSource, t *terminal) (*export.TokenFile, error) {
	path, err := filepath.Abs(c.Output)
	if err != nil {
		return nil, err
	}
	if err := checkTarget(path); err != nil {
		return nil, fmt.Errorf("--output: %w", err)
	}
	file, err := export.NewTokenFile(path, src, &export.TokenFileOptions{
		Group:  c.Group,
		Logger: logger(t, c.Verbose),
		OnWrite: func(expiry time.Time) {
			t.say("wrote %s, valid until %s", path, expiry.UTC().Format(time.RFC3339))
		},
	})
	if err != nil || c.Group == "" {
		return file, err
	}
	return file, checkGroup(c.Group, filepath.Dir(path))
}

func (c *tokenCommand) watch(ctx context.Context, t *terminal) error {
	ctx, stop := untilSignal(ctx)
	defer stop()
	src, err := c.source(c.Audience[0], logger(t, c.Verbose))
	if err != nil {
		return err
	}
	file, err := c.file(idp.TokenSourceFunc(func(ctx context.Context) (*idp.Token, error) {
		token, err := src.Token(ctx)
		if err == nil {
			err = checkAudience(token, c.Audience[0])
		}
		if err != nil {
			return nil, err
		}
		return token, nil
	}), t)
	if err != nil {
		return err
	}
	return file.Run(ctx)
}

package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/onafed/onafed/awsfed/export"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/issuer"
)

// tokenCommand is idp token.
type tokenCommand struct {
	Audience     []string `required:"" help:"Who the token is for; repeat for several. AWS takes one." placeholder:"AUDIENCE" sep:"none"`
	Decode       bool     `help:"Print header and claims as JSON instead of the token. Nothing is verified."`
	Verify       bool     `help:"Check the signature against the issuer's published keys, the audience and the times first."`
	Issuer       string   `help:"The issuer to verify against, whatever issuer the token names." default:"${issuer}" placeholder:"URL"`
	Organization string   `help:"With --verify: the organization that the token must belong to." placeholder:"ID"`
	Output       string   `help:"Write the token to this file, in a folder of its own and without a newline, for AWS_WEB_IDENTITY_TOKEN_FILE." placeholder:"FILE" xor:"decode,output"`
	Group        string   `help:"With --output: a group that may read the file too." placeholder:"GROUP"`
	Watch        bool     `help:"With --output: keep the file fresh until interrupted."`
	Verbose      bool     `short:"v" help:"Say on standard error what is done."`
	tokenFlags   `embed:""`
}

// Help implements kong.HelpProvider.
func (c *tokenCommand) Help() string {
	return `Examples:

    onafed idp token --audience sts.amazonaws.com
    onafed idp token --audience sts.amazonaws.com --decode
    onafed idp token --audience sts.amazonaws.com --output /run/onafed/token --watch`
}

// Run implements the command.
func (c *tokenCommand) Run(ctx context.Context, t *terminal) error {
	if err := c.check(); err != nil {
		return unanswered(err)
	}
	if len(c.Audience) > 1 && slices.Contains(c.Audience, idp.AudienceAWS) {
		t.say("onafed: warning: AWS STS takes tokens for one audience only, and this one is for %d", len(c.Audience))
	}
	if c.Watch {
		return c.watch(ctx, t)
	}
	if c.Decode && !c.Verify {
		if raw, found, err := c.given(ctx); found {
			if err != nil {
				return err
			}
			return decode(t, raw)
		}
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
	switch {
	case c.Decode:
		return decode(t, token.Raw())
	case c.Output != "":
		file, err := c.file(idp.Static(token), t)
		if err != nil {
			return err
		}
		expiry, err := file.Write(ctx)
		if err != nil {
			return err
		}
		t.say("wrote %s, valid until %s", file.Path(), expiry.UTC().Format(time.RFC3339))
		return nil
	}
	_, err = fmt.Fprintln(t.out, token.Raw())
	return err
}

func (c *tokenCommand) check() error {
	if c.Output == "" && (c.Watch || c.Group != "") {
		return errors.New("--watch and --group go with --output FILE")
	}
	if c.Organization != "" && !c.Verify {
		return errors.New("--organization goes with --verify")
	}
	if c.Watch && c.Verify {
		return errors.New("--verify checks one token; it does not go with --watch")
	}
	return nil
}

// token gets a token for the audiences, and says so when a source that is asked for nothing in particular yields another.
func (c *tokenCommand) token(ctx context.Context, t *terminal) (*idp.Token, error) {
	log := logger(t, c.Verbose)
	if len(c.Audience) > 1 {
		client, err := c.client(log)
		if err != nil {
			return nil, err
		}
		if client == nil {
			return nil, unanswered(errors.New("several audiences can be asked of the Ona API only: name --api-token-file or --api-token-env"))
		}
		return client.IDToken(ctx, c.Audience...)
	}
	src, err := c.source(c.Audience[0], log)
	if err != nil {
		return nil, err
	}
	token, err := src.Token(ctx)
	if err != nil {
		return nil, err
	}
	if got := token.Claims().Audience; !slices.Contains(got, c.Audience[0]) {
		return nil, fmt.Errorf("the token is for the audience %q, not %q: get one for it, or name the audience that it has", got, c.Audience[0])
	}
	return token, nil
}

func (c *tokenCommand) verify(ctx context.Context, t *terminal, token *idp.Token) error {
	keys, err := issuer.NewIssuerKeySet(c.Issuer, nil)
	if err != nil {
		return err
	}
	opts := issuer.VerifierOptions{Audiences: c.Audience, AnyOrganization: c.Organization == ""}
	if c.Organization != "" {
		opts.Organizations = []string{c.Organization}
	}
	v, err := issuer.NewVerifier(c.Issuer, keys, &opts)
	if err != nil {
		return err
	}
	if _, err := v.Verify(ctx, token.Raw()); err != nil {
		return err
	}
	t.say("verified: signed by %s", c.Issuer)
	return nil
}

func (c *tokenCommand) file(src idp.TokenSource, t *terminal) (*export.TokenFile, error) {
	path, err := filepath.Abs(c.Output)
	if err != nil {
		return nil, err
	}
	return export.NewTokenFile(path, src, &export.TokenFileOptions{
		Group:  c.Group,
		Logger: logger(t, c.Verbose),
		OnWrite: func(expiry time.Time) {
			t.say("wrote %s, valid until %s", path, expiry.UTC().Format(time.RFC3339))
		},
	})
}

func (c *tokenCommand) watch(ctx context.Context, t *terminal) error {
	if len(c.Audience) > 1 {
		return unanswered(errors.New("--watch keeps a token for one audience"))
	}
	src, err := c.source(c.Audience[0], logger(t, c.Verbose))
	if err != nil {
		return err
	}
	file, err := c.file(src, t)
	if err != nil {
		return err
	}
	return file.Run(ctx)
}

package token

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/cmd/onafed/internal/source"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
	"github.com/onafed/onafed/idp"
)

const webIdentityTokenFile = "AWS_WEB_IDENTITY_TOKEN_FILE"

// token returns a valid token that has all audiences of the flags.
func (c *Command) token(ctx context.Context, t *terminal.Terminal) (*idp.Token, error) {
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

// fetch asks the source once. Only the Ona API issues tokens for several audiences.
func (c *Command) fetch(ctx context.Context, t *terminal.Terminal) (*idp.Token, error) {
	log := t.Logger(c.Verbose)
	if len(c.Audience) > 1 && c.TokenFile+c.TokenEnv+c.TokenCommand == "" {
		client, err := c.Client(log)
		if err != nil {
			return nil, fmt.Errorf("a token for several audiences: %w", err)
		}
		return client.IDToken(ctx, c.Audience...)
	}
	src, err := c.Source(c.Audience[0], log)
	if err != nil {
		return nil, err
	}
	return src.Token(ctx)
}

// anyRaw returns the text of a token that may have expired. A token that a flag names may also have
// another audience. In the environment, a token for another audience does not count, because its
// file may belong to another program.
func (c *Command) anyRaw(ctx context.Context, t *terminal.Terminal) (string, error) {
	if raw, found, err := c.Raw(ctx); found || err != nil {
		return raw, err
	}
	token, err := c.fetch(ctx, t)
	if err == nil {
		return token.Raw(), nil
	}
	// Of all sources in the environment, only this file can hold a token that has expired.
	from, _ := errors.AsType[*idp.SourceError](err)
	if from == nil || !strings.HasPrefix(from.Source, webIdentityTokenFile) || !errors.Is(err, claims.ErrExpired) {
		return "", err
	}
	text, err := source.ReadFile(os.Getenv(webIdentityTokenFile))
	return strings.TrimSpace(string(text)), err
}

// checkAudience returns an error if the token is not for an audience. A file, a variable or a
// command does not know which audience is needed.
func checkAudience(token *idp.Token, audience string) error {
	if got := token.Claims().Audience; !slices.Contains(got, audience) {
		return &audienceError{got, audience}
	}
	return nil
}

// audienceError reports a token for another audience.
type audienceError struct {
	got  []string
	want string
}

// Error implements error.
func (e *audienceError) Error() string {
	return fmt.Sprintf("the token is for the audience %+q, not %+q: get a token for that audience, or name the audience of this one", e.got, e.want)
}

// Temporary returns false: the source returns the same token again.
func (e *audienceError) Temporary() bool { return false }

// warnOfSeveralAudiences prints a warning for a token that is for AWS and for others.
func warnOfSeveralAudiences(t *terminal.Terminal, token *idp.Token) {
	forAWS := func(audience string) bool {
		return audience == idp.AudienceAWS || strings.HasPrefix(audience, idp.AudienceAWS+".")
	}
	if got := token.Claims().Audience; len(got) > 1 && slices.ContainsFunc(got, forAWS) {
		t.Warn("AWS STS accepts tokens for one audience only, and this one is for %d", len(got))
	}
}

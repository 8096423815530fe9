package idtoken

import (
	"context"

	"golang.org/x/oauth2"

	"github.com/onafed/onafed/idp"
)

// OAuth2 returns the tokens of src as an oauth2.TokenSource, for example for oauth2.NewClient. The
// interface has no context for a call, so ctx bounds all calls.
func OAuth2(ctx context.Context, src idp.TokenSource) oauth2.TokenSource {
	return tokenSource(func() (*oauth2.Token, error) {
		t, err := src.Token(ctx)
		if err != nil {
			return nil, err
		}
		return &oauth2.Token{AccessToken: t.Raw(), TokenType: "Bearer", Expiry: t.Expiry()}, nil
	})
}

type tokenSource func() (*oauth2.Token, error)

// Token calls f.
func (f tokenSource) Token() (*oauth2.Token, error) { return f() }

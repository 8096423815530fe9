// Package verify checks ID tokens against the published keys of an issuer.
package verify

import (
	"context"
	"errors"
	"strings"

	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/issuer"
)

// CheckURL returns an error for a URL with a user or a password, which no message may repeat. The
// rest of the URL is checked when it is used.
func CheckURL(url string) error {
	_, rest, ok := strings.Cut(url, "://")
	if !ok {
		rest = url
	}
	if authority, _, _ := strings.Cut(rest, "/"); strings.Contains(authority, "@") {
		return errors.New("--issuer has a user or password in it: an issuer is https://host and a path, as tokens name it")
	}
	return nil
}

// Token checks the signature of a token against the keys of the issuer at url, and the rest as opts
// says. The algorithms in opts are replaced by those that the issuer may use.
func Token(ctx context.Context, url string, token *idp.Token, opts issuer.VerifierOptions) error {
	keys, err := issuer.NewIssuerKeySet(url, nil)
	if err != nil {
		return err
	}
	opts.Algorithms = algorithms(url)
	v, err := issuer.NewVerifier(url, keys, &opts)
	if err != nil {
		return err
	}
	_, err = v.Verify(ctx, token.Raw())
	return err
}

// algorithms returns the signature algorithms of an issuer: the default of the verifier for Ona's
// issuer, and all algorithms that AWS accepts for others.
func algorithms(url string) []string {
	if url == idp.Issuer {
		return nil
	}
	return []string{"RS256", "RS384", "RS512", "ES256", "ES384", "ES512"}
}

package jose_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	gojose "github.com/go-jose/go-jose/v4"
	josejwt "github.com/go-jose/go-jose/v4/jwt"
	"github.com/golang-jwt/jwt/v5"

	"github.com/onafed/onafed/idp/idptest"
	"github.com/onafed/onafed/idp/issuer"
)

const audience = "sts.amazonaws.com"

var algorithms = []string{"RS256", "RS384", "RS512", "ES256", "ES384", "ES512"}

// A peer is a library that verifies tokens. It gets the issuer's URL, finds the keys by discovery,
// and returns sub. Each checks the issuer, the audience and the algorithms, and requires exp if it
// has an option for that: its options are as strict as possible.
type peer struct {
	name   string
	verify func(ctx context.Context, issuerURL, token string) (sub string, err error)
}

// peers returns the other libraries; npm's jose only if node is not nil.
func peers(t *testing.T, n *node) []peer {
	t.Helper()
	all := []peer{
		{"go-oidc", goOIDC},
		{"go-jose", goJOSE},
		{"golang-jwt", golangJWT},
	}
	if n != nil {
		all = append(all, peer{"jose", n.verify})
	}
	return all
}

func goOIDC(ctx context.Context, issuerURL, token string) (string, error) {
	provider, err := oidc.NewProvider(ctx, issuerURL)
	if err != nil {
		return "", err
	}
	verified, err := provider.Verifier(&oidc.Config{ClientID: audience, SupportedSigningAlgs: algorithms}).Verify(ctx, token)
	if err != nil {
		return "", err
	}
	return verified.Subject, nil
}

// jwks fetches the keys that the discovery document names, as go-jose's type. go-oidc reads the
// document.
func jwks(ctx context.Context, issuerURL string) (*gojose.JSONWebKeySet, error) {
	provider, err := oidc.NewProvider(ctx, issuerURL)
	if err != nil {
		return nil, err
	}
	var metadata struct {
		JWKSURI string `json:"jwks_uri"`
	}
	if err := provider.Claims(&metadata); err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, metadata.JWKSURI, nil)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	set := new(gojose.JSONWebKeySet)
	return set, json.NewDecoder(answer.Body).Decode(set)
}

func goJOSE(ctx context.Context, issuerURL, token string) (string, error) {
	set, err := jwks(ctx, issuerURL)
	if err != nil {
		return "", err
	}
	accepted := make([]gojose.SignatureAlgorithm, len(algorithms))
	for i, a := range algorithms {
		accepted[i] = gojose.SignatureAlgorithm(a)
	}
	parsed, err := josejwt.ParseSigned(token, accepted)
	if err != nil {
		return "", err
	}
	var c josejwt.Claims
	if err := parsed.Claims(set, &c); err != nil {
		return "", err
	}
	return c.Subject, c.ValidateWithLeeway(josejwt.Expected{Issuer: issuerURL, AnyAudience: josejwt.Audience{audience}, Time: time.Now()}, 0)
}

func golangJWT(ctx context.Context, issuerURL, token string) (string, error) {
	set, err := jwks(ctx, issuerURL)
	if err != nil {
		return "", err
	}
	parsed, err := jwt.Parse(token, func(t *jwt.Token) (any, error) {
		kid, _ := t.Header["kid"].(string)
		for _, key := range set.Key(kid) {
			return key.Key, nil
		}
		return nil, errors.New("no key with this kid")
	}, jwt.WithValidMethods(algorithms), jwt.WithIssuer(issuerURL), jwt.WithAudience(audience), jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithStrictDecoding())
	if err != nil {
		return "", err
	}
	return parsed.Claims.GetSubject()
}

// ours verifies with this library, which finds the keys in the same way.
func ours(ctx context.Context, issuerURL, token string) (string, error) {
	keys, err := issuer.NewIssuerKeySet(issuerURL, &issuer.RemoteKeySetOptions{InsecureLoopbackHTTP: true})
	if err != nil {
		return "", err
	}
	v, err := issuer.NewVerifier(issuerURL, keys, &issuer.VerifierOptions{
		Audiences: []string{audience}, Algorithms: algorithms, Leeway: -1,
		Organizations: []string{idptest.OrganizationID}, // without it, org and sub of another issuer have no meaning
	})
	if err != nil {
		return "", err
	}
	c, err := v.Verify(ctx, token)
	return c.Subject, err
}

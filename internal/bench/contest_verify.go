package main

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/golang-jwt/jwt/v5"
	"github.com/lestrrat-go/jwx/v2/jwk"
	jwxjwt "github.com/lestrrat-go/jwx/v2/jwt"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/issuer"
)

// Each verifier has the key of the issuer in its cache, checks signature, issuer, audience and expiry,
// and returns the organization, because all customers of this issuer share it. Ours checks the
// organization, too.
func verifyContest() []contestLine {
	ctx := context.Background()
	id := newIdentity()

	keys := must(issuer.NewRemoteKeySet("https://app.gitpod.io/.well-known/jwks.json", &issuer.RemoteKeySetOptions{HTTPClient: id.client()}))
	verifier := must(issuer.NewVerifier(idp.Issuer, keys, &issuer.VerifierOptions{Audiences: []string{idp.AudienceAWS}, Organizations: []string{orgID}}))

	parser := jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}), jwt.WithIssuer(idp.Issuer), jwt.WithAudience(idp.AudienceAWS), jwt.WithExpirationRequired())
	public := &id.rsa.PublicKey
	var keyFunc jwt.Keyfunc = func(*jwt.Token) (any, error) { return public, nil }

	remote := oidc.NewRemoteKeySet(oidc.ClientContext(ctx, id.client()), "https://app.gitpod.io/.well-known/jwks.json")
	oidcVerifier := oidc.NewVerifier(idp.Issuer, remote, &oidc.Config{ClientID: idp.AudienceAWS, SupportedSigningAlgs: []string{"RS256"}})

	set := must(jwk.Parse(id.jwks))

	dot := strings.LastIndexByte(id.token, '.')
	signed, signature := []byte(id.token[:dot]), must(base64.RawURLEncoding.DecodeString(id.token[dot+1:]))
	return []contestLine{{
		work: "verify RS256, keys cached",
		ours: side{"issuer.Verifier", func() {
			_, err := verifier.Verify(ctx, id.token)
			check(err)
		}},
		peers: []peer{
			{side{"golang-jwt v5", func() {
				var c typedClaims
				_, err := parser.ParseWithClaims(id.token, &c, keyFunc)
				check(err)
			}}, 0.88},
			{side{"go-oidc v3", func() {
				t, err := oidcVerifier.Verify(ctx, id.token)
				check(err)
				var c struct {
					Organization string `json:"org"`
				}
				check(t.Claims(&c))
			}}, 0.68},
			{side{"jwx v2", func() {
				_, err := jwxjwt.Parse([]byte(id.token), jwxjwt.WithKeySet(set), jwxjwt.WithValidate(true),
					jwxjwt.WithIssuer(idp.Issuer), jwxjwt.WithAudience(idp.AudienceAWS))
				check(err)
			}}, 0.50},
			{side{"crypto/rsa alone", func() {
				sum := sha256.Sum256(signed)
				check(rsa.VerifyPKCS1v15(public, crypto.SHA256, sum[:], signature))
			}}, 1.17},
		},
		maxAllocs: -1,
	}}
}

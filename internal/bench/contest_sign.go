package main

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"

	"github.com/golang-jwt/jwt/v5"
	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
	jwxjwt "github.com/lestrrat-go/jwx/v2/jwt"
	"github.com/onafed/onafed/idp/issuer"
)

// All sides sign the same claims and marshal them for each call.
func signContest() []contestLine {
	ctx := context.Background()
	id := newIdentity()
	ecSigner := must(issuer.NewSigner(id.ec, &issuer.SignerOptions{KeyID: "k1"}))
	signed := make([]byte, 460) // about the length of header and payload

	raw := func(key crypto.Signer) side {
		return side{"the key alone", func() {
			sum := sha256.Sum256(signed)
			_, err := key.Sign(rand.Reader, sum[:], crypto.SHA256)
			check(err)
		}}
	}
	ours := func(s *issuer.Signer) side {
		return side{"issuer.Signer", func() {
			_, err := s.Sign(ctx, id.claims)
			check(err)
		}}
	}
	golang := func(method jwt.SigningMethod, key any) side {
		return side{"golang-jwt v5", func() {
			t := jwt.NewWithClaims(method, jwt.MapClaims(id.claims))
			t.Header["kid"] = "k0"
			_, err := t.SignedString(key)
			check(err)
		}}
	}
	jwx := func(alg jwa.SignatureAlgorithm, key any) side {
		k := must(jwk.FromRaw(key))
		check(k.Set(jwk.KeyIDKey, "k0"))
		return side{"jwx v2", func() {
			t := jwxjwt.New()
			for name, v := range id.claims {
				check(t.Set(name, v))
			}
			_, err := jwxjwt.Sign(t, jwxjwt.WithKey(alg, k))
			check(err)
		}}
	}
	payload := json.RawMessage(must(json.Marshal(id.claims)))
	return []contestLine{
		{
			work: "sign RS256", ours: ours(id.signer),
			peers:     []peer{{raw(id.rsa), 1.02}, {jwx(jwa.RS256, id.rsa), 0}},
			maxAllocs: -1,
		},
		{
			work: "sign ES256", ours: ours(ecSigner),
			peers:     []peer{{raw(id.ec), 1.12}, {golang(jwt.SigningMethodES256, id.ec), 0}},
			maxAllocs: -1,
		},
		{
			work: "sign ES256, claims marshaled before", ours: side{"issuer.Signer", func() {
				_, err := ecSigner.Sign(ctx, payload)
				check(err)
			}},
			peers:     []peer{{raw(id.ec), 0}},
			maxAllocs: -1,
		},
	}
}

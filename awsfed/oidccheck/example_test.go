package oidccheck_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/onafed/onafed/awsfed/oidccheck"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/issuer"
)

// newIssuer returns the keys of an issuer, and a client that reaches its documents in memory.
func newIssuer(url string) (*issuer.KeyRing, *http.Client, error) {
	ring, err := issuer.NewKeyRing(nil)
	if err != nil {
		return nil, nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	signer, err := issuer.NewSigner(key, nil)
	if err != nil {
		return nil, nil, err
	}
	if err := ring.Publish(signer); err != nil {
		return nil, nil, err
	}
	handler, err := issuer.NewHandler(url, ring, nil)
	return ring, &http.Client{Transport: inMemory{handler}}, err
}

type inMemory struct{ handler http.Handler }

func (m inMemory) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	m.handler.ServeHTTP(w, r)
	return w.Result(), nil
}

// AWS refuses this token with InvalidIdentityToken and gives at most one reason.
func Example() {
	const url = "https://issuer.example"
	ring, client, err := newIssuer(url)
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	token, err := ring.Sign(ctx, map[string]any{
		"iss": url,
		"sub": "build/42",
		"aud": []string{idp.AudienceAWS, "https://service.example"},
		"exp": time.Now().Add(time.Hour).Unix(),
	})
	if err != nil {
		log.Fatal(err)
	}
	findings, err := oidccheck.Check(ctx, url, token, &oidccheck.Options{HTTPClient: client})
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range findings {
		fmt.Println(f)
	}
	// Output:
	// error token-aud-several: The token has 2 audiences. Fix: Use exactly one: AWS refuses its own tokens with several, and does not document the rule for other tokens.
	// error token-iat: The token has no iat. Fix: Add it: STS requires it.
}

package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"io"
	"net/http"
	"time"

	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/issuer"
)

const (
	orgID   = "0191e223-1c3c-7607-badf-303c98b52d2f"
	prjID   = "019527e4-75d5-704d-a5a4-a2b52cf56198"
	envID   = "019527e4-75d5-704d-a5a4-a2b52cf56196"
	subject = "org:" + orgID + "/prj:" + prjID + "/env:" + envID
)

// An identity is a token of an environment and its keys.
type identity struct {
	rsa    *rsa.PrivateKey
	ec     *ecdsa.PrivateKey
	claims map[string]any
	signer *issuer.Signer
	token  string // RS256
	jwks   []byte
}

func newIdentity() *identity {
	now := time.Now()
	id := &identity{
		rsa: must(rsa.GenerateKey(rand.Reader, 2048)),
		ec:  must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)),
		claims: map[string]any{
			"iss": idp.Issuer, "aud": idp.AudienceAWS, "sub": subject, "org": orgID,
			"iat": now.Unix(), "exp": now.Add(24 * time.Hour).Unix(),
		},
	}
	id.signer = must(issuer.NewSigner(id.rsa, &issuer.SignerOptions{KeyID: "k0"}))
	id.token = must(id.signer.Sign(context.Background(), id.claims))
	ring := must(issuer.NewKeyRing(nil))
	check(ring.PublishAt(id.signer, now.Add(-time.Hour)))
	h := must(issuer.NewHandler(idp.Issuer, ring, nil))
	id.jwks = h.Documents()[jwksPath[1:]]
	if id.jwks == nil {
		panic("no key set among the documents")
	}
	return id
}

// client returns a client that gets the key set from memory for every request.
func (id *identity) client() *http.Client {
	return &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: http.StatusOK, Request: r, Body: io.NopCloser(bytes.NewReader(id.jwks)), ContentLength: int64(len(id.jwks)),
			Header: http.Header{"Content-Type": {"application/json"}, "Cache-Control": {"public, max-age=3600"}},
		}, nil
	})}
}

type roundTripper func(*http.Request) (*http.Response, error)

// RoundTrip calls f.
func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

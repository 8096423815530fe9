package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/issuer"
)

// A localIssuer replaces Ona: it has the name https://app.gitpod.io for users of its client.
type localIssuer struct {
	ring   *issuer.KeyRing
	addr   string
	client *http.Client // reaches only this issuer
}

func newIssuer(ctx context.Context) (*localIssuer, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	signer, err := issuer.NewSigner(key, &issuer.SignerOptions{KeyID: "k0"})
	if err != nil {
		return nil, err
	}
	ring, err := issuer.NewKeyRing(nil)
	if err != nil {
		return nil, err
	}
	if err := ring.Publish(signer); err != nil {
		return nil, err
	}
	handler, err := issuer.NewHandler(idp.Issuer, ring, nil)
	if err != nil {
		return nil, err
	}
	ca, err := newAuthority()
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(idp.Issuer)
	if err != nil {
		return nil, err
	}
	cert, err := ca.certificate(u.Hostname())
	if err != nil {
		return nil, err
	}
	addr, err := serve(ctx, handler, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12})
	if err != nil {
		return nil, err
	}
	return &localIssuer{ring: ring, addr: addr, client: ca.clientFor(u.Hostname(), addr)}, nil
}

// token returns a V2 token of an Ona environment in a project.
func (i *localIssuer) token(ctx context.Context) (*idp.Token, error) {
	subject, err := claims.SubjectFrom(claims.Organization(organizationID), claims.Project(projectID), claims.Environment(environmentID))
	if err != nil {
		return nil, err
	}
	now := time.Now()
	payload, err := json.Marshal(map[string]any{
		"iss": idp.Issuer,
		"aud": idp.AudienceAWS,
		"sub": subject,
		"org": organizationID,
		"iat": now.Unix(),
		"exp": now.Add(time.Hour).Unix(),
	})
	if err != nil {
		return nil, err
	}
	raw, err := i.ring.Sign(ctx, json.RawMessage(payload))
	if err != nil {
		return nil, err
	}
	return idp.ParseToken(raw)
}

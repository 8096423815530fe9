// Command verify-token is a service that accepts tokens of one organization for one audience, and
// prints why it refuses others. Its issuer is in the same process. A real service gets the keys
// from the issuer's URL (issuer.NewIssuerKeySet).
//
//	go run ./examples/verify-token
package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/issuer"
)

const (
	ours   = "0191e223-1c3c-7607-badf-303c98b52d2f"
	theirs = "0191e223-0000-7000-8000-000000000000"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "verify-token:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer) error {
	ring, err := newRing()
	if err != nil {
		return err
	}
	verifier, err := issuer.NewVerifier(idp.Issuer, ring, &issuer.VerifierOptions{
		Audiences:     []string{"deploy.example"},
		Organizations: []string{ours}, // required, because all customers of Ona share the issuer
		MaxLifetime:   time.Hour,
	})
	if err != nil {
		return err
	}

	for _, c := range []struct {
		name                   string
		organization, audience string
		age                    time.Duration
	}{
		{"our environment", ours, "deploy.example", 0},
		{"another organization", theirs, "deploy.example", 0},
		{"a token for AWS", ours, idp.AudienceAWS, 0},
		{"yesterday's token", ours, "deploy.example", 24 * time.Hour},
	} {
		token, err := sign(ctx, ring, c.organization, c.audience, time.Now().Add(-c.age))
		if err != nil {
			return err
		}
		verified, err := verifier.Verify(ctx, token)
		if refusal, ok := errors.AsType[*issuer.VerifyError](err); ok {
			fmt.Fprintf(out, "%-21s refused: %s\n", c.name, refusal.Reason)
			continue
		} else if err != nil {
			return err
		}
		id, err := verified.Identity()
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%-21s accepted: %s %s\n", c.name, id.Kind(), id.ID())
	}
	return nil
}

func newRing() (*issuer.KeyRing, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	signer, err := issuer.NewSigner(key, nil)
	if err != nil {
		return nil, err
	}
	ring, err := issuer.NewKeyRing(nil)
	if err != nil {
		return nil, err
	}
	return ring, ring.Publish(signer)
}

func sign(ctx context.Context, ring *issuer.KeyRing, organization, audience string, at time.Time) (string, error) {
	subject, err := claims.SubjectFrom(claims.Organization(organization), claims.Environment("019527e4-75d5-704d-a5a4-a2b52cf56196"))
	if err != nil {
		return "", err
	}
	return ring.Sign(ctx, map[string]any{
		"iss": idp.Issuer,
		"aud": audience,
		"sub": subject,
		"org": organization,
		"iat": at.Unix(),
		"exp": at.Add(time.Hour).Unix(),
	})
}

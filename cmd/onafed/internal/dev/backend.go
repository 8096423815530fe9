package dev

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/awsfedtest"
	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/cmd/onafed/internal/role"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/issuer"
	"github.com/onafed/onafed/internal/quote"
)

// The identity in the tokens, and their lifetime.
const (
	organization  = "0191e223-1c3c-7607-badf-303c98b52d2f"
	project       = "019527e4-75d5-704d-a5a4-a2b52cf56198"
	environment   = "019527e4-75d5-704d-a5a4-a2b52cf56196"
	tokenLifetime = time.Hour
)

// services names the services of AWS, for messages.
const services = "STS, Secrets Manager, S3 and EC2"

// The results of S3 and EC2.
const (
	bucket     = "onafed-dev"
	instanceID = "i-0123456789abcdef0"
)

// backend is an issuer with Ona's name, an STS that trusts it, and a few other services of AWS. It is
// also the token source of the command.
type backend struct {
	audience  string // of the tokens
	ring      *issuer.KeyRing
	documents *issuer.Handler
	sts       *awsfedtest.STS
}

func (c *Command) backend(t *terminal.Terminal) (*backend, error) {
	b := &backend{audience: awsfed.Audience(c.RoleARN)}
	secrets, err := c.secrets(t)
	if err != nil {
		return nil, err
	}
	if err := b.newIssuer(); err != nil {
		return nil, err
	}
	arn, err := role.ParseAWS(c.RoleARN)
	if err != nil {
		return nil, err
	}
	policy, err := c.policy(t, arn)
	if err != nil {
		return nil, err
	}
	b.sts, err = awsfedtest.NewSTS(&awsfedtest.STSOptions{
		HTTPClient:  &http.Client{Transport: b},
		Providers:   []awsfedtest.Provider{{URL: idp.Issuer, ClientIDs: []string{b.audience}, Account: arn.Account}},
		Roles:       []awsfedtest.Role{{ARN: c.RoleARN, TrustPolicy: policy, MaxSessionDuration: c.TTL}},
		MinDuration: time.Second,
		OnCall: func(call awsfedtest.Call) {
			if c.Verbose || !call.OK() {
				t.Say("%s", logLine(call))
			}
		},
	})
	if err != nil {
		return nil, err
	}
	b.sts.Handle("secretsmanager", awsfedtest.SecretsManager(secrets))
	b.sts.Handle("s3", awsfedtest.S3(bucket))
	b.sts.Handle("ec2", awsfedtest.EC2(instanceID))
	account, err := c.newIAM(arn, policy, b.audience)
	if err != nil {
		return nil, err
	}
	b.sts.Handle("iam", account)
	return b, nil
}

// logLine returns the line about a call: the service, the operation, the role and the result.
func logLine(call awsfedtest.Call) string {
	words := []string{call.Service, call.Action, call.RoleARN}
	words = slices.DeleteFunc(words, func(word string) bool { return word == "" })
	result := "ok"
	if !call.OK() {
		result = cmp.Or(call.Code, "status "+strconv.Itoa(call.Status))
	}
	return strings.TrimSpace(strings.Join(words, " ") + ": " + result + " " + call.Reason)
}

// newIssuer makes a key and the documents of the issuer.
func (b *backend) newIssuer() error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	signer, err := issuer.NewSigner(key, &issuer.SignerOptions{KeyID: "k0"})
	if err != nil {
		return err
	}
	if b.ring, err = issuer.NewKeyRing(nil); err != nil {
		return err
	}
	if err := b.ring.Publish(signer); err != nil {
		return err
	}
	b.documents, err = issuer.NewHandler(idp.Issuer, b.ring, nil)
	return err
}

// policy returns the trust policy of --policy, or one for the organization in the tokens.
func (c *Command) policy(t *terminal.Terminal, arn role.ARN) (trust.Policy, error) {
	if c.Policy == "" {
		return trust.Build(trust.Rule{
			Account: arn.Account, Partition: arn.Partition, Audience: awsfed.Audience(c.RoleARN), Organization: organization,
		})
	}
	text, err := t.ReadFile(c.Policy)
	if err != nil {
		return trust.Policy{}, fmt.Errorf("--policy: %w", err)
	}
	policy, err := trust.Parse([]byte(text))
	if err != nil {
		return trust.Policy{}, fmt.Errorf("--policy %s: %w", quote.Path(c.Policy), err)
	}
	return policy, nil
}

// Token implements idp.TokenSource.
func (b *backend) Token(ctx context.Context) (*idp.Token, error) {
	subject, err := claims.SubjectFrom(claims.Organization(organization), claims.Project(project), claims.Environment(environment))
	if err != nil {
		return nil, err
	}
	now := time.Now()
	raw, err := b.ring.Sign(ctx, map[string]any{
		"iss": idp.Issuer, "aud": b.audience, "sub": subject, "org": organization,
		"iat": now.Unix(), "exp": now.Add(tokenLifetime).Unix(),
	})
	if err != nil {
		return nil, err
	}
	return idp.ParseToken(raw)
}

// RoundTrip answers the requests of the STS for the issuer's documents, without a network.
func (b *backend) RoundTrip(r *http.Request) (*http.Response, error) {
	status, body := http.StatusOK, b.documents.Documents()[strings.TrimPrefix(r.URL.Path, "/")]
	if body == nil {
		status = http.StatusNotFound
	}
	return &http.Response{
		StatusCode: status,
		Header:     http.Header{"Content-Type": {"application/json"}},
		Body:       io.NopCloser(bytes.NewReader(body)),
		Request:    r,
	}, nil
}

// ServeHTTP serves AWS, and the issuer's documents for people.
func (b *backend) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/.well-known/") {
		b.documents.ServeHTTP(rw, r)
		return
	}
	b.sts.ServeHTTP(rw, r)
}

// outages makes STS fail for a time at the end of every minute, or always.
func (b *backend) outages(ctx context.Context, t *terminal.Terminal, length time.Duration) {
	up := time.Minute - length
	switch {
	case length <= 0:
		return
	case up <= 0:
		t.Say("STS is down")
		b.sts.Outage(true)
		return
	}
	for {
		b.sts.Outage(false)
		if !wait(ctx, up) {
			return
		}
		t.Say("STS is down for %s", length)
		b.sts.Outage(true)
		if !wait(ctx, length) {
			return
		}
	}
}

// wait waits for d, and reports whether ctx is still alive.
func wait(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

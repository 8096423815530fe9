package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/awsfedtest"
	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/issuer"
)

// The identity of the tokens that dev signs, and how long they live.
const (
	devOrganization = "0191e223-1c3c-7607-badf-303c98b52d2f"
	devProject      = "019527e4-75d5-704d-a5a4-a2b52cf56198"
	devEnvironment  = "019527e4-75d5-704d-a5a4-a2b52cf56196"
	devTokenLife    = time.Hour
)

// devWorld is an issuer under Ona's name and an STS that knows it. It is the token source of dev.
type devWorld struct {
	audience  string // of the tokens, as AWS expects it in the partition of the role
	ring      *issuer.KeyRing
	documents *issuer.Handler
	sts       *awsfedtest.STS
}

func (c *devCommand) world(t *terminal) (*devWorld, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	signer, err := issuer.NewSigner(key, &issuer.SignerOptions{KeyID: "k0"})
	if err != nil {
		return nil, err
	}
	w := &devWorld{audience: awsfed.Audience(c.RoleARN)}
	if w.ring, err = issuer.NewKeyRing(nil); err != nil {
		return nil, err
	}
	if err := w.ring.Publish(signer); err != nil {
		return nil, err
	}
	if w.documents, err = issuer.NewHandler(idp.Issuer, w.ring, nil); err != nil {
		return nil, err
	}
	role, err := parseRoleARN(c.RoleARN)
	if err != nil {
		return nil, err
	}
	policy, err := c.policy(role)
	if err != nil {
		return nil, err
	}
	w.sts, err = awsfedtest.NewSTS(&awsfedtest.STSOptions{
		HTTPClient:  &http.Client{Transport: w},
		Providers:   []awsfedtest.Provider{{URL: idp.Issuer, ClientIDs: []string{w.audience}, Account: role.account}},
		Roles:       []awsfedtest.Role{{ARN: c.RoleARN, TrustPolicy: policy, MaxSessionDuration: c.TTL}},
		MinDuration: time.Second,
		OnCall: func(call awsfedtest.Call) {
			if c.Verbose || !call.OK() {
				t.say("%s %s: %s", call.Action, call.RoleARN, strings.TrimSpace(cmp.Or(call.Code, "ok")+" "+call.Reason))
			}
		},
	})
	return w, err
}

func (c *devCommand) policy(role roleARN) (trust.Policy, error) {
	if c.Policy == "" {
		return trust.Build(trust.Rule{Account: role.account, Partition: role.partition, Audience: awsfed.Audience(c.RoleARN), Organization: devOrganization})
	}
	text, err := os.ReadFile(c.Policy)
	if err != nil {
		return trust.Policy{}, err
	}
	return trust.Parse(text)
}

// Token implements idp.TokenSource.
func (w *devWorld) Token(ctx context.Context) (*idp.Token, error) {
	subject, err := claims.SubjectFrom(claims.Organization(devOrganization), claims.Project(devProject), claims.Environment(devEnvironment))
	if err != nil {
		return nil, err
	}
	now := time.Now()
	raw, err := w.ring.Sign(ctx, map[string]any{
		"iss": idp.Issuer, "aud": w.audience, "sub": subject, "org": devOrganization,
		"iat": now.Unix(), "exp": now.Add(devTokenLife).Unix(),
	})
	if err != nil {
		return nil, err
	}
	return idp.ParseToken(raw)
}

// RoundTrip answers the STS's requests for the issuer's documents, in memory.
func (w *devWorld) RoundTrip(r *http.Request) (*http.Response, error) {
	status, body := http.StatusOK, w.documents.Documents()[strings.TrimPrefix(r.URL.Path, "/")]
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

// ServeHTTP is the STS, and the issuer's documents to look at.
func (w *devWorld) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/.well-known/") {
		w.documents.ServeHTTP(rw, r)
		return
	}
	w.sts.ServeHTTP(rw, r)
}

// outages lets the STS fail in the last part of every minute, or all the time.
func (w *devWorld) outages(ctx context.Context, t *terminal, length time.Duration) {
	up := time.Minute - length
	switch {
	case length <= 0:
		return
	case up <= 0:
		t.say("STS is down")
		w.sts.Outage(true)
		return
	}
	for {
		for _, down := range []bool{false, true} {
			wait := up
			if down {
				wait = length
				t.say("STS is down for %s", length)
			}
			w.sts.Outage(down)
			select {
			case <-ctx.Done():
				return
			case <-time.After(wait):
			}
		}
	}
}

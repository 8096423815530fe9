package main

import (
	"bytes"
	"errors"
	"os"
	"regexp"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/awsfedtest"
	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/idptest"
)

const (
	deploy  = "arn:aws:iam::123456789012:role/deploy"
	partner = "arn:aws:iam::210987654321:role/partner"
	trusts  = `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "` + deploy + `"},
		"Action": "sts:AssumeRole", "Condition": {"StringEquals": {"sts:ExternalId": "example"}}}]}`
)

// newSTS returns an STS with the role deploy, which trusts the issuer, and the role partner, which
// trusts deploy.
func newSTS(t *testing.T, iss *idptest.Issuer) *awsfedtest.STS {
	t.Helper()
	policy, err := trust.Parse([]byte(trusts))
	if err != nil {
		t.Fatal(err)
	}
	fake := awsfedtest.New(t, iss, deploy)
	if err := fake.PutRole(awsfedtest.Role{ARN: partner, TrustPolicy: policy}); err != nil {
		t.Fatal(err)
	}
	return fake
}

// TestRun runs the program with the real SDK, and compares its output with README.md.
func TestRun(t *testing.T) {
	t.Setenv("AWS_CA_BUNDLE", "") // the SDK accepts it only for its own client
	iss := idptest.NewIssuer(t, nil)
	fake := newSTS(t, iss)
	client := sts.New(sts.Options{Region: "us-east-1", HTTPClient: fake.HTTPClient()})
	inMemory := func(o *awsfed.LoadOptions) { o.Config.HTTPClient = fake.HTTPClient() }
	o := options{role: deploy, account: "123456789012", nextRole: partner, external: "example", region: "us-east-1"}

	var out bytes.Buffer
	if err := run(t.Context(), newPool(client, iss.TokenSource(idp.AudienceAWS), o.account), o, &out, inMemory); err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile("(?s)```text\n(.*?)```").FindSubmatch(readme)
	if shown == nil || out.String() != string(shown[1]) {
		t.Errorf("the program printed\n%s\nREADME.md shows\n%s", out.String(), shown)
	}

	o.account = "999999999999"
	err = run(t.Context(), newPool(client, iss.TokenSource(idp.AudienceAWS), o.account), o, &out, inMemory)
	var account *awsfed.AccountError
	if !errors.As(err, &account) {
		t.Errorf("with a role of another account: %v, want an AccountError", err)
	}
}

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
	hub     = "arn:aws:iam::111122223333:role/hub"
	partner = "arn:aws:iam::210987654321:role/partner"

	trustsDeploy = `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "` + deploy + `"},
		"Action": "sts:AssumeRole"}]}`
	trustsHub = `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "` + hub + `"},
		"Action": "sts:AssumeRole", "Condition": {"StringEquals": {"sts:ExternalId": "example"}}}]}`
)

// newSTS returns an STS with roles of three accounts: deploy trusts the issuer, hub trusts deploy, and
// partner trusts hub.
func newSTS(t *testing.T, iss *idptest.Issuer) *awsfedtest.STS {
	t.Helper()
	fake := awsfedtest.New(t, iss, deploy)
	for arn, text := range map[string]string{hub: trustsDeploy, partner: trustsHub} {
		policy, err := trust.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := fake.PutRole(awsfedtest.Role{ARN: arn, TrustPolicy: policy}); err != nil {
			t.Fatal(err)
		}
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
	o := options{role: deploy, account: "123456789012", nextRoles: []string{hub, partner}, external: "example", region: "us-east-1"}

	calls := func() (n int) {
		for _, c := range fake.Calls() {
			if c.Action == "AssumeRoleWithWebIdentity" {
				n++
			}
		}
		return n
	}
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

	if got := calls(); got != 2 {
		t.Errorf("%d tokens were exchanged, want 2: the chain shares the role deploy", got)
	}

	guide, err := os.ReadFile("../../docs/several-roles.md")
	if err != nil {
		t.Fatal(err)
	}
	o.external = "another"
	err = run(t.Context(), newPool(client, iss.TokenSource(idp.AudienceAWS), o.account), o, &out, inMemory)
	var refused *awsfed.AssumeRoleError
	if !errors.As(err, &refused) || !bytes.Contains(guide, []byte("\n"+refused.Error()+"\n")) {
		t.Errorf("with another external ID: %v, which the guide does not have", refused)
	}

	o.account = "999999999999"
	err = run(t.Context(), newPool(client, iss.TokenSource(idp.AudienceAWS), o.account), o, &out, inMemory)
	var account *awsfed.AccountError
	if !errors.As(err, &account) {
		t.Errorf("with a role of another account: %v, want an AccountError", err)
	}
}

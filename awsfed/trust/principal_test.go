package trust_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/onafed/onafed/awsfed/trust"
)

// Each relation of a statement's principals to the issuer of a token has its outcome and its reason.
func TestFederatedPrincipal(t *testing.T) {
	t.Parallel()
	const (
		issuer   = "https://app.gitpod.io"
		provider = "arn:aws:iam::123456789012:oidc-provider/app.gitpod.io"
		other    = "arn:aws:iam::123456789012:oidc-provider/gitlab.com"
	)
	for _, tt := range []struct {
		name, issuer, provider string
		principal              trust.Principal
		outcome                trust.Outcome
		why                    string
	}{
		{"the provider", issuer, provider, trust.Principal{Federated: []string{other, provider}}, trust.Allowed, "this identity provider"},
		{"another provider", issuer, provider, trust.Principal{Federated: []string{other}}, trust.Denied, "another identity provider"},
		{"the provider in another account", issuer, provider, trust.Principal{Federated: []string{strings.Replace(provider, "123", "321", 1)}}, trust.Denied, "another identity provider"},
		{"the provider of the issuer, account not known", issuer, "", trust.Principal{Federated: []string{other, provider}}, trust.Undetermined, "not known"},
		{"another provider, account not known", issuer, "", trust.Principal{Federated: []string{other}}, trust.Denied, "another identity provider"},
		{"no provider ARN, account not known", issuer, "", trust.Principal{Federated: []string{"app.gitpod.io"}}, trust.Denied, "another identity provider"},
		{"no issuer", "", "", trust.Principal{Federated: []string{provider, "x"}}, trust.Denied, "another identity provider"},
		{"no federated principal", issuer, provider, trust.Principal{AWS: []string{"123456789012"}}, trust.Denied, "no identity provider"},
		{"everybody", issuer, provider, trust.Principal{AWS: []string{"*"}}, trust.Allowed, "everybody"},
	} {
		p := trust.Policy{Version: "2012-10-17", Statements: []trust.Statement{{
			Effect: trust.Allow, Principal: tt.principal, Actions: []string{"sts:AssumeRoleWithWebIdentity"},
		}}}
		x := p.Evaluate(trust.Request{Action: "sts:AssumeRoleWithWebIdentity", Issuer: tt.issuer, ProviderARN: tt.provider}).Explain()
		if got := x.Statements[0].Principal; x.Outcome != tt.outcome || !strings.Contains(got.Why, tt.why) {
			t.Errorf("%s: %s because %q, want %s because of %q", tt.name, x.Outcome, got.Why, tt.outcome, tt.why)
		}
	}
}

// The forms of principals that IAM saves.
func TestParsePrincipalForms(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		kind, value string
		ok          bool
	}{
		{"AWS", "*", true},
		{"AWS", "123456789012", true},
		{"AWS", "arn:aws:iam::123456789012:root", true},
		{"AWS", "arn:aws:iam::123456789012:role/a", true},
		{"AWS", "arn::iam::123456789012:root", false},
		{"AWS", "arn:aws:::123456789012:root", false},
		{"AWS", "arn:aws:iam::123456789012:", false},
		{"AWS", "arn:aws:iam", false},
		{"AWS", "iam:aws:iam::123456789012:root", false},
		{"AWS", "arn:aws:iam::123456789012:role/*", false},
		{"AWS", strings.Repeat("A", 15), false},
		{"AWS", strings.Repeat("A", 16), true},
		{"AWS", strings.Repeat("9Z", 64), true},
		{"AWS", strings.Repeat("A", 129), false},
		{"AWS", "AIDACKCEVSQ6C2example", false},
		{"AWS", "app.gitpod.io", false},
		{"Federated", "arn:aws:iam::123456789012:oidc-provider/app.gitpod.io", true},
		{"Federated", "azAZ09.-_", true},
		{"Federated", "a.z/A.Z/0.9", true},
		{"Federated", "cognito", false},
		{"Federated", "a.b:c", false},
		{"Federated", "a.b@c", false},
		{"Federated", "a.b[c", false},
		{"Federated", "a.b`c", false},
		{"Federated", "a.b{c", false},
		{"Federated", "a.b c", false},
		{"Federated", "a.b,c", false},
		{"Federated", "123456789012", false},
	} {
		_, err := trust.Parse(fmt.Appendf(nil, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{%q:%q},"Action":"sts:AssumeRole"}]}`, tt.kind, tt.value))
		if (err == nil) != tt.ok {
			t.Errorf("Parse of the principal %s %q: %v, want success: %v", tt.kind, tt.value, err, tt.ok)
		}
	}
}

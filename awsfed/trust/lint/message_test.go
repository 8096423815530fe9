package lint_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/awsfed/trust/lint"
)

const github = "token.actions.githubusercontent.com"

// one returns the only finding with the ID.
func one(t *testing.T, p trust.Policy, id string) lint.Finding {
	t.Helper()
	found := slices.DeleteFunc(lint.Policy(p), func(f lint.Finding) bool { return f.ID != id })
	if len(found) != 1 {
		t.Fatalf("%d findings %s, want 1: %+v", len(found), id, found)
	}
	return found[0]
}

// A policy may be exactly as long as a quota.
func TestSizes(t *testing.T) {
	t.Parallel()
	for size, want := range map[int]lint.Severity{
		trust.DefaultSize: "", trust.DefaultSize + 1: lint.Warning, trust.MaxSize: lint.Warning, trust.MaxSize + 1: lint.Error,
	} {
		p := trust.Policy{ID: "x", Statements: []trust.Statement{{
			Effect: trust.Deny, Principal: trust.Principal{Any: true}, Actions: []string{"sts:AssumeRole"},
		}}}
		p.ID += strings.Repeat("x", size-p.Size())
		if p.Size() != size {
			t.Fatalf("the policy has %d characters, want %d", p.Size(), size)
		}
		var got lint.Severity
		for _, f := range lint.Policy(p) {
			if f.ID == lint.TooLong {
				got = f.Severity
			}
		}
		if got != want {
			t.Errorf("a policy of %d characters: severity %q, want %q", size, got, want)
		}
	}
}

// The message of a principal that cannot exist names its account, if it has one.
func TestInvalidPrincipalNamesTheAccount(t *testing.T) {
	t.Parallel()
	for principal, want := range map[string]string{
		"arn:aws:iam::1234:root": `has the account "1234"`,
		"1234":                   `has the account "1234"`,
		"arn:aws:iam":            "names no account",
		strings.Repeat("A", 15):  `has the account ` + strings.Repeat("A", 15),
	} {
		p := trust.Policy{Statements: []trust.Statement{{Effect: trust.Deny, Principal: trust.Principal{AWS: []string{principal}}, Actions: []string{"sts:AssumeRole"}}}}
		if f := one(t, p, lint.InvalidPrincipal); !strings.Contains(strings.ReplaceAll(f.Message, `"`, ""), strings.ReplaceAll(want, `"`, "")) {
			t.Errorf("%q: %s, want %s", principal, f.Message, want)
		}
	}
	p := trust.Policy{Statements: []trust.Statement{{Effect: trust.Deny, Principal: trust.Principal{AWS: []string{strings.Repeat("A", 16)}}, Actions: []string{"sts:AssumeRole"}}}}
	for _, f := range lint.Policy(p) {
		t.Errorf("the shortest unique ID has the finding %s", f.Message)
	}
}

// The message about a missing subject says what the conditions do instead, and why it matters.
func TestMissingSubjectMessage(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, host string
		condition  trust.Condition
		severity   lint.Severity
		message    string
		why        []string
		whyNot     string
	}{
		{"no condition", github, trust.Condition{}, lint.Error, "no condition limits the subjects", []string{"Independent tenants share this issuer", "IAM now refuses to save"}, "Tokens of other tenants"},
		{"a shared issuer that IAM does not refuse", "www.amazon.com", trust.Condition{}, lint.Error, "no condition limits the subjects", []string{"Independent tenants share this issuer, and each of them can"}, "refuses"},
		{"a negated condition", github, trust.Condition{Operator: "StringNotLike", Key: github + ":sub", Values: []string{"repo:a/*"}}, lint.Error, "only excludes subjects", nil, ""},
		{"a negated condition on another claim", github, trust.Condition{Operator: "StringNotLike", Key: github + ":actor", Values: []string{"a"}}, lint.Error, "no condition limits the subjects", []string{"can have the same actor."}, ""},
		{"another claim", github, trust.Condition{Operator: "StringEquals", Key: github + ":actor", Values: []string{"a"}}, lint.Error, "no condition limits the subjects", []string{"Tokens of other tenants can have the same actor. Claims that name the tenant are", "repository"}, ""},
		{"Ona", "app.gitpod.io", trust.Condition{}, lint.Error, "no condition limits the subjects", []string{"All Ona organizations share this issuer", "begins with your organization"}, "Independent"},
		{"an issuer that may be shared", "issuer.example", trust.Condition{}, lint.Warning, "no condition limits the subjects", []string{"Every token of this provider", "If several tenants share the issuer"}, ""},
		{"the issuer of one tenant", "tenant.okta.com", trust.Condition{}, lint.Warning, "no condition limits the subjects", []string{"Every token of this provider"}, "If several tenants"},
	} {
		st := trust.Statement{
			Effect: trust.Allow, Principal: trust.Principal{Federated: []string{"arn:aws:iam::123456789012:oidc-provider/" + tt.host}},
			Actions: []string{"sts:AssumeRoleWithWebIdentity"},
		}
		if tt.host != "www.amazon.com" { // AWS has no key for its audience
			st.Conditions = []trust.Condition{{Operator: "StringEquals", Key: tt.host + ":aud", Values: []string{"sts.amazonaws.com"}}}
		}
		if tt.condition.Key != "" {
			st.Conditions = append(st.Conditions, tt.condition)
		}
		f := one(t, trust.Policy{Version: "2012-10-17", Statements: []trust.Statement{st}}, lint.MissingSubject)
		if f.Severity != tt.severity || !strings.Contains(f.Message, tt.message) {
			t.Errorf("%s: %s %q, want %s %q", tt.name, f.Severity, f.Message, tt.severity, tt.message)
		}
		for _, why := range tt.why {
			if !strings.Contains(f.Why, why) {
				t.Errorf("%s: %q does not contain %q", tt.name, f.Why, why)
			}
		}
		if tt.whyNot != "" && strings.Contains(f.Why, tt.whyNot) {
			t.Errorf("%s: %q contains %q", tt.name, f.Why, tt.whyNot)
		}
	}
}

// A federated principal is the ARN of a provider, or a domain that AWS knows.
func TestFederatedPrincipalsWithoutProvider(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"arn:aws:iam::123456789012:saml-provider/p": false, "arn:aws:iam::123456789012:oidc-provider/example.com": false,
		"accounts.google.com": false, "*": false, "example.com": true, "arn:aws:iam::123456789012:": true,
		"arn::iam::123456789012:saml-provider/p": true, "arn:aws:::123456789012:saml-provider/p": true,
	} {
		p := trust.Policy{Statements: []trust.Statement{{
			Effect: trust.Allow, Principal: trust.Principal{Federated: []string{name}}, Actions: []string{"sts:AssumeRoleWithWebIdentity"},
		}}}
		got := slices.ContainsFunc(lint.Policy(p), func(f lint.Finding) bool {
			return strings.Contains(f.Message, "is not a provider that AWS knows by name")
		})
		if got != want {
			t.Errorf("the principal %q: a finding: %v, want %v", name, got, want)
		}
	}
}

// Only V3 subjects have a default that a pattern with more text does not match.
func TestDefaultSubjectIsOfV3(t *testing.T) {
	t.Parallel()
	const org, id = "0191e223-1c3c-7607-badf-303c98b52d2f", "019527e4-75d5-704d-a5a4-a2b52cf56196"
	for value, want := range map[string]bool{
		"organization_id:" + org + ":project_id:" + id + ":*": true,
		"organization_id:" + org + ":project_id:" + id:        false,
		"organization_id:" + org + ":*":                       false,
		"org:" + org + "/env:" + id + ":*":                    false,
	} {
		p := trust.Policy{Version: "2012-10-17", Statements: []trust.Statement{{
			Effect: trust.Allow, Principal: trust.Principal{Federated: []string{"arn:aws:iam::123456789012:oidc-provider/app.gitpod.io"}},
			Actions:    []string{"sts:AssumeRoleWithWebIdentity"},
			Conditions: []trust.Condition{{Operator: "StringLike", Key: "app.gitpod.io:sub", Values: []string{value}}},
		}}}
		got := slices.ContainsFunc(lint.Policy(p), func(f lint.Finding) bool { return f.ID == lint.DefaultSubject })
		if got != want {
			t.Errorf("%s: a finding %s: %v, want %v", value, lint.DefaultSubject, got, want)
		}
	}
}

// ids returns the IDs of the findings about an Allow.
func ids(principal trust.Principal, conditions ...trust.Condition) []string {
	p := trust.Policy{Version: "2012-10-17", Statements: []trust.Statement{{
		Effect: trust.Allow, Principal: principal, Actions: []string{"sts:AssumeRoleWithWebIdentity"}, Conditions: conditions,
	}}}
	var list []string
	for _, f := range lint.Policy(p) {
		list = append(list, f.ID)
	}
	return list
}

// A statement for everybody is about the issuers whose subjects or audiences it names.
func TestIssuersOfStatementsForEverybody(t *testing.T) {
	t.Parallel()
	sub := trust.Condition{Operator: "StringLike", Key: github + ":sub", Values: []string{"repo:octo-org/*"}}
	aud := trust.Condition{Operator: "StringEquals", Key: github + ":aud", Values: []string{"sts.amazonaws.com"}}
	amr := trust.Condition{Operator: "StringEquals", Key: github + ":amr", Values: []string{"x"}}
	for _, tt := range []struct {
		name                  string
		conditions            []trust.Condition
		noSubject, noAudience bool
	}{
		{"subject and audience", []trust.Condition{sub, aud}, false, false},
		{"subject", []trust.Condition{sub}, false, true},
		{"audience", []trust.Condition{aud}, true, false},
		{"neither", []trust.Condition{amr}, false, false},
	} {
		got := ids(trust.Principal{Any: true}, tt.conditions...)
		if slices.Contains(got, lint.MissingSubject) != tt.noSubject || slices.Contains(got, lint.MissingAudience) != tt.noAudience {
			t.Errorf("%s: findings %q, want %s: %v, %s: %v", tt.name, got, lint.MissingSubject, tt.noSubject, lint.MissingAudience, tt.noAudience)
		}
	}
}

// The condition that requires the key of a ForAllValues may be the first one.
func TestForAllValuesAfterNull(t *testing.T) {
	t.Parallel()
	all := trust.Condition{Operator: "ForAllValues:StringEquals", Key: github + ":amr", Values: []string{"x"}}
	null := trust.Condition{Operator: "Null", Key: github + ":amr", Values: []string{"false"}}
	principal := trust.Principal{Federated: []string{"arn:aws:iam::123456789012:oidc-provider/" + github}}
	for want, conditions := range map[bool][]trust.Condition{true: {all}, false: {null, all}} {
		if got := slices.Contains(ids(principal, conditions...), lint.ForAllValues); got != want {
			t.Errorf("%d conditions: a finding %s: %v, want %v", len(conditions), lint.ForAllValues, got, want)
		}
	}
}

// The message about a wildcard without a separator distinguishes IDs, which have a fixed length, from
// names.
func TestSeparatorMessage(t *testing.T) {
	t.Parallel()
	for host, tt := range map[string]struct{ value, want string }{
		github:          {"repo:octo-org*", "continues the tenant's name"},
		"app.gitpod.io": {"org:0191e223-1c3c-7607-badf-303c98b52d2f*", "follows the organization's ID"},
	} {
		p := trust.Policy{Version: "2012-10-17", Statements: []trust.Statement{{
			Effect: trust.Allow, Principal: trust.Principal{Federated: []string{"arn:aws:iam::123456789012:oidc-provider/" + host}},
			Actions:    []string{"sts:AssumeRoleWithWebIdentity"},
			Conditions: []trust.Condition{{Operator: "StringLike", Key: host + ":sub", Values: []string{tt.value}}},
		}}}
		if f := one(t, p, lint.OrganizationSeparator); !strings.Contains(f.Message, tt.want) {
			t.Errorf("%s: %s, want %s", tt.value, f.Message, tt.want)
		}
	}
}

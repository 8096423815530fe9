package lint_test

import (
	"testing"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/awsfed/trust/lint"
	"github.com/onafed/onafed/internal/testkit/policies"
)

func TestFixRemovesItsFinding(t *testing.T) {
	t.Parallel()
	fixed := map[string]bool{}
	for _, v := range lintVectors(t) {
		p := policies.Parse(t, v.Policy)
		before := p.String()
		for _, f := range lint.Policy(p) {
			q, ok := f.Fix()
			if ok != f.Fixable {
				t.Errorf("%s: %s: Fix = %v, Fixable = %v", v.Name, f.ID, ok, f.Fixable)
			}
			if !ok {
				continue
			}
			fixed[f.ID] = true
			if p.String() != before {
				t.Fatalf("%s: the fix of %s changes its input", v.Name, f.ID)
			}
			checkFix(t, v.Name, p, q, f)
		}
	}
	for _, id := range []string{
		lint.OrganizationSeparator, lint.IfExists, lint.ForAllValues, lint.SetOperator, lint.KeyWithScheme, lint.DefaultSubject,
		lint.NeverMatches, lint.WildcardInEquals, lint.OldVersion, lint.RedundantValue, lint.MissingAction,
	} {
		if !fixed[id] {
			t.Errorf("no vector has a fix of %s", id)
		}
	}
}

// A separator is added only where the value then means what was written.
func TestFixOfMissingSeparator(t *testing.T) {
	t.Parallel()
	const provider = "arn:aws:iam::123456789012:oidc-provider/"
	for _, tt := range []struct{ host, value, want string }{
		{"app.gitpod.io", "org:" + policies.Org + "*", "org:" + policies.Org + "/*"},
		{"app.gitpod.io", "org:" + policies.Org + "?*", "org:" + policies.Org + "/?*"},
		{"token.actions.githubusercontent.com", "repo:acme*", "repo:acme/*"},
		{"token.actions.githubusercontent.com", "repo:acme*:ref:x", "repo:acme/*:ref:x"},
		{"token.actions.githubusercontent.com", "repo:acme*/app:*", ""},
		{"token.actions.githubusercontent.com", "repo:acm?/app:*", ""},
		{"token.actions.githubusercontent.com", "repo:acme{,@*}/app:*", ""},
		{"agent.buildkite.com", "organization:acme*", "organization:acme:*"},
		{"agent.buildkite.com", "organization:acme*:pipeline:app:*", ""},
		{"oidc-configuration.audit-log.githubusercontent.com", "https://github.com/acme*", ""},
	} {
		p := policies.OnSubject(trust.Allow, "StringLike", tt.value)
		p.Statements[0].Principal.Federated = []string{provider + tt.host}
		p.Statements[0].Conditions[0].Key = tt.host + ":sub"
		found := false
		for _, f := range lint.Policy(p) {
			if f.ID != lint.OrganizationSeparator {
				continue
			}
			found = true
			got := ""
			if q, ok := f.Fix(); ok {
				got = q.Statements[0].Conditions[0].Values[0]
			}
			if got != tt.want {
				t.Errorf("%s: the fix is %q, want %q", tt.value, got, tt.want)
			}
		}
		if !found {
			t.Errorf("%s: no finding %s", tt.value, lint.OrganizationSeparator)
		}
	}
}

// checkFix checks q, the policy p in which the finding f is corrected.
func checkFix(t *testing.T, name string, p, q trust.Policy, f lint.Finding) {
	t.Helper()
	if got := policies.Parse(t, []byte(q.String())); !got.Equal(q) {
		t.Errorf("%s: the fix of %s prints as another policy: %s", name, f.ID, q)
	}
	if n, m := count(p, f), count(q, f); m >= n {
		t.Errorf("%s: there are %d findings %s after the fix and %d before:\n%s", name, m, f.ID, n, q)
	}
	if f.Widens {
		return
	}
	for _, c := range policies.Callers() {
		r := trust.NewRequest(c, trust.Params{RoleARN: "arn:aws:iam::123456789012:role/ona"})
		if q.Evaluate(r).Allowed() && !p.Evaluate(r).Allowed() {
			t.Errorf("%s: the fix of %s allows %s:\n%s", name, f.ID, c.Subject, q)
		}
	}
}

// count returns how many findings about p are like f.
func count(p trust.Policy, f lint.Finding) int {
	n := 0
	for _, g := range lint.Policy(p) {
		if g.ID == f.ID && g.Statement == f.Statement && g.Key == f.Key && g.Value == f.Value && g.Operator == f.Operator {
			n++
		}
	}
	return n
}

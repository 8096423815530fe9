package lint_test

import (
	"slices"
	"testing"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/awsfed/trust/lint"
	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/internal/testkit/policies"
)

// A policy without a finding of severity Error allows no token of another organization, under no
// reading of the rules that AWS does not document.
func TestPolicyWithoutErrorsDeniesOtherOrganizations(t *testing.T) {
	t.Parallel()
	r := policies.NewRandom(1)
	clean, open := 0, 0
	callers := policies.Callers()
	for range 3_000 {
		p := r.Policy()
		if slices.ContainsFunc(lint.Policy(p), func(f lint.Finding) bool { return f.Severity == lint.Error }) {
			open++
			continue
		}
		clean++
		for _, c := range callers {
			if !policies.IsOther(c.Subject) {
				continue
			}
			d := p.Evaluate(trust.NewRequest(c, trust.Params{RoleARN: "arn:aws:iam::123456789012:role/ona", SessionName: policies.Org + "/x"}))
			if d.Outcome != trust.Denied {
				t.Fatalf("no error, and %s is %s:\n%s\n%v", c.Subject, d.Outcome, p, lint.Policy(p))
			}
		}
	}
	if clean < 200 || open < 200 {
		t.Errorf("%d policies without and %d with errors: too few of one of them", clean, open)
	}
}

// Policies of trust.Build have no findings, and allow only principals of the organization.
func TestBuiltPoliciesAreClean(t *testing.T) {
	t.Parallel()
	for _, format := range []trust.Format{trust.FormatV2, trust.FormatV3, trust.FormatBoth} {
		for _, extra := range [][]string{nil, {"environment_id"}, {"environment_id", "creator_name"}, {"creator_id", "environment_id"}} {
			layout, err := claims.NewLayout(extra...)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range []trust.Rule{
				{},
				{Project: policies.Project},
				{Environment: policies.Environment},
				{Project: policies.Project, Environment: policies.Environment},
				{User: policies.User},
				{Creator: policies.User},
				{Creator: "bob@example.com"},
			} {
				r.Account, r.Organization, r.Format, r.Layout = "123456789012", policies.Org, format, layout
				if p, err := trust.Build(r); err == nil { // not every layout has the fields of every rule
					checkClean(t, r, p)
				}
			}
		}
	}
}

func checkClean(t *testing.T, r trust.Rule, p trust.Policy) {
	t.Helper()
	for _, f := range lint.Policy(p) {
		if f.Severity != lint.Note && f.ID != lint.PersonalData {
			t.Errorf("%+v: %s: %s\n%s", r, f.ID, f.Message, p)
		}
	}
	for _, c := range policies.Callers() {
		d := p.Evaluate(trust.NewRequest(c, trust.Params{Account: "123456789012"}))
		if d.Outcome != trust.Denied && policies.IsOther(c.Subject) {
			t.Errorf("%+v: %s is %s\n%s", r, c.Subject, d.Outcome, p)
		}
	}
}

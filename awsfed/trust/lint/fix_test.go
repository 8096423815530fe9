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

package lint

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/internal/quote"
)

// Policy checks p. The findings are in the order of the statements, and those of one statement are
// in the order of their severity. The result is never nil.
func Policy(p trust.Policy) []Finding { return check(p, "") }

// check checks p. account is the account of the role, or "".
func check(p trust.Policy, account string) []Finding {
	l := &linter{policy: p, account: account, statements: statements(p), found: []Finding{}}
	l.checkSize()
	for _, st := range l.statements {
		switch st.Effect {
		case trust.Allow:
			l.checkAllow(st)
		case trust.Deny:
			l.checkDeny(st)
		default:
			l.add(st.finding(NotAnalysed, Warning,
				"the effect "+quote.Name(string(st.Effect))+" is neither Allow nor Deny", "IAM refuses such a statement."), nil)
		}
		l.checkPrincipals(st)
		l.checkExternalID(st)
		l.checkValues(st)
	}
	slices.SortStableFunc(l.found, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Statement, b.Statement), cmp.Compare(a.Severity.rank(), b.Severity.rank()))
	})
	return l.found
}

// linter collects the findings about one policy.
type linter struct {
	policy     trust.Policy
	account    string // of the role; empty if not known
	statements []*statement
	found      []Finding
}

// add records a finding. edit corrects it in a copy of the policy; it is nil if the correction is
// not certain.
func (l *linter) add(f Finding, edit func(*trust.Policy)) {
	if edit != nil {
		f.Fixable, f.policy, f.edit = true, l.policy, edit
	}
	l.found = append(l.found, f)
}

// checkSize checks the quotas for the length of a policy.
func (l *linter) checkSize() {
	f := Finding{ID: TooLong, Statement: -1}
	switch n := l.policy.Size(); {
	case n > trust.MaxSize:
		f.Severity = Error
		f.Message = fmt.Sprintf("the policy has %d characters, and the largest quota is %d", n, trust.MaxSize)
		f.Why = "IAM refuses it. trust.BuildAll makes several policies, for several roles."
	case n > trust.DefaultSize:
		f.Severity = Warning
		f.Message = fmt.Sprintf("the policy has %d characters, and the default quota is %d", n, trust.DefaultSize)
		f.Why = "IAM refuses it in an account without a raised quota L-C07B4B0D. White space is not counted here; " +
			"AWS does not document whether IAM counts it in trust policies."
	default:
		return
	}
	l.add(f, nil)
}

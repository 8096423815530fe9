package lint

import (
	"slices"
	"strings"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/internal/arn"
	"github.com/onafed/onafed/internal/condition"
	"github.com/onafed/onafed/internal/quote"
)

// RolePolicy checks the trust policy of a role as [Policy] does, and takes the account of the role
// from roleARN. Principals of other accounts are foreign. Policy knows the account only if the
// policy names an identity provider, which is always in the account of the role. An ARN without an
// account, or "", is ignored.
func RolePolicy(p trust.Policy, roleARN string) []Finding {
	role, _ := arn.Parse(roleARN)
	return check(p, role.Account)
}

// checkExternalID reports an Allow for AssumeRole that trusts a foreign account without an external
// ID ("The confused deputy problem", IAM User Guide). The principal "everybody" has its own
// finding.
func (l *linter) checkExternalID(st *statement) {
	if st.Effect != trust.Allow || !st.CoversAction(condition.AssumeRole) || isForEverybody(st.Principal) ||
		slices.ContainsFunc(st.clauses, (*clause).excludesDeputies) {
		return
	}
	for _, name := range st.Principal.AWS {
		account, ok := accountOf(name)
		if !ok || !arn.IsAccount(account) || !l.isForeign(account) {
			continue
		}
		severity, callers := Note, "The principal"
		if a, isARN := arn.Parse(name); !isARN || a.Resource == "root" {
			severity, callers = Warning, "Every role and user of the account with a permission for sts:AssumeRole"
		}
		f := st.finding(MissingExternalID, severity, "the principal "+quote.Name(name)+" is of another account, and no condition requires an external ID",
			callers+" can assume the role. If the account belongs to a service provider with other customers, one of them can make the provider use this role (confused deputy). "+
				"Require sts:ExternalId under StringEquals, or aws:PrincipalOrgID if the account is of your organization.")
		f.Key, f.Value = "sts:ExternalId", name
		l.add(f, nil)
	}
}

// isForeign reports whether an account is certainly not that of the role.
func (l *linter) isForeign(account string) bool {
	own := l.account
	for _, st := range l.statements {
		for _, name := range st.Principal.Federated {
			// Only a provider in the account of the role can match.
			if a, ok := arn.Parse(name); own == "" && ok && arn.IsAccount(a.Account) {
				own = a.Account
			}
		}
	}
	return own != "" && account != own
}

// excludesDeputies reports whether the condition requires an external ID, or the caller's own
// organization.
func (c *clause) excludesDeputies() bool {
	if c.op.Negated || c.holdsIfMissing() || !c.op.ComparesText() || slices.ContainsFunc(c.Values, isAsterisks) {
		return false
	}
	switch strings.ToLower(c.Key) {
	case "sts:externalid", "aws:principalorgid", "aws:principalorgpaths":
		return true
	default:
		return false
	}
}

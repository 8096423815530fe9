package lint

import (
	"slices"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/internal/condition"
	"github.com/onafed/onafed/internal/provider"
	"github.com/onafed/onafed/internal/quote"
)

// checkDeny checks a Deny statement.
func (l *linter) checkDeny(st *statement) {
	if !st.CoversAction(condition.AssumeRoleWithWebIdentity) {
		return
	}
	for _, c := range st.clauses {
		if c.op.Family == condition.Null || c.op.HoldsIfMissing() {
			continue
		}
		for _, host := range st.hosts() {
			if why := missingKey(c.Key, host); why != "" {
				l.add(c.finding(DeadDeny, Error, "the Deny never applies to tokens of "+quote.Word(host)+": "+why,
					"The requests that it is meant to deny are allowed. If AWS has no key for the claim, use a condition on sub."), nil)
				break
			}
		}
	}
}

// isGuarded reports whether a Deny limits an Allow to known tenants: it denies every token whose
// claim is not in a list of values, and every value in the list is bound to a tenant.
func (l *linter) isGuarded(allow *statement, host string) bool {
	return slices.ContainsFunc(l.statements, func(st *statement) bool {
		if st.Effect != trust.Deny || !st.CoversAction(condition.AssumeRoleWithWebIdentity) ||
			len(st.Conditions) != 1 || len(st.clauses) != 1 || !coversProviders(st.Principal, allow.Principal, host) {
			return false
		}
		c := st.clauses[0]
		claim, own := c.claim(host)
		isPlain := c.op.Qualifier == condition.NoQualifier || claim == "sub" && c.op.Qualifier == condition.ForAllValues
		return own && c.op.Negated && isPlain && c.op.ComparesText() && c.allBound(host)
	})
}

// coversProviders reports whether the principal of a Deny certainly includes every provider of the
// host that the principal of an Allow includes.
func coversProviders(deny, allow trust.Principal, host string) bool {
	if deny.Any || slices.Contains(deny.AWS, "*") {
		return true
	}
	found := false
	for _, name := range allow.Federated {
		if h, ok := provider.Host(name); ok && h == host {
			found = slices.Contains(deny.Federated, name)
			if !found {
				return false
			}
		}
	}
	return found && !isForEverybody(allow)
}

// allBound reports whether every value of a condition on a claim is bound to a tenant.
func (c *clause) allBound(host string) bool {
	return !slices.ContainsFunc(c.Values, func(v string) bool { return !c.read(host, v).tenant.Bound() })
}

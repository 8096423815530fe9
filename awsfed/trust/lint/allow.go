package lint

import (
	"slices"
	"strings"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/internal/condition"
	"github.com/onafed/onafed/internal/provider"
	"github.com/onafed/onafed/internal/quote"
)

// checkAllow checks an Allow statement.
func (l *linter) checkAllow(st *statement) {
	if !st.CoversAction(condition.AssumeRoleWithWebIdentity) {
		l.checkEveryAccount(st)
		l.checkActionOfProvider(st)
		return
	}
	l.checkActions(st)
	l.checkMissingAction(st)
	l.checkProviders(st)
	if isForEverybody(st.Principal) {
		l.reportEverybody(st)
	}
	for _, host := range st.hosts() {
		l.checkGrant(newGrant(l, st, host))
	}
}

// checkActions reports NotAction and actions with wildcards.
func (l *linter) checkActions(st *statement) {
	if len(st.NotActions) > 0 {
		l.add(st.finding(NotAction, Warning,
			"the statement allows every action except "+quote.Values(st.NotActions),
			"NotAction also allows the actions that AWS adds later. List the actions."), nil)
		return
	}
	for _, a := range st.Actions {
		if strings.ContainsAny(a, "*?") {
			f := st.finding(BroadAction, Note, "the action "+quote.Name(a)+" has a wildcard",
				"It allows more than sts:AssumeRoleWithWebIdentity. AWS does not document whether IAM accepts wildcards in trust policies.")
			f.Value = a
			l.add(f, nil)
		}
	}
}

// checkMissingAction reports the first condition that requires something in the token for which no
// statement allows the action.
func (l *linter) checkMissingAction(st *statement) {
	for _, c := range st.clauses {
		action := condition.ActionForKey(c.Key)
		if action == "" || c.holdsIfMissing() || l.allows(action) {
			continue
		}
		f := c.finding(MissingAction, Warning,
			"the condition requires "+quote.Word(c.Key)+", and no statement allows "+action,
			"STS refuses a token that has it, and a token that does not have it fails the condition.")
		f.Widens = true
		var edit func(*trust.Policy)
		if len(st.NotActions) == 0 {
			edit = st.edit(func(s *trust.Statement) { s.Actions = append(s.Actions, action) })
		}
		l.add(f, edit)
		return
	}
}

// allows reports whether some Allow statement covers the action.
func (l *linter) allows(action string) bool {
	return slices.ContainsFunc(l.statements, func(st *statement) bool { return st.Effect == trust.Allow && st.CoversAction(action) })
}

// reportEverybody reports an Allow for web identities whose principal is not limited to a provider.
// The finding is a warning if the conditions exclude the tokens of other issuers.
func (l *linter) reportEverybody(st *statement) {
	severity, message := Error, "the principal is everybody, and no condition names an issuer"
	if st.excludesOtherIssuers() {
		severity, message = Warning, "the principal is everybody, and only the conditions name an issuer"
	}
	l.add(st.finding(Everybody, severity, message,
		"The statement accepts tokens of every provider that the account has now or later and, with the action sts:AssumeRole, every AWS account. "+
			"Name the provider."), nil)
}

// excludesOtherIssuers reports whether some condition fails for tokens of other issuers than those
// of the statement.
func (st *statement) excludesOtherIssuers() bool {
	hosts := st.hosts()
	return slices.ContainsFunc(st.clauses, func(c *clause) bool {
		if c.op.Family == condition.Null || c.op.HoldsIfMissing() {
			return false
		}
		host, _, ok := provider.CutKey(c.Key, "")
		return ok && slices.Contains(hosts, host) || strings.EqualFold(c.Key, "aws:PrincipalOrgID")
	})
}

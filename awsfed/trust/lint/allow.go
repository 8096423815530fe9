package lint

import (
	"slices"
	"strings"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/internal/arn"
	"github.com/onafed/onafed/internal/condition"
	"github.com/onafed/onafed/internal/provider"
	"github.com/onafed/onafed/internal/quote"
)

// allow checks an Allow statement.
func (l *linter) allow(st *statement) {
	if !st.CoversAction(condition.AssumeRoleWithWebIdentity) {
		l.everyAccount(st)
		return
	}
	l.actions(st)
	l.missingAction(st)
	l.providers(st)
	if isForEverybody(st.Principal) {
		l.everybody(st)
	}
	for _, host := range st.hosts() {
		l.grant(newGrant(l, st, host))
	}
}

// actions checks the actions of the statement.
func (l *linter) actions(st *statement) {
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

// missingAction reports the first condition that requires something in the token for which no
// statement allows the action.
func (l *linter) missingAction(st *statement) {
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

// providers reports federated principals that name no provider.
func (l *linter) providers(st *statement) {
	for _, name := range st.Principal.Federated {
		a, _ := arn.Parse(name)
		isARN := a.Partition != "" && a.Service != "" && a.Resource != ""
		if _, ok := provider.Host(name); ok || name == "*" || isARN {
			continue
		}
		f := st.finding(NeverMatches, Warning,
			"the federated principal "+quote.Name(name)+" is not a provider that AWS knows by name",
			"The provider of an account is named by its ARN, arn:aws:iam::<account>:oidc-provider/<issuer without https://>. "+
				"This principal matches nobody, if IAM accepts it.")
		f.Value = name
		l.add(f, nil)
	}
}

// everybody reports the principal of an Allow for web identities that is not limited to a provider.
func (l *linter) everybody(st *statement) {
	severity, message := Error, "the principal is everybody, and no condition names an issuer"
	if st.excludesOtherIssuers() {
		severity, message = Warning, "the principal is everybody, and only the conditions name an issuer"
	}
	l.add(st.finding(Everybody, severity, message,
		"The statement accepts tokens of every provider that the account ever has and, with the action sts:AssumeRole, every AWS account. "+
			"Name the provider."), nil)
}

// excludesOtherIssuers reports whether some condition fails for tokens of other issuers than those of
// the statement.
func (st *statement) excludesOtherIssuers() bool {
	hosts := st.hosts()
	return slices.ContainsFunc(st.clauses, func(c *clause) bool {
		if c.op.Family == condition.Null || c.op.HoldsIfMissing() {
			return false
		}
		host, _, ok := cutKey(c.Key)
		return ok && slices.Contains(hosts, host) || strings.EqualFold(c.Key, "aws:PrincipalOrgID")
	})
}

// everyAccount reports an Allow for AWS principals or SAML that is for everybody.
func (l *linter) everyAccount(st *statement) {
	if !st.Principal.Any && !slices.Contains(st.Principal.AWS, "*") ||
		!st.CoversAction("sts:AssumeRole") && !st.CoversAction("sts:AssumeRoleWithSAML") {
		return
	}
	severity, message := Error, "the principal is every AWS account, and no condition can fail"
	if slices.ContainsFunc(st.clauses, func(c *clause) bool {
		return c.op.Family != condition.Null && !c.op.HoldsIfMissing() && !slices.ContainsFunc(c.Values, isAsterisks)
	}) {
		severity, message = Warning, "the principal is everybody, and only the conditions exclude other AWS accounts"
	}
	l.add(st.finding(Everybody, severity, message,
		"Anybody with an AWS account can assume the role. Name the accounts, roles or providers."), nil)
}

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

// checkPrincipals reports principals that cannot exist: their account is a placeholder or a number
// that does not have 12 digits, or their ARN is not that of a principal.
func (l *linter) checkPrincipals(st *statement) {
	for _, name := range slices.Concat(st.Principal.Federated, st.Principal.AWS) {
		account, ok := accountOf(name)
		if !slices.Contains(st.Principal.AWS, name) && !strings.HasPrefix(name, "arn:") {
			continue
		}
		if a, isARN := arn.Parse(name); ok && isARN && !isPrincipal(a, slices.Contains(st.Principal.AWS, name)) {
			f := st.finding(InvalidPrincipal, Error, "the ARN "+quote.Name(name)+" does not name a principal",
				"A principal is a provider, or an account (root), a user, a role or a session, in a partition of AWS and without a region. "+
					"IAM refuses the policy, or the principal matches nobody.")
			f.Value = name
			l.add(f, nil)
		}
		if ok {
			continue
		}
		f := st.finding(InvalidPrincipal, Error, "the principal "+quote.Name(name)+" names no account",
			"An account is a number of 12 digits. IAM refuses the policy, or the principal matches nobody.")
		if account != "" {
			f.Message = "the principal " + quote.Name(name) + " has the account " + quote.Name(account)
		}
		f.Value = name
		l.add(f, nil)
	}
}

// accountOf returns the account of a principal, and reports whether it can exist. A unique ID, such
// as AROA..., replaces a principal that was deleted.
func accountOf(principal string) (account string, ok bool) {
	if a, isARN := arn.Parse(principal); isARN {
		return a.Account, arn.IsAccount(a.Account)
	}
	const idLen = 16 // IAM User Guide, "IAM identifiers": the shortest unique ID
	isID := len(principal) >= idLen && principal[0] == 'A' && strings.Trim(principal, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
	if strings.HasPrefix(principal, "arn:") {
		return "", false
	}
	return principal, principal == "*" || arn.IsAccount(principal) || isID
}

// isPrincipal reports whether the ARN has the form of a principal of AWS, or else of a provider (IAM
// User Guide, "AWS JSON policy elements: Principal").
func isPrincipal(a arn.ARN, ofAWS bool) bool {
	kind, name, named := strings.Cut(a.Resource, "/")
	named = named && name != ""
	switch {
	case !arn.IsPartition(a.Partition) || a.Region != "":
		return false
	case !ofAWS:
		return a.Service == "iam" && named && (kind == "oidc-provider" || kind == "saml-provider")
	case a.Service == "sts":
		return named && (kind == "assumed-role" || kind == "federated-user")
	}
	return a.Service == "iam" && (a.Resource == "root" || named && (kind == "user" || kind == "role"))
}

// checkActionOfProvider reports an Allow for an OIDC provider with sts:AssumeRole, which tokens do not
// use.
func (l *linter) checkActionOfProvider(st *statement) {
	const assumeRole = "sts:AssumeRole"
	i := slices.IndexFunc(st.Principal.Federated, func(name string) bool { _, ok := provider.Host(name); return ok })
	if i < 0 || !st.CoversAction(assumeRole) {
		return
	}
	f := st.finding(NeverMatches, Warning, "the principal is an OIDC provider, and the statement does not allow sts:AssumeRoleWithWebIdentity",
		"Tokens assume the role with sts:AssumeRoleWithWebIdentity. sts:AssumeRole is for principals of AWS accounts.")
	f.Value = st.Principal.Federated[i]
	f.Widens = true
	var edit func(*trust.Policy)
	if at := slices.IndexFunc(st.Actions, func(a string) bool { return strings.EqualFold(a, assumeRole) }); at >= 0 {
		edit = st.edit(func(s *trust.Statement) { s.Actions[at] = condition.AssumeRoleWithWebIdentity })
	}
	l.add(f, edit)
}

// reportWebAddress reports a provider with the address of Ona's web application.
func (l *linter) reportWebAddress(st *statement, name string) {
	f := st.finding(NeverMatches, Warning, "the principal "+quote.Name(name)+" is the web application of Ona, not the issuer of its tokens",
		"Tokens of Ona have the issuer "+provider.OnaIssuer+". Create a provider for it, and use "+provider.OnaHost+" in the ARN and in the condition keys.")
	f.Value = name
	l.add(f, nil)
}

// checkProviders reports federated principals that name no provider.
func (l *linter) checkProviders(st *statement) {
	for _, name := range st.Principal.Federated {
		a, _ := arn.Parse(name)
		isARN := a.Partition != "" && a.Service != "" && a.Resource != ""
		host, ok := provider.Host(name)
		if strings.EqualFold(host, "app.ona.com") || strings.EqualFold(name, "app.ona.com") {
			l.reportWebAddress(st, name)
			continue
		}
		if ok || name == "*" || isARN {
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

// checkEveryAccount reports an Allow for AWS principals or SAML that is for everybody. It is the
// only check of a statement that is not for web identities.
func (l *linter) checkEveryAccount(st *statement) {
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

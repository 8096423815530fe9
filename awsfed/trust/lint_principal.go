package trust

import (
	"slices"
	"strings"
)

// everybody looks at an Allow whose principal is not one provider.
func (l *linter) everybody(st Statement, hosts []string) {
	severity := SeverityError
	message := "the statement lets everybody in who meets its conditions, and none of them names an issuer"
	if closedToStrangers(st, hosts) {
		severity = SeverityWarning
		message = "the principal is everybody; only the conditions name an issuer"
	}
	l.add(Finding{
		ID: LintEverybody, Severity: severity, Message: message,
		Why: "Tokens of every provider that is ever registered in the account are let in, and with sts:AssumeRole in the list every AWS account. Name the provider.",
	}, nil)
}

// closedToStrangers tells whether some condition makes the statement fail for
// tokens of issuers other than hosts.
func closedToStrangers(st Statement, hosts []string) bool {
	for _, c := range st.Conditions {
		op, ok := parseOperator(c.Operator)
		if !ok || op.family == nullFamily || op.failsOpen() {
			continue
		}
		if h, _, isKey := cutKey(c.Key); isKey && slices.Contains(hosts, h) {
			return true
		}
		if strings.EqualFold(c.Key, "aws:PrincipalOrgID") {
			return true
		}
	}
	return false
}

// everyAccount looks at an Allow that is not about web identities: what can be
// wrong with it here is that it is for everybody.
func (l *linter) everyAccount(st Statement) {
	if !st.Principal.Any && !slices.Contains(st.Principal.AWS, "*") || !coversAction(st, "sts:AssumeRole") && !coversAction(st, "sts:AssumeRoleWithSAML") {
		return
	}
	f := Finding{
		ID: LintEverybody, Severity: SeverityError,
		Message: "the statement lets every AWS account in, without a condition that could fail",
		Why:     "Anybody with an account of AWS can assume the role. Name the accounts, roles or providers.",
	}
	if slices.ContainsFunc(st.Conditions, func(c Condition) bool {
		op, ok := parseOperator(c.Operator)
		return ok && op.family != nullFamily && !op.failsOpen() && !slices.ContainsFunc(c.Values, isStars)
	}) {
		f.Severity = SeverityWarning
		f.Message = "the principal is everybody; only the conditions keep other AWS accounts out"
	}
	l.add(f, nil)
}

// providers looks for federated principals that name no provider.
func (l *linter) providers(st Statement) {
	for _, name := range st.Principal.Federated {
		if _, ok := providerHost(name); ok || name == "*" || isPrincipalARN(name) {
			continue
		}
		l.add(Finding{
			ID: LintNeverMatches, Severity: SeverityWarning, Value: name,
			Message: "the federated principal " + quoteName(name) + " is none of the providers that AWS knows by name",
			Why:     "A provider of the account is named by its ARN, arn:aws:iam::<account>:oidc-provider/<issuer without https://>; this one lets nobody in, if IAM takes it at all.",
		}, nil)
	}
}

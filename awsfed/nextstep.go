package awsfed

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/internal/quote"
)

// NextStep returns what a person should check, in order of likelihood, in one line. It is empty if
// there is nothing to say. It names commands of the program onafed where they check the same.
func (e *AssumeRoleError) NextStep() string {
	if isA[*AccountError](e.Err) {
		return "check the role ARN, and that the credentials are meant for this account"
	}
	if isA[*endpointError](e.Err) {
		return "the token was not sent: use an https endpoint of STS (in Go, Options.InsecureHTTP allows http in a network that you trust)"
	}
	if isA[*tokenError](e.Err) {
		if e.Code != "" {
			return "STS rejected the token, and the source has no other one: check the source of the ID token; onafed doctor checks each step"
		}
		return "STS was not called: check the source of the ID token; onafed doctor checks each step"
	}
	if e.next != nil {
		if text := e.nextRoleSteps(); text != "" {
			return text
		}
	}
	switch codeOf(e.Err) {
	case codeAccessDenied:
		return e.deniedSteps()
	case codeInvalidToken:
		return e.tokenSteps()
	case codeExpiredToken:
		return "STS says that a new token has expired: check in order: 1) that the source does not return an old token; 2) the clocks of this machine and of the issuer"
	case codeIDPRejectedClaim:
		return "the identity provider says that the token was revoked or has expired: check that the identity exists"
	case codeIDPCommunication:
		return fmt.Sprintf("AWS could not reach %s: its discovery document and keys must be public, use https and answer within 5 seconds; onafed doctor fetches them", quote.Text(e.Issuer, 100))
	case codeMalformedPolicy:
		return "check the JSON of the session policy"
	case codePackedPolicy:
		return "the session policies and the session tags in the token are too large together: shorten them"
	case codeRegionDisabled:
		return "STS is not active in this region for the account of the role: use another region, or activate it in the account settings of IAM"
	case codeValidation:
		return "check the requested duration (the MaxSessionDuration of the role is an hour by default), the session name and the session policy"
	}
	switch {
	case throttling(codeOf(e.Err)):
		return "too many requests to STS from this account: share providers, for example with a Pool, and start programs at different times"
	case statusOf(e.Err) >= 500:
		return "STS has an outage, or a proxy in front of it answered"
	case errors.Is(e.Err, context.DeadlineExceeded):
		return "check the network path to STS (proxy, firewall, VPC endpoint)"
	}
	if a, ok := errors.AsType[*answerError](e.Err); ok && a.expired {
		return "check the clock of this machine"
	}
	return ""
}

// deniedSteps returns the possible reasons of AccessDenied, for which STS gives none.
func (e *AssumeRoleError) deniedSteps() string {
	if e.request == nil {
		return "check that the role exists, and that its trust policy allows this identity"
	}
	steps := []string{
		fmt.Sprintf("the role exists, and its trust policy allows sts:AssumeRoleWithWebIdentity for the principal Federated %s", quote.Text(e.request.ProviderARN, maxShown)),
		fmt.Sprintf("its conditions accept the values that AWS got: %s (case-sensitive; * needs StringLike; AWS has only these keys for this issuer: %s)", e.keyList(), strings.Join(trust.IssuerKeys(e.Issuer), ", ")),
	}
	if len(e.request.AlsoNeeded) > 0 {
		steps = append(steps, fmt.Sprintf("it also allows %s, which the claims of the token need", strings.Join(e.request.AlsoNeeded, " and ")))
	}
	steps = append(steps,
		"no resource control policy of the organization and no VPC endpoint policy denies it",
		"a change of a policy takes effect after some seconds",
	)
	return "check in order: " + numbered(steps) + "; onafed aws explain --role NAME compares the token with the trust policy"
}

// tokenSteps returns the possible reasons of InvalidIdentityToken.
func (e *AssumeRoleError) tokenSteps() string {
	if keyNotRetrieved(e.Err) {
		return fmt.Sprintf("AWS could not fetch the keys of %s: its discovery document and keys must be public, use https and answer within 5 seconds; onafed doctor fetches them", quote.Text(e.Issuer, 100))
	}
	if e.request != nil && e.request.Refused != "" {
		return quote.Clean(e.request.Refused, maxShown)
	}
	return "check in order: " + numbered([]string{
		fmt.Sprintf("the account %s has an IAM identity provider for exactly %s", quote.Text(accountOf(e.RoleARN), 40), quote.Text(e.Issuer, 100)),
		fmt.Sprintf("its client IDs (audiences) contain %s", quote.Text(e.Audience, 100)),
		"the token is signed with RS256, RS384, RS512, ES256, ES384 or ES512 and a key that the issuer publishes",
	}) + "; onafed doctor checks each step"
}

// keyList returns the condition keys that AWS got and their values, without personal data.
func (e *AssumeRoleError) keyList() string {
	var out []string
	for _, name := range trust.IssuerKeys(e.Issuer) {
		key := trust.ConditionKey(e.Issuer, name)
		values := e.request.Context[strings.ToLower(key)]
		if len(values) == 0 {
			continue
		}
		shown := make([]string, len(values))
		for i, v := range values {
			switch name {
			case "sub":
				shown[i] = `"` + claims.RedactSubject(v) + `"`
			case "aud", "oaud", "amr":
				shown[i] = quote.Text(v, 100)
			default:
				shown[i] = `"…"`
			}
		}
		out = append(out, quote.Clean(key, 140)+" = "+strings.Join(shown, ", "))
	}
	return strings.Join(out, ", ")
}

func numbered(steps []string) string {
	var b strings.Builder
	for i, s := range steps {
		if i > 0 {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "%d) %s", i+1, s)
	}
	return b.String()
}

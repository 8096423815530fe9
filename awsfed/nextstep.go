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

// NextStep tells a person what to check, in the order in which it is worth
// checking, or is empty. It is one line and part of what Error returns.
func (e *AssumeRoleError) NextStep() string {
	if _, ok := errors.AsType[*AccountError](e.Err); ok {
		return "check the role ARN, and that the credentials are meant for this account"
	}
	if _, ok := errors.AsType[*tokenError](e.Err); ok {
		if e.Code != "" {
			return "STS wants another token; check where the ID token comes from"
		}
		return "STS was not asked; check where the ID token comes from"
	}
	switch codeOf(e.Err) {
	case codeAccessDenied:
		return e.deniedSteps()
	case codeInvalidToken:
		return e.tokenSteps()
	case codeExpiredToken:
		return "a token that was just fetched has expired for AWS: check in order: 1) that the source does not hand out an old token; 2) the clocks of this machine and of the issuer"
	case codeIDPRejectedClaim:
		return "the identity provider calls the token revoked or expired: check that the identity still exists"
	case codeIDPCommunication:
		return fmt.Sprintf("AWS could not reach %s: its discovery document and keys must be public on https and answer within 5 seconds", quote.Text(e.Issuer, 100))
	case codeMalformedPolicy:
		return "check the JSON of Options.Policy"
	case codePackedPolicy:
		return "Policy, PolicyARNs and the token's session tags together are too large: shorten them"
	case codeRegionDisabled:
		return "STS is not activated in this region for the role's account: use another region, or activate it in IAM, Account settings"
	case codeValidation:
		return "check that the role allows the Duration (its MaxSessionDuration is an hour unless changed), and the SessionName and Policy"
	}
	switch {
	case throttling(codeOf(e.Err)):
		return "too many requests to STS from this account: share providers, as a Pool does, and spread starts"
	case statusOf(e.Err) >= 500:
		return "STS has an outage or a proxy stands before it; it is tried again by itself"
	case errors.Is(e.Err, context.DeadlineExceeded):
		return "check the way to STS (proxy, firewall, VPC endpoint); it is tried again by itself"
	}
	if a, ok := errors.AsType[*answerError](e.Err); ok && a.expired {
		return "check the clock of this machine"
	}
	return ""
}

// deniedSteps is for AccessDenied, which says nothing of the reason. What it
// can be, by how often it is.
func (e *AssumeRoleError) deniedSteps() string {
	if e.seen == nil {
		return "check that the role exists and that its trust policy lets this identity in"
	}
	steps := []string{
		fmt.Sprintf("the role exists, and its trust policy allows sts:AssumeRoleWithWebIdentity to the principal Federated %s", quote.Text(e.seen.ProviderARN, maxShown)),
		fmt.Sprintf("its conditions accept what AWS saw: %s (letter case counts, * needs StringLike, and AWS has no other keys for this issuer than %s)", e.keyList(), strings.Join(trust.IssuerKeys(e.Issuer), ", ")),
	}
	if len(e.seen.AlsoNeeded) > 0 {
		steps = append(steps, fmt.Sprintf("it allows %s too, because of what the token carries", strings.Join(e.seen.AlsoNeeded, " and ")))
	}
	steps = append(steps,
		"no resource control policy of the organization and no VPC endpoint policy refuses",
		"a policy changed seconds ago may not be in force yet",
	)
	return "check in order: " + numbered(steps)
}

// tokenSteps is for InvalidIdentityToken.
func (e *AssumeRoleError) tokenSteps() string {
	if keyNotRetrieved(e.Err) {
		return fmt.Sprintf("AWS could not fetch the keys of %s: its discovery document and keys must be public on https and answer within 5 seconds", quote.Text(e.Issuer, 100))
	}
	if e.seen != nil && e.seen.Refused != "" {
		return quote.Clean(e.seen.Refused, maxShown)
	}
	return "check in order: " + numbered([]string{
		fmt.Sprintf("the account %s has the IAM identity provider %s, letter for letter", quote.Text(accountOf(e.RoleARN), 40), quote.Text(e.Issuer, 100)),
		fmt.Sprintf("its client ids (audiences) contain %s", quote.Text(e.Audience, 100)),
		"the token is signed with RS256-512 or ES256-512 by a key that the issuer publishes",
	})
}

// keyList returns the condition keys that AWS had and their values, personal
// ones redacted.
func (e *AssumeRoleError) keyList() string {
	var out []string
	for _, name := range trust.IssuerKeys(e.Issuer) {
		key := trust.ConditionKey(e.Issuer, name)
		values := e.seen.Context[strings.ToLower(key)]
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

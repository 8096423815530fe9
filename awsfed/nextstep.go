package awsfed

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/internal/quote"
	"github.com/onafed/onafed/internal/refresh"
)

// seenKeys returns the condition keys that AWS has for a token of an issuer
// that it does not know by name (IAM, "Available keys for AWS OIDC
// federation"), personal values redacted.
func seenKeys(c claims.Claims) []conditionKey {
	prefix := providerName(c.Issuer) + ":"
	aud := quoted(c.Audience)
	var keys []conditionKey
	if c.AuthorizedParty != "" {
		keys = append(keys, conditionKey{prefix + "aud", quote.Text(c.AuthorizedParty, 100)}, conditionKey{prefix + "oaud", aud})
	} else {
		keys = append(keys, conditionKey{prefix + "aud", aud})
	}
	keys = append(keys, conditionKey{prefix + "sub", `"` + redacted(c.Subject) + `"`})
	if c.Email != "" {
		keys = append(keys, conditionKey{prefix + "email", `"…"`})
	}
	return keys
}

func quoted(values []string) string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = quote.Text(v, 100)
	}
	return strings.Join(out, ", ")
}

// providerName returns the issuer as provider ARNs and condition keys have it:
// without the scheme, and otherwise as it is, slashes too.
func providerName(issuer string) string { return strings.TrimPrefix(issuer, "https://") }

// NextStep tells a person what to check, in the order in which it is worth
// checking, or is empty. It is one line and part of what Error returns.
func (e *AssumeRoleError) NextStep() string {
	var account *AccountError
	switch {
	case errors.As(e.Err, &account):
		return "check the role ARN, and that the credentials are meant for this account"
	case isTokenError(e.Err):
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
	case errors.Is(e.Err, refresh.ErrExpiredAnswer):
		return "check the clock of this machine"
	}
	return ""
}

// deniedSteps is for AccessDenied, which says nothing of the reason. What it
// can be, by how often it is.
func (e *AssumeRoleError) deniedSteps() string {
	if e.Issuer == "" {
		return "check that the role exists and that its trust policy lets this identity in"
	}
	steps := []string{
		fmt.Sprintf("the role exists, and its trust policy allows sts:AssumeRoleWithWebIdentity to the principal Federated %s", quote.Text(e.providerARN(), maxShown)),
		fmt.Sprintf("its conditions accept what AWS saw: %s (letter case counts, * needs StringLike, and %s has no other keys than aud, oaud, sub, amr and email)", e.keyList(), quote.Clean(providerName(e.Issuer), 100)),
	}
	if e.tags {
		steps = append(steps, "it allows sts:TagSession too, since the token carries session tags")
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
	return "check in order: " + numbered([]string{
		fmt.Sprintf("the account %s has the IAM identity provider %s, letter for letter", quote.Text(accountOf(e.RoleARN), 40), quote.Text(e.Issuer, 100)),
		fmt.Sprintf("its client ids (audiences) contain %s", quote.Text(e.Audience, 100)),
		"the token is signed with RS256-512 or ES256-512 by a key that the issuer publishes",
		"if the token has the claim https://aws.amazon.com/roles, this role is in it",
	})
}

func (e *AssumeRoleError) providerARN() string {
	partition := partitionOf(e.RoleARN)
	return "arn:" + partition + ":iam::" + accountOf(e.RoleARN) + ":oidc-provider/" + providerName(e.Issuer)
}

func (e *AssumeRoleError) keyList() string {
	out := make([]string, len(e.keys))
	for i, k := range e.keys {
		out[i] = quote.Clean(k.name, 140) + " = " + k.value
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

package trust

import (
	"fmt"
	"strings"

	"github.com/onafed/onafed/internal/arn"
)

// ProviderARN gives the ARN of the OIDC provider that stands for issuer in an
// account of the partition aws. See [ProviderARNIn] for what it wants.
func ProviderARN(account, issuer string) (string, error) {
	return ProviderARNIn("aws", account, issuer)
}

// ProviderARNIn gives the ARN of the OIDC provider that stands for issuer in an
// account of a partition: "aws", "aws-cn", "aws-us-gov", "aws-eusc" or another
// name that begins so.
//
// The account is 12 digits. The issuer is an https URL as the token's iss says
// it, without port, query and fragment; it is taken over character for
// character, because AWS compares it so: letter case, a path and a slash at the
// end stay. The result is for example
//
//	arn:aws:iam::123456789012:oidc-provider/app.gitpod.io
func ProviderARNIn(partition, account, issuer string) (string, error) {
	if !isPartition(partition) {
		return "", fmt.Errorf("trust: partition %s: not the name of an AWS partition", quoteName(partition))
	}
	if !arn.IsAccount(account) {
		return "", fmt.Errorf("trust: account %s: an AWS account number has 12 digits", quoteName(account))
	}
	if reason := checkIssuer(issuer); reason != "" {
		return "", fmt.Errorf("trust: issuer %s: %s", quoteName(issuer), reason)
	}
	return "arn:" + partition + ":iam::" + account + ":oidc-provider/" + strings.TrimPrefix(issuer, "https://"), nil
}

// ConditionKey gives the IAM condition key for a claim of the issuer's tokens:
// the issuer without "https://", a colon and the claim's name, for example
// "app.gitpod.io:sub". Slashes are never added or taken away: for an issuer
// that ends in one the key is "auth.example/:sub".
//
// It says nothing about whether AWS has such a key: for an issuer that AWS does
// not know by name these are aud, sub, amr, email and oaud.
func ConditionKey(issuer, claim string) string {
	return strings.TrimPrefix(issuer, "https://") + ":" + claim
}

func isPartition(s string) bool {
	rest, ok := strings.CutPrefix(s, "aws")
	if !ok {
		return false
	}
	for i := range len(rest) {
		if c := rest[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return rest == "" || rest[0] == '-' && len(rest) > 1 && !strings.HasSuffix(rest, "-")
}

// checkIssuer says why AWS takes no provider for the issuer, "" when it does.
func checkIssuer(issuer string) string {
	rest, ok := strings.CutPrefix(issuer, "https://")
	if !ok {
		return "an issuer is a URL that begins with https://"
	}
	host, path, _ := strings.Cut(rest, "/")
	if host == "" {
		return "no host"
	}
	for i := range len(host) {
		if c := host[i]; !isUnreserved(c) {
			if c == ':' {
				return "AWS takes no port in an issuer"
			}
			return "the host may hold letters, digits, dots and hyphens only"
		}
	}
	for i := range len(path) {
		// Colons would move the border of the condition key, * and ? would be
		// wildcards in a provider ARN.
		if c := path[i]; !isUnreserved(c) && strings.IndexByte("/%@+=,~", c) < 0 {
			return "AWS takes no query, fragment or wildcard in an issuer"
		}
	}
	return ""
}

func isUnreserved(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	return c == '.' || c == '-' || c == '_'
}

// arnParts are the parts of an IAM ARN that matter here.
type arnParts struct{ partition, account, resource string }

func splitARN(arn string) arnParts {
	p := strings.SplitN(arn, ":", 6)
	if len(p) != 6 || p[0] != "arn" {
		return arnParts{}
	}
	return arnParts{partition: p[1], account: p[4], resource: p[5]}
}

// issuerHost is what condition keys and provider ARNs have of an issuer: the
// URL without its scheme, with path and final slash as they are.
func issuerHost(issuer string) string { return strings.TrimPrefix(issuer, "https://") }

// providerHost is the issuer, without scheme, of a federated principal.
func providerHost(federated string) (string, bool) {
	if builtInProvider(federated) {
		return federated, true
	}
	return strings.CutPrefix(splitARN(federated).resource, "oidc-provider/")
}

// builtInProvider tells whether AWS knows the issuer without a provider
// resource; its principal is then the bare name.
func builtInProvider(host string) bool {
	switch host {
	case "accounts.google.com", "www.amazon.com", "graph.facebook.com", "cognito-identity.amazonaws.com":
		return true
	default:
		return false
	}
}

// providerFor is the principal of an issuer's provider, or "" if it cannot be
// told.
func providerFor(partition, account, issuer string) string {
	host := issuerHost(issuer)
	if builtInProvider(host) {
		return host
	}
	arn, err := ProviderARNIn(partition, account, issuer)
	if err != nil {
		return ""
	}
	return arn
}

package trust

import (
	"fmt"
	"strings"

	"github.com/onafed/onafed/internal/arn"
	"github.com/onafed/onafed/internal/provider"
	"github.com/onafed/onafed/internal/quote"
)

// ProviderARN returns the ARN of the OIDC provider for an issuer in an account of a partition,
// for example "aws", "aws-cn", "aws-us-gov" or "aws-eusc".
//
// The account is 12 digits. The issuer is the iss of the tokens: an https URL without port, query
// and fragment. AWS compares it character by character, so its letter case, path and final slash
// are kept. An example of a result is
//
//	arn:aws:iam::123456789012:oidc-provider/app.gitpod.io
func ProviderARN(partition, account, issuer string) (string, error) {
	if field, reason := checkProvider(partition, account, issuer); field != "" {
		return "", fmt.Errorf("trust: %s: %s", field, reason)
	}
	return providerARN(partition, account, issuer), nil
}

func providerARN(partition, account, issuer string) string {
	return "arn:" + partition + ":iam::" + account + ":oidc-provider/" + provider.IssuerHost(issuer)
}

// checkProvider returns the first part that AWS rejects in the ARN of a provider and the reason.
// field is empty if AWS accepts all parts.
func checkProvider(partition, account, issuer string) (field, reason string) {
	if !arn.IsPartition(partition) {
		return "Partition", quote.Name(partition) + " is not the name of an AWS partition"
	}
	if !arn.IsAccount(account) {
		return "Account", quote.Name(account) + " is not an AWS account ID, which has 12 digits"
	}
	if reason := checkIssuer(issuer); reason != "" {
		return "Issuer", quote.Name(issuer) + ": " + reason
	}
	return "", ""
}

// checkIssuer returns the reason why AWS rejects a provider for the issuer, or "".
func checkIssuer(issuer string) string {
	rest, ok := strings.CutPrefix(issuer, "https://")
	if !ok {
		return "an issuer is a URL that begins with https://"
	}
	host, path, _ := strings.Cut(rest, "/")
	switch {
	case host == "":
		return "the URL has no host"
	case strings.Contains(host, ":"):
		return "AWS allows no port in an issuer"
	case !consistsOf(host, letters+digits+"._-"):
		return "the host must contain only letters, digits, dots and hyphens"
	case !consistsOf(path, letters+digits+"._-/%@+=,~"):
		// A colon would move the end of the issuer in a condition key. * and ? would be wildcards
		// in a provider ARN.
		return "AWS allows no query, fragment or wildcard in an issuer"
	default:
		return ""
	}
}

// ConditionKey returns the IAM condition key for a claim of the issuer's tokens: the issuer without
// "https://", a colon and the name of the claim, for example "app.gitpod.io:sub". It never adds or
// removes slashes: for an issuer that ends with a slash the key is "auth.example/:sub".
//
// It does not check that AWS has such a key: see [IssuerKeys].
func ConditionKey(issuer, claim string) string {
	return provider.IssuerHost(issuer) + ":" + claim
}

// IssuerKeys returns the names of the condition keys that AWS has for tokens of the issuer, sorted:
// "sub" means "<issuer>:sub". A key with the issuer's prefix and another name is missing from every
// request, whatever the token contains.
//
// For an issuer that AWS does not list, such as https://app.gitpod.io, the names are amr, aud,
// email, oaud and sub. The table is the AWS page "IAM and AWS STS condition context keys" as of
// November 2026. It omits rpst_id of Oracle Cloud, because the page does not list the issuers that
// have it.
func IssuerKeys(issuer string) []string { return provider.Keys(provider.IssuerHost(issuer)) }

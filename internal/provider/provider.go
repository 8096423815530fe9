// Package provider holds what AWS documents about OIDC identity providers: their ARNs, the
// condition keys of their tokens, and the issuers that serve many tenants.
//
// A host here is an issuer URL without "https://": the form that provider ARNs and condition keys
// contain. It keeps path and final slash.
package provider

import "strings"

const (
	// OnaIssuer is the issuer that Ona shares among its organizations.
	OnaIssuer = "https://" + OnaHost
	// OnaHost is the host of OnaIssuer.
	OnaHost = "app.gitpod.io"
)

// ARN holds the parts of an IAM ARN that are needed here.
type ARN struct{ Partition, Account, Resource string }

// SplitARN splits an ARN. The result is the zero ARN if arn does not have six parts.
func SplitARN(arn string) ARN {
	p := strings.SplitN(arn, ":", 6)
	if len(p) != 6 || p[0] != "arn" {
		return ARN{}
	}
	return ARN{Partition: p[1], Account: p[4], Resource: p[5]}
}

// IsARN reports whether s has the six parts of an ARN with partition, service and resource. The
// resource may contain more colons.
func IsARN(s string) bool {
	p := strings.SplitN(s, ":", 6)
	return len(p) == 6 && p[0] == "arn" && p[1] != "" && p[2] != "" && p[5] != ""
}

// IsAccount reports whether s is an AWS account ID: 12 digits.
func IsAccount(s string) bool {
	return len(s) == 12 && strings.Trim(s, "0123456789") == ""
}

// IsPartition reports whether s can be the name of an AWS partition.
func IsPartition(s string) bool {
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

// IssuerHost returns the issuer URL without "https://".
func IssuerHost(issuer string) string { return strings.TrimPrefix(issuer, "https://") }

// Host returns the host of a federated principal. ok is false if the principal is not an OIDC
// provider.
func Host(federated string) (host string, ok bool) {
	if BuiltIn(federated) {
		return federated, true
	}
	return strings.CutPrefix(SplitARN(federated).Resource, "oidc-provider/")
}

// BuiltIn reports whether AWS knows the issuer without a provider resource. Its principal is then
// the host itself.
func BuiltIn(host string) bool {
	switch host {
	case "accounts.google.com", "www.amazon.com", "graph.facebook.com", "cognito-identity.amazonaws.com":
		return true
	default:
		return false
	}
}

// SimilarHosts reports whether two issuers or hosts differ at most in letter case, scheme and
// final slashes.
func SimilarHosts(a, b string) bool { return a != "" && foldHost(a) == foldHost(b) }

func foldHost(s string) string {
	s = strings.ToLower(s)
	s = strings.TrimPrefix(strings.TrimPrefix(s, "https://"), "http://")
	return strings.TrimRight(s, "/")
}

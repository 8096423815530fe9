// Package provider holds what AWS documents about OIDC identity providers: their ARNs, the
// condition keys of their tokens, and the issuers that serve many tenants.
//
// In this package, a host is an issuer URL without "https://", as in provider ARNs and condition
// keys. It includes the path and a final slash.
package provider

import (
	"strings"

	"github.com/onafed/onafed/internal/arn"
)

const (
	// OnaIssuer is the issuer that Ona shares among its organizations.
	OnaIssuer = "https://" + OnaHost
	// OnaHost is the host of OnaIssuer.
	OnaHost = "app.gitpod.io"
)

// IssuerHost returns the issuer URL without "https://".
func IssuerHost(issuer string) string { return strings.TrimPrefix(issuer, "https://") }

// Host returns the host of a federated principal. ok is false if the principal is not an OIDC
// provider.
func Host(federated string) (host string, ok bool) {
	if BuiltIn(federated) {
		return federated, true
	}
	a, _ := arn.Parse(federated)
	return strings.CutPrefix(a.Resource, "oidc-provider/")
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

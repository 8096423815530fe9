package trust

import "strings"

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

// principalNames lists a statement's principals for a reader.
func principalNames(p Principal) []string {
	names := []string{}
	if p.Any {
		names = append(names, "*")
	}
	for _, kind := range principalKinds() {
		for _, v := range *p.list(kind) {
			if kind != "Federated" {
				v = kind + " " + v
			}
			names = append(names, v)
		}
	}
	return names
}

package trust

import (
	"fmt"
	"slices"
	"strings"
)

// principalKinds are the members of Principal in the order in which a policy
// made in Go code prints them.
func principalKinds() []string {
	return []string{"Federated", "AWS", "Service", "CanonicalUser"}
}

// list gives the field of p for a member of Principal, nil for an unknown one.
func (p *Principal) list(kind string) *[]string {
	switch kind {
	case "Federated":
		return &p.Federated
	case "AWS":
		return &p.AWS
	case "Service":
		return &p.Service
	case "CanonicalUser":
		return &p.Canonical
	}
	return nil
}

func (p Principal) equal(q Principal) bool {
	return p.Any == q.Any && slices.Equal(p.Federated, q.Federated) && slices.Equal(p.AWS, q.AWS) &&
		slices.Equal(p.Service, q.Service) && slices.Equal(p.Canonical, q.Canonical)
}

func (p Principal) clone() Principal {
	for _, kind := range principalKinds() {
		list := p.list(kind)
		*list = slices.Clone(*list)
	}
	return p
}

// checkPrincipal says why IAM refuses value as a principal of the kind; "" when
// it does not. Whether the principal exists, which IAM checks for AWS
// principals too, cannot be known here.
func checkPrincipal(kind, value string) string {
	if value == "" {
		return "an empty principal"
	}
	if value == "*" {
		return ""
	}
	if strings.ContainsAny(value, "*?") {
		return "a wildcard can stand for the whole principal only, not for a part of it"
	}
	switch kind {
	case "AWS":
		if !isAccount(value) && !isPrincipalARN(value) && !isUniqueID(value) {
			return fmt.Sprintf("%s is no account number, ARN or unique id", quoteName(value))
		}
	case "Federated":
		if !isPrincipalARN(value) && !isDomain(value) {
			return fmt.Sprintf("%s is no ARN of an identity provider and no domain name", quoteName(value))
		}
	}
	return ""
}

// isPrincipalARN tells whether value has the six parts of an ARN; a provider's
// URL may hold more colons.
func isPrincipalARN(value string) bool {
	parts := strings.SplitN(value, ":", 6)
	return len(parts) == 6 && parts[0] == "arn" && parts[1] != "" && parts[2] != "" && parts[5] != ""
}

func isAccount(value string) bool {
	return len(value) == 12 && digits(value) == 12
}

// isUniqueID tells whether value is what IAM shows in place of a principal that
// was deleted, such as AIDACKCEVSQ6C2EXAMPLE.
func isUniqueID(value string) bool {
	if len(value) < 16 || len(value) > 128 {
		return false
	}
	for i := range len(value) {
		if c := value[i]; (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// isDomain tells whether value looks like the name of a provider that AWS knows
// without a provider resource.
func isDomain(value string) bool {
	if !strings.Contains(value, ".") {
		return false
	}
	for i := range len(value) {
		c := value[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case strings.IndexByte(".-_/", c) >= 0:
		default:
			return false
		}
	}
	return true
}

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
	if !isAccount(account) {
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

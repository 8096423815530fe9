package trust

import (
	"fmt"
	"slices"
	"strings"

	"github.com/onafed/onafed/internal/arn"
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
		if !arn.IsAccount(value) && !isPrincipalARN(value) && !isUniqueID(value) {
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

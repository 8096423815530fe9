package trust

import (
	"fmt"
	"slices"
	"strings"

	"github.com/onafed/onafed/internal/arn"
	"github.com/onafed/onafed/internal/quote"
	"github.com/onafed/onafed/internal/strictjson"
)

// Principal is the element Principal of a statement. The statement applies to all principals in its
// lists.
type Principal struct {
	// Any is the principal "*": everybody.
	Any bool
	// Federated holds identity providers: the ARN of an OIDC or SAML provider, or one of the names
	// that AWS knows (accounts.google.com and others).
	Federated []string
	// AWS holds account IDs and ARNs of accounts, users, roles and sessions, or "*".
	AWS []string
	// Service holds AWS services, for example ec2.amazonaws.com.
	Service []string
	// Canonical is the element CanonicalUser.
	Canonical []string
}

// principalKinds returns the members of Principal in the order in which a policy made in Go code
// prints them.
func principalKinds() []string {
	return []string{"Federated", "AWS", "Service", "CanonicalUser"}
}

// list returns the field of p for a member of Principal, or nil for an unknown one.
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
	default:
		return nil
	}
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

// names returns the principals for an explanation.
func (p Principal) names() []string {
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

// principal reads the element Principal.
func (r *reader) principal(form *statementForm) (Principal, error) {
	if err := r.want(`an object or "*"`, strictjson.Object, strictjson.String); err != nil {
		return Principal{}, err
	}
	at := r.lex.Offset()
	if r.lex.Kind() == strictjson.String {
		v, err := r.lex.Text()
		if err == nil && v != "*" {
			err = fail(at, `the only principal without a type is "*", not `+quote.Name(v))
		}
		return Principal{Any: true}, err
	}
	var p Principal
	count := 0
	err := r.members("principal", principalKinds(), &form.principals, func(kind string) error {
		values, list, err := r.wantTexts(func(v string) string { return checkPrincipal(kind, v) })
		*p.list(kind) = values
		form.noteList(kind, list, len(values))
		count += len(values)
		return err
	})
	if err == nil && count == 0 {
		err = fail(at, "there is no principal")
	}
	return p, err
}

// checkPrincipal returns the reason why IAM rejects value as a principal of the kind, or "". IAM
// also checks that AWS principals exist. This package cannot check that.
func checkPrincipal(kind, value string) string {
	switch {
	case value == "":
		return "the principal is empty"
	case value == "*":
		return ""
	case strings.ContainsAny(value, "*?"):
		return "a wildcard can only be the whole principal, not a part of it"
	case kind == "AWS" && !arn.IsAccount(value) && !isPrincipalARN(value) && !isUniqueID(value):
		return fmt.Sprintf("%s is not an account number, an ARN or a unique ID", quote.Name(value))
	case kind == "Federated" && !isPrincipalARN(value) && !isDomain(value):
		return fmt.Sprintf("%s is neither the ARN of an identity provider nor a domain name", quote.Name(value))
	default:
		return ""
	}
}

func isPrincipalARN(value string) bool {
	a, ok := arn.Parse(value)
	return ok && a.Partition != "" && a.Service != "" && a.Resource != ""
}

// isUniqueID reports whether value has the form that IAM shows for a deleted principal, such as
// AIDACKCEVSQ6C2EXAMPLE.
func isUniqueID(value string) bool {
	return len(value) >= 16 && len(value) <= 128 && consistsOf(value, upperCase+digits)
}

// isDomain reports whether value has the form of a provider that AWS knows without a provider
// resource.
func isDomain(value string) bool {
	return strings.Contains(value, ".") && consistsOf(value, letters+digits+"._-/")
}

const (
	letters   = upperCase + "abcdefghijklmnopqrstuvwxyz"
	upperCase = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits    = "0123456789"
)

// consistsOf reports whether every character of s is one of chars.
func consistsOf(s, chars string) bool { return strings.Trim(s, chars) == "" }

package claims

import (
	"errors"
	"fmt"
	"slices"

	"github.com/onafed/onafed/internal/subject"
)

// maxExtraFields is the maximum number of extra fields that an organization can configure.
const maxExtraFields = 50

// Layout describes how the "sub" of an organization's V3 tokens is built. The subject is a list of
// pairs "field:value", joined by ":". It begins with the base fields, which depend on the kind of
// principal:
//
//	environment with a project     organization_id, project_id
//	environment without a project  organization_id, environment_id
//	user                           organization_id, user_id
//	service account                organization_id, service_account_id
//	account                        account_id
//
// The extra fields that the organization has configured follow, in their order. A pair is left out
// if the token has no such claim, or one that is not a string. Nothing is escaped, although values
// may contain colons. A field that is both a base field and an extra field occurs twice.
//
// Ona documents the base fields, and that extra fields follow. The preview in its dashboard shows
// that objects and arrays are left out, such as the array environment_initializers. No source shows
// the subject of a runner.
//
// The zero Layout has no extra fields, which is Ona's default. A Layout is immutable and safe for
// concurrent use.
type Layout struct {
	extra []string
}

// NewLayout returns the layout with the given extra fields, in the order of the organization's
// configuration. At most 50 are allowed, and none may occur twice. A field is one of the 19 that
// Ona documents, such as creator_email, or a dotted path into creator_idp_claims, idp_claims or
// environment_initializers, such as creator_idp_claims.department. Other fields are errors, so that
// a spelling mistake is found here and does not cause a missing pair later.
//
// The order matters: Ona's Terraform provider sends the fields in alphabetical order, its dashboard
// in the order in which they were entered.
func NewLayout(extra ...string) (Layout, error) {
	if len(extra) > maxExtraFields {
		return Layout{}, fmt.Errorf("claims: layout: %d extra fields, at most %d are allowed", len(extra), maxExtraFields)
	}
	for i, field := range extra {
		switch {
		case field == "":
			return Layout{}, fmt.Errorf("claims: layout: extra field %d is empty", i)
		case formOf(field) == subject.NoForm:
			return Layout{}, fmt.Errorf("claims: layout: extra field %s is not known", quoted(field))
		case slices.Contains(extra[:i], field):
			return Layout{}, fmt.Errorf("claims: layout: extra field %s occurs twice", quoted(field))
		}
	}
	return Layout{slices.Clone(extra)}, nil
}

// Extra returns a copy of the extra fields of l, in their order.
func (l Layout) Extra() []string { return slices.Clone(l.extra) }

// base returns the names of the base fields of a principal.
func base(k Kind, inProject bool) []string {
	switch k {
	case KindEnvironment:
		if inProject {
			return []string{"organization_id", "project_id"}
		}
		return []string{"organization_id", "environment_id"}
	case KindUser, KindRunner, KindServiceAccount:
		return []string{"organization_id", k.idClaim()}
	case KindAccount:
		return []string{"account_id"}
	default:
		return nil
	}
}

// Build returns the exact "sub" of a V3 token with the claims c. It reads the claims of V3 tokens.
// It does not read c.Subject or the version. It is an error if the claims name no principal, if a
// base field is not an id, and for runners, because their subject is not documented.
func (l Layout) Build(c Claims) (string, error) {
	kind := c.kind()
	switch kind {
	case KindUnknown:
		return "", errors.New("claims: V3 subject: the claims name no principal")
	case KindRunner:
		return "", errors.New("claims: V3 subject: no form is documented for runners")
	default:
	}
	b := make([]byte, 0, 128)
	for _, field := range base(kind, c.ProjectID != "") {
		value, _ := c.field(field)
		if !subject.IsUUID(value) {
			return "", fmt.Errorf("claims: V3 subject: %s is absent or not a UUID in canonical form", field)
		}
		b = appendPair(b, field, value)
	}
	for _, field := range l.extra {
		if value, ok := c.field(field); ok {
			b = appendPair(b, field, value)
		}
	}
	return string(b), nil
}

// appendPair appends one pair to the subject b.
func appendPair(b []byte, field, value string) []byte {
	if len(b) > 0 {
		b = append(b, ':')
	}
	b = append(b, field...)
	b = append(b, ':')
	return append(b, value...)
}

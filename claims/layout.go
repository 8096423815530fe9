package claims

import (
	"errors"
	"fmt"
	"slices"
)

// MaxExtraFields is the number of extra fields that an organization can
// configure at most.
const MaxExtraFields = 50

// Layout says how an organization's V3 tokens make up their "sub". It is a list
// of pairs "field:value" joined by ":". First come the base fields, which follow
// from the kind of principal:
//
//	environment with a project     organization_id, project_id
//	environment without a project  organization_id, environment_id
//	user                           organization_id, user_id
//	service account                organization_id, service_account_id
//	account                        account_id
//
// Then come the extra fields that the organization has configured, in that
// order. A pair is left out if the token has no such claim or one that is not a
// string. Nothing is escaped, although values may contain colons, and a field
// that is both base and extra occurs twice.
//
// Ona documents the base fields and that extra fields follow; that objects and
// arrays are left out, such as the array environment_initializers, is how its
// dashboard previews a subject. For the subject of a runner there is no source at
// all.
//
// The zero Layout has no extra fields, which is Ona's default. A Layout is
// immutable and safe for concurrent use.
type Layout struct {
	extra []string
}

// NewLayout returns the layout with the given extra fields, in the order of the
// organization's configuration. There are at most [MaxExtraFields], none twice.
// A field is one of the 19 that Ona documents, such as creator_email, or a dotted
// path into creator_idp_claims, idp_claims or environment_initializers, such as
// creator_idp_claims.department. Others are refused, so that a typing mistake
// shows here and not as a pair that is silently missing.
//
// Order matters: Ona's Terraform provider sends the fields in alphabetical order,
// its dashboard in the order in which they were put.
func NewLayout(extra ...string) (Layout, error) {
	if len(extra) > MaxExtraFields {
		return Layout{}, fmt.Errorf("claims: layout: %d extra fields, at most %d are allowed", len(extra), MaxExtraFields)
	}
	for i, field := range extra {
		switch {
		case field == "":
			return Layout{}, fmt.Errorf("claims: layout: extra field %d is empty", i)
		case formOfAny(field) == formNone:
			return Layout{}, fmt.Errorf("claims: layout: extra field %s is not known", quoted(field))
		case slices.Contains(extra[:i], field):
			return Layout{}, fmt.Errorf("claims: layout: extra field %s occurs twice", quoted(field))
		}
	}
	return Layout{slices.Clone(extra)}, nil
}

// Extra returns the extra fields of l in their order, as a slice of the
// caller's own.
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

// Build returns the "sub" that a V3 token with the claims c has, to the byte. It
// goes by the flat claims and looks neither at c.Subject nor at the version. It
// is an error if the claims do not name a principal, if one of the base fields is
// not an id, and for runners, whose subject is not documented.
func (l Layout) Build(c Claims) (string, error) {
	kind := c.flatKind()
	switch kind {
	case KindUnknown:
		return "", errors.New("claims: V3 subject: the claims name no principal")
	case KindRunner:
		return "", errors.New("claims: V3 subject: none is documented for runners")
	default:
	}
	b := make([]byte, 0, 128)
	for _, field := range base(kind, c.ProjectID != "") {
		value, _ := c.field(field)
		if !isUUID(value) {
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

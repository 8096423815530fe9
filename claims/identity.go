package claims

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/onafed/onafed/internal/subject"
)

// Identity is the principal that a token of any version was issued to: its kind, its id, its
// organization and its project. All ids are UUIDs in canonical form.
//
// Identities are comparable with == and can be map keys. They hold no personal data, so they can be
// printed and logged. The zero Identity means no principal. An Identity is as trustworthy as the
// claims that it was read from. It can be stored: [Identity.MarshalText] and [Identity.MarshalJSON]
// return forms that do not change, and the matching methods read them.
type Identity struct {
	kind    Kind
	org     string
	project string
	id      string

	// projectUnknown is true if the source, a V1 token, does not say whether the environment has a
	// project.
	projectUnknown bool
}

// Kind returns the kind of principal.
func (i Identity) Kind() Kind { return i.kind }

// ID returns the id of the principal itself: of the environment, the user and so on.
func (i Identity) ID() string { return i.id }

// Organization returns the id of the organization of the principal. It is "" if the token does not
// name it: accounts need not have one.
func (i Identity) Organization() string { return i.org }

// Project returns the id of the project of an environment. It is "" for other kinds of principals,
// for environments without a project, and for environments that were read from a V1 token, which
// does not name the project.
func (i Identity) Project() string { return i.project }

// IsZero reports whether i is the zero Identity.
func (i Identity) IsZero() bool { return i == Identity{} }

// String describes i for people, such as "environment 019527e4-75d5-704d-a5a4-a2b52cf56196 in
// project 019527e4-75d5-704d-a5a4-a2b52cf56198 of organization
// 0191e223-1c3c-7607-badf-303c98b52d2f". The wording may change.
func (i Identity) String() string {
	if i.IsZero() {
		return "unknown principal"
	}
	s := i.kind.String() + " " + i.id
	if i.project != "" {
		s += " in project " + i.project
	}
	if i.org != "" {
		s += " of organization " + i.org
	}
	return s
}

// LogValue implements [slog.LogValuer].
func (i Identity) LogValue() slog.Value {
	attrs := make([]slog.Attr, 0, 4)
	attrs = append(attrs, slog.String("kind", i.kind.String()), slog.String("id", i.id))
	if i.org != "" {
		attrs = append(attrs, slog.String("organization", i.org))
	}
	if i.project != "" {
		attrs = append(attrs, slog.String("project", i.project))
	}
	return slog.GroupValue(attrs...)
}

// SubjectV2 returns the "sub" of a V2 token of i. It is an error if Ona documents no such subject,
// as for service accounts and accounts, and for an environment that was read from a V1 token,
// because its project is not known.
func (i Identity) SubjectV2() (Subject, error) {
	switch i.kind {
	case KindEnvironment:
		if i.projectUnknown {
			return Subject{}, errors.New("claims: no V2 subject for an environment whose project is not known")
		}
		if i.project == "" {
			return SubjectFrom(Organization(i.org), Environment(i.id))
		}
		return SubjectFrom(Organization(i.org), Project(i.project), Environment(i.id))
	case KindUser:
		return SubjectFrom(Organization(i.org), User(i.id))
	case KindRunner:
		return SubjectFrom(Organization(i.org), Runner(i.id))
	default:
		return Subject{}, fmt.Errorf("claims: no V2 subject is documented for a principal of kind %v", i.kind)
	}
}

// SubjectV3 returns the "sub" of a V3 token of i in an organization with layout l. An Identity
// contains only ids. So SubjectV3 fails if the subject may have an extra field of l whose value is
// not in i, such as creator_email. In that case build the subject from all claims with
// [Layout.Build].
func (i Identity) SubjectV3(l Layout) (string, error) {
	if i.projectUnknown {
		return "", errors.New("claims: no V3 subject for an environment whose project is not known")
	}
	for _, field := range l.extra {
		isKnown := field == "organization_id" || field == "project_id" // i has it, or tokens of i have none
		if i.kind.provides(field) == sometimes && !isKnown {
			return "", fmt.Errorf("claims: an identity does not determine the extra field %s; build the subject from the claims", field)
		}
	}
	c := Claims{OrganizationID: i.org, ProjectID: i.project}
	if id := c.text(i.kind.idClaim()); id != nil {
		*id = i.id
	}
	return l.Build(c)
}

// Identity returns the principal that s names. s must have one of the four documented forms: an
// environment with or without its project, a user, or a runner. Anything else is a [*SubjectError],
// such as the prefix of a form, or a subject with undocumented keys.
func (s Subject) Identity() (Identity, error) {
	var (
		segs [maxSegments]Segment
		n    int
	)
	for seg := range s.Segments() {
		segs[n] = seg
		n++
	}
	org, last := segs[0].Value, segs[max(n-1, 0)]
	switch {
	case n == 2 && last.Key == KeyEnvironment:
		return Identity{kind: KindEnvironment, org: org, id: last.Value}, nil
	case n == 3 && segs[1].Key == KeyProject && last.Key == KeyEnvironment:
		return Identity{kind: KindEnvironment, org: org, project: segs[1].Value, id: last.Value}, nil
	case n == 2 && last.Key == KeyUser:
		return Identity{kind: KindUser, org: org, id: last.Value}, nil
	case n == 2 && last.Key == KeyRunner:
		return Identity{kind: KindRunner, org: org, id: last.Value}, nil
	}
	return Identity{}, &SubjectError{s.s, len(s.s), "not a documented form of a principal"}
}

// parseSubjectV1 reads a subject of the form <principal>:<organization>:<id>. Ona does not document
// V1. Its dashboard shows this form as the predecessor of V2.
func parseSubjectV1(sub string) (i Identity, ok bool) {
	word, rest, _ := strings.Cut(sub, ":")
	i.kind, ok = kindOf(word)
	i.projectUnknown = i.kind == KindEnvironment
	i.org, i.id, _ = strings.Cut(rest, ":")
	if !ok || i.kind == KindUnknown || i.kind == KindRunner || !subject.IsUUID(i.org) || !subject.IsUUID(i.id) {
		return Identity{}, false
	}
	return i, true
}

package claims

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
)

// Kind says what sort of principal a token was issued to.
type Kind int

// The kinds of principals that tokens are known to be issued to. KindUnknown is
// that of the zero [Identity].
const (
	KindUnknown Kind = iota
	KindEnvironment
	KindUser
	KindRunner
	KindServiceAccount
	KindAccount
)

// String returns the name of k: "environment", "user", "runner",
// "serviceaccount" or "account", the words of V1 subjects, and "unknown" for
// every other value.
func (k Kind) String() string {
	switch k {
	case KindEnvironment:
		return "environment"
	case KindUser:
		return "user"
	case KindRunner:
		return "runner"
	case KindServiceAccount:
		return "serviceaccount"
	case KindAccount:
		return "account"
	default:
		return "unknown"
	}
}

// idClaim returns the name of the V3 claim that holds the id of a principal of
// kind k.
func (k Kind) idClaim() string {
	switch k {
	case KindEnvironment:
		return "environment_id"
	case KindUser:
		return "user_id"
	case KindRunner:
		return "runner_id"
	case KindServiceAccount:
		return "service_account_id"
	case KindAccount:
		return "account_id"
	default:
		return ""
	}
}

// Identity is the one principal that a token was issued to, whatever the version
// of the token: what it is, its id, and where it belongs. All ids are UUIDs in
// canonical form.
//
// Identities are comparable with == and can be map keys, and hold no personal
// data, so they can be printed and logged. The zero Identity is nobody. An
// Identity is as trustworthy as the claims it was read from.
type Identity struct {
	kind    Kind
	org     string
	project string
	id      string

	// projectUnknown is set where the source does not tell environments with a
	// project from those without.
	projectUnknown bool
}

// Kind returns what i is.
func (i Identity) Kind() Kind { return i.kind }

// ID returns the id of the principal itself: of the environment, the user and so
// on.
func (i Identity) ID() string { return i.id }

// Organization returns the id of the organization that i belongs to, or "" if
// the token does not say: accounts need not have one.
func (i Identity) Organization() string { return i.org }

// Project returns the id of the project of an environment. It is "" for other
// kinds, for environments without a project, and for those read from a V1 token,
// which does not name the project.
func (i Identity) Project() string { return i.project }

// IsZero reports whether i is the zero Identity.
func (i Identity) IsZero() bool { return i == Identity{} }

// String describes i for people, such as
// "environment 019527e4-75d5-704d-a5a4-a2b52cf56196 in project
// 019527e4-75d5-704d-a5a4-a2b52cf56198 of organization
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

// MarshalJSON returns an object with the members kind and id, and organization
// and project if they are known; null for the zero Identity. There is no way back,
// as an Identity comes from a token.
func (i Identity) MarshalJSON() ([]byte, error) {
	if i.IsZero() {
		return []byte("null"), nil
	}
	// Kinds and ids have nothing that JSON escapes.
	b := []byte(`{"kind":"` + i.kind.String() + `","id":"` + i.id)
	if i.org != "" {
		b = append(b, `","organization":"`+i.org...)
	}
	if i.project != "" {
		b = append(b, `","project":"`+i.project...)
	}
	return append(b, `"}`...), nil
}

// SubjectV2 returns the "sub" that a V2 token of i has. It is an error where Ona
// documents none, which is so for service accounts and accounts, and for an
// environment that was read from a V1 token, as its project is not known.
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

// SubjectV3 returns the "sub" that a V3 token of i has in an organization whose
// layout is l. Ids are all that an Identity knows, so it is an error if l has an
// extra field that tokens of this kind may carry and i does not have, such as
// creator_email; [Layout.Build] makes the subject from all claims.
func (i Identity) SubjectV3(l Layout) (string, error) {
	if i.projectUnknown {
		return "", errors.New("claims: no V3 subject for an environment whose project is not known")
	}
	for _, field := range l.extra {
		if i.kind.provides(field) == sometimes && !i.has(field) {
			return "", fmt.Errorf("claims: an identity does not tell the extra field %s; build the subject from the claims", field)
		}
	}
	return l.Build(i.claims())
}

// has reports whether i tells field, be it that there is none.
func (i Identity) has(field string) bool {
	return field == "organization_id" || field == "project_id"
}

// claims returns the flat V3 claims that i can tell.
func (i Identity) claims() Claims {
	c := Claims{OrganizationID: i.org, ProjectID: i.project}
	switch i.kind {
	case KindEnvironment:
		c.EnvironmentID = i.id
	case KindUser:
		c.UserID = i.id
	case KindRunner:
		c.RunnerID = i.id
	case KindServiceAccount:
		c.ServiceAccountID = i.id
	case KindAccount:
		c.AccountID = i.id
	default:
	}
	return c
}

// Identity returns the principal that s names: that of one of the four
// documented forms, an environment with or without its project, a user or a
// runner. Anything else is a [*SubjectError], among it the prefix of a form and
// subjects with undocumented keys.
func (s Subject) Identity() (Identity, error) {
	var (
		segs [maxSegments]Segment
		n    int
	)
	for pos := 0; pos < len(s.s); n++ {
		seg, end := s.segment(pos)
		segs[n] = seg
		pos = end + 1
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

// parseSubjectV1 reads a subject of the form <principal>:<organization>:<id>. No
// page of Ona's describes V1; this is the form that its dashboard shows as the
// one before the V2 that is documented.
func parseSubjectV1(sub string) (i Identity, ok bool) {
	word, rest, _ := strings.Cut(sub, ":")
	switch word {
	case "environment":
		i.kind, i.projectUnknown = KindEnvironment, true
	case "user":
		i.kind = KindUser
	case "serviceaccount":
		i.kind = KindServiceAccount
	case "account":
		i.kind = KindAccount
	default:
		return Identity{}, false
	}
	i.org, i.id, _ = strings.Cut(rest, ":")
	if !isUUID(i.org) || !isUUID(i.id) {
		return Identity{}, false
	}
	return i, true
}

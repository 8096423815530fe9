package claims

import (
	"strconv"
	"strings"

	"github.com/onafed/onafed/internal/subject"
)

// maxPairs is the number of pairs in the longest subject of a layout. Each pair takes a search in
// the claims, so a longer subject is refused.
const maxPairs = 2 + maxExtraFields

// kind returns the kind of principal that the claims of a V3 token name. The token of an
// environment may also name its runner, its user and their account, and the token of a user the
// account, so the order matters.
func (c *Claims) kind() Kind {
	switch {
	case c.EnvironmentID != "":
		return KindEnvironment
	case c.ServiceAccountID != "":
		return KindServiceAccount
	case c.UserID != "":
		return KindUser
	case c.AccountID != "":
		return KindAccount
	case c.RunnerID != "":
		return KindRunner
	default:
		return KindUnknown
	}
}

// Identity returns the principal that the claims name. It fails if the claims contradict each
// other, also in a token of Ona's issuer: a V2 subject of one organization with the claim of
// another, or a V3 subject whose ids differ from the claims of the same names. It also fails for
// tokens of other issuers, for V2 subjects of undocumented principals, and for ids that are not
// canonical UUIDs. The error is a [*ValidationError].
func (c Claims) Identity() (Identity, error) {
	if _, err := c.organization(); err != nil {
		return Identity{}, err
	}
	switch c.Version() {
	case V1:
		return c.identityV1()
	case V2:
		return c.identityV2()
	case V3:
		return c.identityV3()
	default:
		return Identity{}, c.subjectError("a subject of an Ona token")
	}
}

// subjectError returns an error that says that sub is not as wanted.
func (c *Claims) subjectError(want string) error {
	return &ValidationError{"sub", RedactSubject(c.Subject), want, nil}
}

func (c *Claims) identityV1() (Identity, error) {
	id, ok := parseSubjectV1(c.Subject)
	if !ok {
		return Identity{}, c.subjectError("a V1 subject")
	}
	if g := c.GSub; g != (LegacySubject{}) && (g.Principal != id.kind.String() || g.ID != id.id) {
		return Identity{}, &ValidationError{"gsub", RedactSubject(g.Principal + ":" + g.ID), "the principal of sub", nil}
	}
	return id, nil
}

func (c *Claims) identityV2() (Identity, error) {
	s, err := ParseSubject(c.Subject)
	if err != nil {
		return Identity{}, c.subjectError("a V2 subject")
	}
	id, err := s.Identity()
	if err != nil {
		return Identity{}, c.subjectError("a documented form of a principal")
	}
	// No V2 token is known to have the claims of a V3 token. If one has, they must agree.
	if c.ProjectID != "" && c.ProjectID != id.project {
		return Identity{}, &ValidationError{"project_id", idText(c.ProjectID), "the project of sub", nil}
	}
	if v, ok := c.field(id.kind.idClaim()); ok && v != id.id {
		return Identity{}, &ValidationError{id.kind.idClaim(), idText(v), "the " + id.kind.String() + " of sub", nil}
	}
	return id, nil
}

func (c *Claims) identityV3() (Identity, error) {
	id := Identity{kind: c.kind(), org: c.OrganizationID}
	if id.kind == KindUnknown {
		return Identity{}, c.subjectError("claims that name a principal")
	}
	if c.Subject != "" && !beginsWithID(c.Subject) {
		return Identity{}, c.subjectError("a V3 subject")
	}
	if err := c.checkIDs(id.kind); err != nil {
		return Identity{}, err
	}
	id.id, _ = c.field(id.kind.idClaim())
	if id.kind == KindEnvironment {
		id.project = c.ProjectID
	}
	switch {
	case !subject.IsUUID(id.id):
		return Identity{}, notAnID(id.kind.idClaim(), id.id)
	case !subject.IsUUID(id.org) && (id.kind != KindAccount || id.org != ""):
		return Identity{}, notAnID("organization_id", id.org)
	case id.project != "" && !subject.IsUUID(id.project):
		return Identity{}, notAnID("project_id", id.project)
	}
	return id, nil
}

// beginsWithID reports whether sub begins with a pair of a V3 field and an id.
func beginsWithID(sub string) bool {
	name, value, _ := strings.Cut(sub, ":")
	return subject.FormOf(name) == subject.ID && hasIDAt(value)
}

// notAnID returns an error that says that a claim does not hold an id.
func notAnID(claim, value string) error {
	return &ValidationError{claim, idText(value), "a UUID in canonical form", nil}
}

// checkIDs compares the ids at the beginning of sub with the claims of the same names. These pairs
// come before every value that a person can choose, such as a name.
func (c *Claims) checkIDs(kind Kind) error {
	rest := c.Subject
	for n := 0; beginsWithID(rest); n++ {
		name, value, _ := strings.Cut(rest, ":")
		if v, _ := c.field(name); v != value[:subject.UUIDLen] {
			return c.subjectError(name + " as in the claim of that name")
		}
		if k := kindOfBaseField(name); n == 1 && k != KindUnknown && k != kind {
			return c.subjectError("a subject of kind " + kind.String() + ", because the token has " + kind.idClaim())
		}
		if len(value) == subject.UUIDLen {
			return nil
		}
		rest = value[subject.UUIDLen+1:]
	}
	return nil
}

// SubjectV3 reads the "sub" of a V3 token with the help of its other claims: each pair must have
// the value of the claim that it names. So there is at most one reading for any values, and the
// layout need not be known. If the subject and the claims disagree, the error is a
// [*ValidationError].
func (c Claims) SubjectV3() (SubjectV3, error) {
	s := SubjectV3{Raw: c.Subject}
	for rest, more := c.Subject, true; more; {
		p, n, err := c.readPair(rest)
		if err != nil {
			return SubjectV3{}, err
		}
		if len(s.Pairs) == maxPairs {
			return SubjectV3{}, c.subjectError("no more than " + strconv.Itoa(maxPairs) + " pairs")
		}
		s.Pairs = append(s.Pairs, p)
		rest, more = rest[n:], n < len(rest)
		if more {
			rest = rest[1:] // the colon
		}
	}
	switch first := s.Pairs[0].Name; {
	case first == "account_id":
		s.Kind = KindAccount
	case first == "organization_id" && len(s.Pairs) > 1:
		s.Kind = kindOfBaseField(s.Pairs[1].Name)
	}
	if s.Kind == KindUnknown {
		return SubjectV3{}, c.subjectError("the base fields of a principal")
	}
	return s, nil
}

// readPair reads the pair at the beginning of rest, which is a part of sub, and returns its length.
func (c *Claims) readPair(rest string) (Pair, int, error) {
	name, text, ok := strings.Cut(rest, ":")
	if !ok || formOf(name) == subject.NoForm {
		return Pair{}, 0, c.subjectError("a list of pairs of a V3 field and its value")
	}
	value, ok := c.field(name)
	if !ok {
		return Pair{}, 0, c.subjectError("no " + unquoted(name) + ", because the token has no such claim")
	}
	after, ok := strings.CutPrefix(text, value)
	if !ok || after != "" && after[0] != ':' {
		return Pair{}, 0, c.subjectError(unquoted(name) + " as in the claim of that name")
	}
	return Pair{name, value}, len(rest) - len(after), nil
}

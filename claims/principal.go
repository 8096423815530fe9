package claims

import (
	"strconv"
	"strings"
)

// maxPairs is the number of pairs in the longest subject of a layout. As each
// takes a search in the claims, a subject of more is not read on.
const maxPairs = 2 + MaxExtraFields

// Identity returns the principal that the claims name. Claims that contradict
// each other are an error, whoever signed them: a V2 subject of one organization
// with the claim of another, a V3 subject whose ids are not those of the flat
// claims. So are tokens that are not Ona's, V2 subjects of undocumented principals,
// and ids that are not canonical UUIDs. The error is a [*ValidationError].
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
		return Identity{}, &ValidationError{"sub", RedactSubject(c.Subject), "a subject of an Ona token", nil}
	}
}

func (c *Claims) identityV1() (Identity, error) {
	id, ok := parseSubjectV1(c.Subject)
	if !ok {
		return Identity{}, &ValidationError{"sub", RedactSubject(c.Subject), "a V1 subject", nil}
	}
	if g := c.GSub; g != (LegacySubject{}) && (g.Principal != id.kind.String() || g.ID != id.id) {
		return Identity{}, &ValidationError{"gsub", RedactSubject(g.Principal + ":" + g.ID), "the principal of sub", nil}
	}
	return id, nil
}

func (c *Claims) identityV2() (Identity, error) {
	s, err := ParseSubject(c.Subject)
	if err != nil {
		return Identity{}, &ValidationError{"sub", RedactSubject(c.Subject), "a V2 subject", nil}
	}
	id, err := s.Identity()
	if err != nil {
		return Identity{}, &ValidationError{"sub", RedactSubject(c.Subject), "a documented form of a principal", nil}
	}
	// No V2 token is known to have flat claims. If one has, they agree.
	if c.ProjectID != "" && c.ProjectID != id.project {
		return Identity{}, &ValidationError{"project_id", idText(c.ProjectID), "the project of sub", nil}
	}
	if v, ok := c.field(id.kind.idClaim()); ok && v != id.id {
		return Identity{}, &ValidationError{id.kind.idClaim(), idText(v), "the " + id.kind.String() + " of sub", nil}
	}
	return id, nil
}

func (c *Claims) identityV3() (Identity, error) {
	id := Identity{kind: c.flatKind(), org: c.OrganizationID}
	if id.kind == KindUnknown {
		return Identity{}, &ValidationError{"sub", RedactSubject(c.Subject), "claims that name a principal", nil}
	}
	if name, value, _ := strings.Cut(c.Subject, ":"); c.Subject != "" && (formOf(name) != formID || !hasIDAt(value)) {
		return Identity{}, &ValidationError{"sub", RedactSubject(c.Subject), "a V3 subject", nil}
	}
	if err := c.checkIDs(id.kind); err != nil {
		return Identity{}, err
	}
	id.id, _ = c.field(id.kind.idClaim())
	if id.kind == KindEnvironment {
		id.project = c.ProjectID
	}
	switch {
	case !isUUID(id.id):
		return Identity{}, notAnID(id.kind.idClaim(), id.id)
	case !isUUID(id.org) && (id.kind != KindAccount || id.org != ""):
		return Identity{}, notAnID("organization_id", id.org)
	case id.project != "" && !isUUID(id.project):
		return Identity{}, notAnID("project_id", id.project)
	}
	return id, nil
}

// notAnID says that a claim does not hold an id.
func notAnID(claim, value string) error {
	return &ValidationError{claim, idText(value), "a UUID in canonical form", nil}
}

// checkIDs holds the ids that the subject begins with against the flat claims:
// these pairs come before anything that somebody could have written into a name.
func (c *Claims) checkIDs(kind Kind) error {
	for n, rest := 0, c.Subject; ; n++ {
		name, value, _ := strings.Cut(rest, ":")
		if formOf(name) != formID || !hasIDAt(value) {
			return nil
		}
		if v, _ := c.field(name); v != value[:uuidLen] {
			return &ValidationError{"sub", RedactSubject(c.Subject), name + " as in the claim of that name", nil}
		}
		if k := baseKind(name); n == 1 && k != KindUnknown && k != kind {
			return &ValidationError{"sub", RedactSubject(c.Subject), "a subject of kind " + kind.String() + ", as " + kind.idClaim() + " is there", nil}
		}
		if len(value) == uuidLen {
			return nil
		}
		rest = value[uuidLen+1:]
	}
}

// SubjectV3 reads the "sub" of a V3 token with the help of its flat claims: each
// pair must have the value of the claim that it names. So there is one reading
// at most, whatever the values look like, and the layout need not be known. What
// does not agree is a [*ValidationError].
func (c Claims) SubjectV3() (SubjectV3, error) {
	mismatch := func(want string) (SubjectV3, error) {
		return SubjectV3{}, &ValidationError{"sub", RedactSubject(c.Subject), want, nil}
	}
	s := SubjectV3{Raw: c.Subject}
	for rest := c.Subject; ; {
		name, _, ok := strings.Cut(rest, ":")
		if !ok || formOfAny(name) == formNone {
			return mismatch("a list of pairs of a V3 field and its value")
		}
		value, ok := c.field(name)
		if !ok {
			return mismatch("no " + unquoted(name) + ", as the token has no such claim")
		}
		rest = rest[len(name)+1:]
		if !strings.HasPrefix(rest, value) {
			return mismatch(unquoted(name) + " as in the claim of that name")
		}
		if len(s.Pairs) == maxPairs {
			return mismatch("no more than " + strconv.Itoa(maxPairs) + " pairs")
		}
		s.Pairs = append(s.Pairs, Pair{name, value})
		if rest = rest[len(value):]; rest == "" {
			break
		}
		if rest[0] != ':' {
			return mismatch(unquoted(name) + " as in the claim of that name")
		}
		rest = rest[1:]
	}
	switch first := s.Pairs[0].Name; {
	case first == "account_id":
		s.Kind = KindAccount
	case first == "organization_id" && len(s.Pairs) > 1:
		s.Kind = baseKind(s.Pairs[1].Name)
	}
	if s.Kind == KindUnknown {
		return mismatch("the base fields of a principal")
	}
	return s, nil
}

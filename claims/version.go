package claims

import (
	"cmp"
	"fmt"
	"strings"
)

// Version is a version of Ona's ID tokens.
type Version int

// The versions. VersionUnknown is the version of a token whose claims fit no other version, such as
// a token of another issuer.
const (
	VersionUnknown Version = iota
	V1
	V2
	V3
)

// String returns "V1", "V2", "V3", or "unknown" for every other value.
func (v Version) String() string {
	return cmp.Or(map[Version]string{V1: "V1", V2: "V2", V3: "V3"}[v], "unknown")
}

// MarshalText returns the name of v, as [Version.String] does. It fails for a value that is not one
// of the constants.
func (v Version) MarshalText() ([]byte, error) {
	if v != VersionUnknown && v.String() == VersionUnknown.String() {
		return nil, fmt.Errorf("claims: %d is not a version of tokens", int(v))
	}
	return []byte(v.String()), nil
}

// UnmarshalText sets v to the version with the name in text. Letter case matters. On error v is
// unchanged.
func (v *Version) UnmarshalText(text []byte) error {
	for version := VersionUnknown; version <= V3; version++ {
		if string(text) == version.String() {
			*v = version
			return nil
		}
	}
	return fmt.Errorf("claims: %s is not a version of tokens; want V1, V2, V3 or unknown", quoted(string(text)))
}

// Version returns the version of the token. The form of sub determines it. If sub has no known
// form, the claims that only one version has determine it, except for tokens of other issuers, which
// may give these claims another meaning.
func (c Claims) Version() Version {
	if strings.HasPrefix(c.Subject, string(KeyOrganization)+":") {
		if _, err := ParseSubject(c.Subject); err == nil {
			return V2
		}
		// If a V2 subject is malformed, the other claims do not determine the version.
		return VersionUnknown
	}
	if beginsWithID(c.Subject) {
		return V3
	}
	if _, ok := parseSubjectV1(c.Subject); ok {
		return V1
	}
	switch {
	case c.foreign() && c.Subject != "":
		return VersionUnknown
	case c.kind() != KindUnknown, c.OrganizationID != "" && c.org == "":
		return V3
	case c.GSub != LegacySubject{}:
		return V1
	default:
		return VersionUnknown
	}
}

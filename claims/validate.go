package claims

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Expected is what [Claims.Validate] holds claims against. A field that is zero
// is not checked; the times of a token always are.
type Expected struct {
	Issuer        string   // the exact iss
	Audiences     []string // aud has at least one of these
	Organizations []string // ids; the token is of one of these organizations
	Projects      []string // ids; the token is of an environment in one of these projects

	// Leeway is how far the clocks of issuer and verifier may be apart. It
	// applies to exp, nbf and iat.
	Leeway time.Duration
	// ExpiryLeeway is added to Leeway for exp alone. If it is negative, a token
	// is refused that much before it expires.
	ExpiryLeeway time.Duration
}

// Validate checks claims that come from a verified token. It returns nil or all
// its findings, joined by [errors.Join], each a [*ValidationError]:
//
//   - exp is absent, or now is not before it: ErrExpired;
//   - nbf or iat is after now: ErrNotYetValid;
//   - iss, aud, the organization or the project is not an expected one;
//   - sub names another organization than the organization claim does, or two
//     claims do so, or sub has the beginning of a V2 subject and is not one.
//
// The organization is that of the claim organization_id or org, or else that of
// sub. The project is that of [Claims.Identity].
func (c Claims) Validate(now time.Time, want Expected) error {
	found := c.checkTimes(nil, now, want)
	if want.Issuer != "" && c.Issuer != want.Issuer {
		found = append(found, &ValidationError{"iss", c.Issuer, quoted(want.Issuer), nil})
	}
	if len(want.Audiences) > 0 && !overlap(c.Audience, want.Audiences) {
		found = append(found, &ValidationError{"aud", list(c.Audience), "one of " + list(want.Audiences), nil})
	}
	org, err := c.organization()
	if err != nil {
		found = append(found, err)
	} else if len(want.Organizations) > 0 && (org == "" || !slices.Contains(want.Organizations, org)) {
		found = append(found, &ValidationError{c.organizationClaim(), idText(org), "one of " + list(want.Organizations), nil})
	}
	if len(want.Projects) > 0 && err == nil {
		switch id, err := c.Identity(); {
		case err != nil:
			found = append(found, err)
		case id.project == "" || !slices.Contains(want.Projects, id.project):
			found = append(found, &ValidationError{"project_id", id.project, "one of " + list(want.Projects), nil})
		}
	}
	return errors.Join(found...)
}

// overlap reports whether a and b have an element in common.
func overlap(a, b []string) bool {
	for _, v := range a {
		if slices.Contains(b, v) {
			return true
		}
	}
	return false
}

// checkTimes appends what is wrong with the times of c to found.
func (c *Claims) checkTimes(found []error, now time.Time, want Expected) []error {
	switch {
	case c.Expiry.IsZero():
		found = append(found, &ValidationError{"exp", "", "the time of expiry", nil})
	case !now.Before(c.Expiry.Add(want.Leeway).Add(want.ExpiryLeeway)):
		found = append(found, &ValidationError{"exp", dateText(c.Expiry), "after " + dateText(now), ErrExpired})
	}
	if c.NotBefore.After(now.Add(want.Leeway)) {
		found = append(found, &ValidationError{"nbf", dateText(c.NotBefore), "not after " + dateText(now), ErrNotYetValid})
	}
	if c.IssuedAt.After(now.Add(want.Leeway)) {
		found = append(found, &ValidationError{"iat", dateText(c.IssuedAt), "not after " + dateText(now), ErrNotYetValid})
	}
	return found
}

// dateText returns t for a message.
func dateText(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// list returns the elements of s for a message.
func list(s []string) string {
	var b strings.Builder
	for i, v := range s {
		if i == maxListed {
			b.WriteString(" and " + strconv.Itoa(len(s)-i) + " more")
			break
		}
		if i > 0 {
			b.WriteString(" ")
		}
		b.WriteString(unquoted(v))
	}
	return b.String()
}

// idText returns what may be shown of a value that should be an id.
func idText(v string) string {
	if v == "" || isUUID(v) {
		return v
	}
	return ellipsis
}

// organizationClaim returns the name of the claim that says the organization.
func (c *Claims) organizationClaim() string {
	if c.org != "" {
		return "org"
	}
	return "organization_id"
}

// organization returns the id of the organization that the claims name, or "" if
// they name none. It is an error if they name two.
func (c *Claims) organization() (string, error) {
	if c.org != "" && c.OrganizationID != c.org {
		return "", &ValidationError{"org", idText(c.org), "the same as organization_id", nil}
	}
	sub, err := c.subjectOrganization()
	switch {
	case err != nil:
		return "", err
	case c.OrganizationID == "":
		return sub, nil
	case sub != "" && sub != c.OrganizationID:
		return "", &ValidationError{"sub", RedactSubject(c.Subject), "the organization " + idText(c.OrganizationID) + " of the claim " + c.organizationClaim(), nil}
	}
	return c.OrganizationID, nil
}

// subjectOrganization returns the organization that sub names, or "" if it has
// none of the forms that do.
func (c *Claims) subjectOrganization() (string, error) {
	if strings.HasPrefix(c.Subject, string(KeyOrganization)+":") {
		s, err := ParseSubject(c.Subject)
		if err != nil {
			return "", &ValidationError{"sub", RedactSubject(c.Subject), "a V2 subject", nil}
		}
		org, _ := s.Lookup(KeyOrganization)
		return org, nil
	}
	if rest, ok := strings.CutPrefix(c.Subject, "organization_id:"); ok {
		if !hasIDAt(rest) {
			return "", &ValidationError{"sub", RedactSubject(c.Subject), "a V3 subject", nil}
		}
		return rest[:uuidLen], nil
	}
	if id, ok := parseSubjectV1(c.Subject); ok {
		return id.org, nil
	}
	return "", nil
}

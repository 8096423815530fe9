package claims

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/onafed/onafed/internal/subject"
)

// Expected holds the values that [Claims.Validate] expects. A zero field is not checked. The times
// of a token are always checked.
type Expected struct {
	Issuer        string   // the exact iss
	Audiences     []string // aud has at least one of these
	Organizations []string // ids; the token belongs to one of these organizations
	Projects      []string // ids; the token belongs to an environment in one of these projects
	Environments  []string // ids; the token belongs to one of these environments

	// Leeway is the allowed difference between the clocks of issuer and verifier. It applies to
	// exp, nbf and iat.
	Leeway time.Duration
	// ExpiryLeeway is added to Leeway for exp only. With a negative value a token is refused that
	// much earlier.
	ExpiryLeeway time.Duration
}

// Validate checks the claims of a verified token. It returns nil, or all its findings joined by
// [errors.Join], each a [*ValidationError]:
//
//   - exp is absent, or now is not before exp: ErrExpired;
//   - nbf or iat is after now: ErrNotYetValid;
//   - iss, aud, the organization, the project or the environment is not an expected one;
//   - two claims, or sub and a claim, name different organizations;
//   - sub begins like a V2 subject but is not one.
//
// For a token of another issuer than Ona's, the last two are checked only if organizations, projects
// or environments are expected: the issuer may give sub and the claims another meaning.
//
// The organization comes from the claim organization_id or org, or else from sub. The project and the
// environment are those that [Claims.Identity] returns. V1 tokens do not name the project.
func (c Claims) Validate(now time.Time, want Expected) error {
	found := c.checkTimes(nil, now, want)
	if want.Issuer != "" && c.Issuer != want.Issuer {
		found = append(found, &ValidationError{"iss", c.Issuer, quoted(want.Issuer), nil})
	}
	if len(want.Audiences) > 0 && !slices.ContainsFunc(c.Audience, want.accepts) {
		found = append(found, &ValidationError{"aud", list(c.Audience, unquoted), "one of " + list(want.Audiences, quoted), nil})
	}
	if c.foreign() && !want.ofOna() {
		return errors.Join(found...)
	}
	org, err := c.organization()
	if err != nil {
		found = append(found, err)
	} else if len(want.Organizations) > 0 && (org == "" || !slices.Contains(want.Organizations, org)) {
		found = append(found, &ValidationError{c.organizationClaim(), idText(org), "one of " + list(want.Organizations, quoted), nil})
	}
	if err == nil {
		found = c.checkEnvironment(found, want)
	}
	return errors.Join(found...)
}

// ofOna reports whether e expects something that only tokens with Ona's claims have.
func (e *Expected) ofOna() bool {
	return len(e.Organizations)+len(e.Projects)+len(e.Environments) > 0
}

// checkEnvironment appends the findings about the project and the environment of c to found.
func (c *Claims) checkEnvironment(found []error, want Expected) []error {
	if len(want.Projects)+len(want.Environments) == 0 {
		return found
	}
	id, err := c.Identity()
	if err != nil {
		return append(found, err)
	}
	if len(want.Projects) > 0 && (id.project == "" || !slices.Contains(want.Projects, id.project)) {
		found = append(found, &ValidationError{"project_id", id.project, "one of " + list(want.Projects, quoted), nil})
	}
	if len(want.Environments) > 0 && (id.kind != KindEnvironment || !slices.Contains(want.Environments, id.id)) {
		got := ""
		if id.kind == KindEnvironment {
			got = id.id
		}
		found = append(found, &ValidationError{"environment_id", got, "one of " + list(want.Environments, quoted), nil})
	}
	return found
}

// accepts reports whether audience is one of the expected ones.
func (e *Expected) accepts(audience string) bool { return slices.Contains(e.Audiences, audience) }

// checkTimes appends the findings about the times of c to found.
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

// list returns the elements of s for a message, each as shown returns it.
func list(s []string, shown func(string) string) string {
	var b strings.Builder
	for i, v := range s {
		if i == maxListed {
			b.WriteString(" and " + strconv.Itoa(len(s)-i) + " more")
			break
		}
		if i > 0 {
			b.WriteString(" ")
		}
		b.WriteString(shown(v))
	}
	return b.String()
}

// idText returns v if it is an id, and "…" for other text, which may be personal data.
func idText(v string) string {
	if v == "" || subject.IsUUID(v) {
		return v
	}
	return ellipsis
}

// organizationClaim returns the name of the claim that holds the organization.
func (c *Claims) organizationClaim() string {
	if c.org != "" {
		return "org"
	}
	return "organization_id"
}

// organization returns the id of the organization that the claims name, or "" if they name none. It
// is an error if they name two.
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
		return "", c.subjectError("the organization " + idText(c.OrganizationID) + " of the claim " + c.organizationClaim())
	}
	return c.OrganizationID, nil
}

// subjectOrganization returns the id of the organization that sub names, or "" if sub has a form
// that names none.
func (c *Claims) subjectOrganization() (string, error) {
	if strings.HasPrefix(c.Subject, string(KeyOrganization)+":") {
		s, err := ParseSubject(c.Subject)
		if err != nil {
			return "", c.subjectError("a V2 subject")
		}
		org, _ := s.Lookup(KeyOrganization)
		return org, nil
	}
	if rest, ok := strings.CutPrefix(c.Subject, "organization_id:"); ok {
		if !hasIDAt(rest) {
			return "", c.subjectError("a V3 subject")
		}
		return rest[:subject.UUIDLen], nil
	}
	if id, ok := parseSubjectV1(c.Subject); ok {
		return id.org, nil
	}
	return "", nil
}

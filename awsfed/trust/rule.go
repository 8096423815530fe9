package trust

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/onafed/onafed/claims"
)

const (
	onaIssuer   = "https://app.gitpod.io"
	awsAudience = "sts.amazonaws.com"
)

// Format says which tokens a [Rule] lets in.
type Format uint8

// The formats of a subject. An organization is set to V2 or to V3; during the
// change from one to the other a policy has to take both.
const (
	FormatV2   Format = iota // org:<id>/prj:<id>/env:<id>
	FormatV3                 // organization_id:<id>:project_id:<id> and extra fields
	FormatBoth               // either
)

// String gives "V2", "V3" or "V2 and V3".
func (f Format) String() string {
	switch f {
	case FormatV2:
		return "V2"
	case FormatV3:
		return "V3"
	case FormatBoth:
		return "V2 and V3"
	default:
		return fmt.Sprintf("Format(%d)", uint8(f))
	}
}

// MarshalText gives what String does, and an error for a value that is none of
// the formats.
func (f Format) MarshalText() ([]byte, error) {
	if f > FormatBoth {
		return nil, fmt.Errorf("trust: Format %d is unknown", uint8(f))
	}
	return []byte(f.String()), nil
}

// UnmarshalText reads what String gives, in this letter case. On an error f
// stays as it is.
func (f *Format) UnmarshalText(text []byte) error {
	for g := FormatV2; g <= FormatBoth; g++ {
		if string(text) == g.String() {
			*f = g
			return nil
		}
	}
	return fmt.Errorf("trust: format %s is none of V2, V3, and V2 and V3", quoteName(string(text)))
}

// Rule says in words of Ona who may assume a role. Account and Organization are
// needed. A rule with nothing else lets in every token of the organization:
// its environments, but its users, service accounts and runners too.
//
// Ids are lower-case UUIDs in the canonical form; other values may hold no
// wildcard, colon or "${", because a policy would give these a meaning.
type Rule struct {
	// Account is the number of the AWS account that has the role and the OIDC
	// provider: 12 digits.
	Account string
	// Partition is the AWS partition of the account; empty is "aws".
	Partition string
	// Issuer is the issuer of the tokens; empty is "https://app.gitpod.io".
	Issuer string
	// Audience is the audience of the tokens; empty is "sts.amazonaws.com".
	// In China "sts.amazonaws.com.cn" is customary.
	Audience string

	// Organization is the id of the organization, without which a policy on
	// the issuer of all organizations would be open to all of them.
	Organization string
	// Project lets in environments of one project only.
	Project string
	// Environment lets in one environment only. In V3 the subject of an
	// environment that belongs to a project holds the environment only if
	// environment_id is among the organization's extra fields (see Layout).
	// Without Project the environment is let in whether it has a project or not,
	// as far as subjects tell.
	Environment string
	// User lets in the tokens of one user, not those of the user's
	// environments. It goes with none of Project, Environment and Creator.
	User string
	// Creator lets in environments that one user created: the user's id, which
	// needs the extra field creator_id, or e-mail address, which needs
	// creator_email. V2 subjects do not hold the creator. AWS writes subjects
	// to CloudTrail, so prefer the id.
	Creator string

	// Format says which subjects are let in; the zero value is V2 as on Ona's
	// page for V2. It matters which one the organization has: a V2 policy
	// refuses V3 tokens and the other way round.
	Format Format
	// Layout is the organization's extra fields in their order, for V3. Rules
	// by environment and by creator depend on them. For others the zero Layout
	// is right, also when there are extra fields: the policy then takes the
	// subject with and without something after the base fields.
	Layout claims.Layout

	// Sid names the statement: letters and digits, or empty. Rules with the
	// same Sid share a statement where they can.
	Sid string
	// MoreActions are allowed besides sts:AssumeRoleWithWebIdentity:
	// "sts:TagSession" is needed when tokens carry session tags, and
	// "sts:SetSourceIdentity" when they carry a source identity.
	MoreActions []string
}

// issuer and audience give the field or its default.
func (r Rule) issuer() string   { return cmp.Or(r.Issuer, onaIssuer) }
func (r Rule) audience() string { return cmp.Or(r.Audience, awsAudience) }

// check refuses a rule that is not sound in itself.
func (r Rule) check() error {
	if r.Organization == "" {
		return errors.New("no Organization: the issuer signs for every organization, so the policy would let all of them in")
	}
	for _, id := range []struct{ field, value string }{
		{"Organization", r.Organization}, {"Project", r.Project}, {"Environment", r.Environment}, {"User", r.User},
	} {
		if id.value != "" && !isID(id.value) {
			return fmt.Errorf("%s %s is not a UUID in canonical, lower-case form", id.field, quoteName(id.value))
		}
	}
	if r.User != "" && (r.Project != "" || r.Environment != "" || r.Creator != "") {
		return errors.New("a User beside Project, Environment or Creator: the token of a user has none of them")
	}
	if r.Creator != "" {
		if err := r.checkCreator(); err != nil {
			return err
		}
	}
	if reason := checkPlain(r.audience()); reason != "" {
		return fmt.Errorf("the Audience %s %s", quoteName(r.audience()), reason)
	}
	for i := range len(r.Sid) {
		if !isUnreserved(r.Sid[i]) || strings.IndexByte("._-", r.Sid[i]) >= 0 {
			return fmt.Errorf("the Sid %s: only letters and digits are allowed", quoteName(r.Sid))
		}
	}
	for _, a := range r.MoreActions {
		if a != "sts:TagSession" && a != "sts:SetSourceIdentity" {
			return fmt.Errorf("MoreActions: %s is not sts:TagSession or sts:SetSourceIdentity", quoteName(a))
		}
	}
	if r.Format > FormatBoth {
		return fmt.Errorf("Format %d is unknown", uint8(r.Format))
	}
	return nil
}

// checkCreator never repeats the value, which may be somebody's address.
func (r Rule) checkCreator() error {
	if r.Format != FormatV3 {
		return errors.New("a Creator needs FormatV3: V2 subjects do not hold the creator")
	}
	if isID(r.Creator) {
		return nil
	}
	local, domain, ok := strings.Cut(r.Creator, "@")
	if !ok || local == "" || domain == "" {
		return errors.New("the Creator is neither a UUID in canonical, lower-case form nor an e-mail address")
	}
	if checkPlain(r.Creator) != "" || strings.Contains(r.Creator, ":") {
		return errors.New("the Creator holds a character that has a meaning in a policy or a subject")
	}
	return nil
}

// isID tells whether s is an id as subjects hold it.
func isID(s string) bool {
	_, err := claims.SubjectFrom(claims.Organization(s))
	return err == nil
}

// checkPlain says why a value cannot be taken as it is into a condition; "" if
// it can.
func checkPlain(s string) string {
	if strings.Contains(s, "${") {
		return "holds ${, which begins a policy variable"
	}
	for _, ch := range s {
		switch {
		case ch == '*', ch == '?':
			return "holds a wildcard"
		case ch <= 0x20, 0x7F <= ch && ch <= 0xA0, ch > 0xFF:
			return "holds a character that is not printable or that IAM does not take"
		}
	}
	return ""
}

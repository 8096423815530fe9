package trust

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/internal/condition"
	"github.com/onafed/onafed/internal/provider"
	"github.com/onafed/onafed/internal/quote"
	"github.com/onafed/onafed/internal/subject"
)

// Format selects the subject formats that a [Rule] accepts.
type Format uint8

// The subject formats. Ona sets an organization to V2 or V3. During a change from one to the other,
// a policy must accept both.
const (
	FormatV2   Format = iota // org:<id>/prj:<id>/env:<id>
	FormatV3                 // organization_id:<id>:project_id:<id> and extra fields
	FormatBoth               // either
)

// String returns "V2", "V3" or "V2 and V3". For an unknown format it returns its number, as
// "Format(9)".
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

// MarshalText returns the result of String, and fails if f is not one of the formats.
func (f Format) MarshalText() ([]byte, error) {
	if f > FormatBoth {
		return nil, fmt.Errorf("trust: Format %d is unknown", uint8(f))
	}
	return []byte(f.String()), nil
}

// UnmarshalText parses the result of String. Letter case matters. On error f is unchanged.
func (f *Format) UnmarshalText(text []byte) error {
	for g := FormatV2; g <= FormatBoth; g++ {
		if string(text) == g.String() {
			*f = g
			return nil
		}
	}
	return fmt.Errorf(`trust: unknown format %s: use "V2", "V3" or "V2 and V3"`, quote.Name(string(text)))
}

// Rule selects the tokens that may assume a role. Account and Organization are required. A rule
// with only these allows every token of the organization: those of environments, users, service
// accounts and runners.
//
// IDs are UUIDs in lower case. Other values must not contain a wildcard, a colon or "${", which
// have a meaning in a policy.
type Rule struct {
	// Account is the AWS account of the role and the OIDC provider: 12 digits.
	Account string
	// Partition is the AWS partition of the account. Empty means "aws".
	Partition string
	// Issuer is the issuer of the tokens. Empty means "https://app.gitpod.io".
	Issuer string
	// Audience is the audience of the tokens. Empty means "sts.amazonaws.com". In China the usual
	// audience is "sts.amazonaws.com.cn".
	Audience string

	// Organization is the ID of the organization. It is required, because all organizations share
	// one issuer.
	Organization string
	// Project allows only environments of one project.
	Project string
	// Environment allows only one environment. The V3 subject of an environment in a project
	// contains the environment only if environment_id is one of the organization's extra fields
	// (see Layout). Without Project, the rule allows the environment in any project or in none, if
	// the subject contains the environment.
	Environment string
	// User allows the tokens of one user, but not those of the user's environments. It cannot be
	// combined with Project, Environment or Creator.
	User string
	// Creator allows environments that one user created. It is the ID of the user, which requires
	// the extra field creator_id, or the e-mail address, which requires creator_email. V2 subjects
	// do not contain the creator. AWS writes subjects to CloudTrail, so prefer the ID.
	Creator string

	// Format selects the subject formats that the rule accepts. It must match the organization: a
	// V2 policy refuses V3 tokens, and the reverse.
	Format Format
	// Layout holds the organization's extra subject fields in their order, for V3. Rules with
	// Environment or Creator need it. For other rules the zero Layout is correct even if the
	// organization has extra fields: the policy then matches subjects with and without them.
	Layout claims.Layout

	// Sid is the name of the statement: letters and digits, or empty. Rules with the same Sid share
	// a statement where possible.
	Sid string
	// MoreActions are allowed in addition to sts:AssumeRoleWithWebIdentity: "sts:TagSession" for
	// tokens with session tags, and "sts:SetSourceIdentity" for tokens with a source identity.
	MoreActions []string
}

// RuleError reports a field of a [Rule] that [Build] or [BuildAll] rejects.
type RuleError struct {
	// Rule is the index of the rule in the arguments, from 0.
	Rule int
	// Field is the name of the field, for example "Organization".
	Field string
	// Reason states what is wrong. It does not contain e-mail addresses.
	Reason string
}

// Error returns the index, the field and the reason.
func (e *RuleError) Error() string {
	return fmt.Sprintf("trust: rule %d: %s: %s", e.Rule, e.Field, e.Reason)
}

func (r Rule) partition() string { return cmp.Or(r.Partition, "aws") }
func (r Rule) issuer() string    { return cmp.Or(r.Issuer, provider.OnaIssuer) }
func (r Rule) audience() string  { return cmp.Or(r.Audience, "sts.amazonaws.com") }

// check returns the first field that is wrong and the reason. field is empty if the rule is
// correct.
func (r Rule) check() (field, reason string) {
	if r.Organization == "" {
		return "Organization", "is required: the issuer signs tokens for every organization, so the policy would allow all of them"
	}
	for _, id := range []struct{ field, value string }{
		{"Organization", r.Organization}, {"Project", r.Project}, {"Environment", r.Environment}, {"User", r.User},
	} {
		if id.value != "" && !subject.IsUUID(id.value) {
			return id.field, quote.Name(id.value) + " is not a UUID in lower case"
		}
	}
	if r.User != "" && (r.Project != "" || r.Environment != "" || r.Creator != "") {
		return "User", "cannot be combined with a project, an environment or a creator, which the token of a user does not have"
	}
	if reason := r.checkCreator(); reason != "" {
		return "Creator", reason
	}
	if reason := checkPlain(r.audience()); reason != "" {
		return "Audience", quote.Name(r.audience()) + " " + reason
	}
	if !consistsOf(r.Sid, letters+digits) {
		return "Sid", quote.Name(r.Sid) + " contains a character that is not a letter or a digit"
	}
	for _, a := range r.MoreActions {
		if a != condition.TagSession && a != condition.SetSourceIdentity {
			return "MoreActions", quote.Name(a) + " is not sts:TagSession or sts:SetSourceIdentity"
		}
	}
	if r.Format > FormatBoth {
		return "Format", fmt.Sprintf("%d is unknown", uint8(r.Format))
	}
	return checkProvider(r.partition(), r.Account, r.issuer())
}

// checkCreator never repeats the value, which may be an e-mail address.
func (r Rule) checkCreator() string {
	if r.Creator == "" {
		return ""
	}
	if r.Format != FormatV3 {
		return "V2 subjects do not contain the creator: choose the format V3"
	}
	if subject.IsUUID(r.Creator) {
		return ""
	}
	if local, domain, _ := strings.Cut(r.Creator, "@"); local == "" || domain == "" {
		return "is neither a UUID in lower case nor an e-mail address"
	}
	if checkPlain(r.Creator) != "" || strings.Contains(r.Creator, ":") {
		return "contains a character that has a meaning in a policy or a subject"
	}
	return ""
}

// checkPlain returns the reason why a value cannot be a literal value of a condition, or "".
func checkPlain(s string) string {
	if condition.HasVariable(s) {
		return "contains ${, which begins a policy variable"
	}
	for _, ch := range s {
		switch {
		case ch == '*', ch == '?':
			return "contains a wildcard"
		case ch <= 0x20, 0x7F <= ch && ch <= 0xA0, ch > 0xFF:
			return "contains a character that is not printable or that IAM does not accept"
		}
	}
	return ""
}

// subjects returns the values for the condition on sub.
func (r Rule) subjects() ([]string, error) {
	s := subject.Selection{
		Organization: r.Organization, Project: r.Project, Environment: r.Environment,
		User: r.User, Creator: r.Creator, Extra: r.Layout.Extra(),
	}
	var subjects []string
	if r.Format != FormatV3 {
		subjects = s.V2()
	}
	if r.Format == FormatV2 {
		return subjects, nil
	}
	v3, err := s.V3()
	if err != nil {
		return nil, err
	}
	return append(subjects, v3...), nil
}

package subject

import (
	"slices"
	"strings"
)

// Form is what is known of the values that a field of a V3 subject can have. Values are not
// escaped, so the form decides where a value may end.
type Form uint8

// The forms. NoForm is the form of a name that is not a documented field.
const (
	NoForm Form = iota
	ID          // a UUID in canonical form
	Word        // lower-case letters and underscores
	Email       // an e-mail address; only unusual ones contain a colon
	URL         // an absolute URL, or the name of a provider
	Text        // any text; a person can choose it
	Opaque      // an identifier without known parts
	Custom      // text that does not always name the tenant
)

// HasColon reports whether ordinary values of the form contain colons.
func (f Form) HasColon() bool { return f == URL || f == Text }

// Field is a field of V3 subjects.
type Field struct {
	Name string
	Form Form
}

// Fields returns the documented fields of V3 subjects: the 16 plain names and the three paths that
// Ona's Terraform provider accepts. It returns an array, which needs no allocation.
func Fields() [19]Field {
	return [...]Field{
		{"organization_id", ID},
		{"project_id", ID},
		{"environment_id", ID},
		{"runner_id", ID},
		{"user_id", ID},
		{"account_id", ID},
		{"service_account_id", ID},
		{"creator_id", ID},
		{"creator_principal", Word},
		{"creator_email", Email},
		{"email", Email},
		{"creator_idp", URL},
		{"idp", URL},
		{"creator_name", Text},
		{"name", Text},
		{"runner_name", Text},
		{"environment_initializers.git.remote_uri", Text},
		{"environment_initializers.git.upstream_remote_uri", Text},
		{"environment_initializers.context_url", Text},
	}
}

// FormOf returns the form of the values of a documented field, and NoForm for every other name.
func FormOf(name string) Form {
	for _, f := range Fields() {
		if f.Name == name {
			return f.Form
		}
	}
	return NoForm
}

// IsPath reports whether name is a dotted path into a claim that is an object or a list. An
// organization can configure such paths as fields; their values are any text.
func IsPath(name string) bool {
	claim, path, ok := strings.Cut(name, ".")
	if !ok {
		return false
	}
	switch claim {
	case "creator_idp_claims", "idp_claims", "environment_initializers":
	default:
		return false
	}
	// A subject with a colon or a control character in a field's name could not be split into
	// fields. No documented name has one.
	hasOther := strings.ContainsFunc(path, func(c rune) bool { return c <= ' ' || c == ':' || c >= 0x7f })
	return !hasOther && !slices.Contains(strings.Split(path, "."), "")
}

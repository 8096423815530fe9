package subject

import (
	"strings"

	"github.com/onafed/onafed/internal/quote"
)

// Respell returns the beginning of a subject of Ona with the documented names of its pairs and with
// IDs in lower case, and the first mistake, or "" without a mistake. It reads as far as names and
// IDs go. If anyCase is set, the letter case of IDs does not matter.
func Respell(prefix string, anyCase bool) (spelled, why string) {
	rest, version, separator := prefix, V2, "/"
	if strings.HasPrefix(prefix, "organization_id:") || strings.HasPrefix(prefix, "account_id:") {
		version, separator = V3, ":"
	}
	for {
		name, value, ok := strings.Cut(rest, ":")
		documented := spelling(name, version)
		if !ok || documented == "" {
			return prefix, why
		}
		id := value[:min(len(value), UUIDLen)]
		isID := IsUUID(strings.ToLower(id))
		switch {
		case why != "":
		case documented != name:
			why = quote.Name(name) + " is not the name of a pair; the name is " + quote.Name(documented)
		case isID && !IsUUID(id) && !anyCase:
			why = "an ID is in upper case; subjects have IDs in lower case"
		}
		done := prefix[:len(prefix)-len(rest)]
		rest = value[len(id):]
		if lower := strings.ToLower(id); isID && !anyCase && lower != id {
			id = lower
			prefix = done + name + ":" + id + rest
		}
		if documented != name {
			prefix = done + documented + ":" + id + rest
		}
		if rest, ok = strings.CutPrefix(rest, separator); !isID || !ok {
			return prefix, why
		}
	}
}

// spelling returns the documented name of a pair for a known variant of the name, or "" for any
// other name.
func spelling(name string, version Version) string {
	for _, n := range [...]struct{ v2, v3, other string }{
		{"org", "organization_id", "organization"},
		{"prj", "project_id", "project"},
		{"env", "environment_id", "environment"},
		{"rnr", "runner_id", "runner"},
		{"user", "user_id", "usr"},
		{"", "account_id", ""},
		{"", "service_account_id", "service_account"},
		{"", "creator_id", ""},
	} {
		switch {
		case name == "" || name != n.v2 && name != n.v3 && name != n.other:
		case version == V3:
			return n.v3
		case name == "usr": // a second spelling that a parser may accept
			return name
		default:
			return n.v2
		}
	}
	return ""
}

// WithoutNumbers returns a subject of GitHub without the numbers of an immutable one:
// repo:octo-org@1/octo-repo@2:ref:x becomes repo:octo-org/octo-repo:ref:x. ok reports whether the
// subject has both numbers. An asterisk in the name of the repository counts as its number.
func WithoutNumbers(s string) (classic string, ok bool) {
	path, isRepository := strings.CutPrefix(s, "repo:")
	path, rest, continues := strings.Cut(path, ":")
	owner, name, _ := strings.Cut(path, "/")
	owner, ownerNumber, _ := strings.Cut(owner, "@")
	name, number, _ := strings.Cut(name, "@")
	if !isRepository || ownerNumber == "" || number == "" && !strings.Contains(name, "*") {
		return s, false
	}
	classic = "repo:" + owner + "/" + name
	if continues {
		classic += ":" + rest
	}
	return classic, true
}

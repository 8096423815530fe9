package lint

import (
	"strings"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/internal/condition"
	"github.com/onafed/onafed/internal/quote"
	"github.com/onafed/onafed/internal/subject"
)

// reportMisspelling reports a value of Ona that matches nothing because a name of a pair is that of
// another version or of no version, or because an ID is in upper case.
func (l *linter) reportMisspelling(c *clause, i int, v claimValue) bool {
	spelled, why := respell(v.prefix, c.op.Family == condition.Fold)
	if why == "" {
		return false
	}
	f := c.valueFinding(v.text, NeverMatches, Warning, "in "+quote.Value(v.text)+" "+why, "The value matches nothing.")
	f.Widens = true
	var edit func(*trust.Policy)
	if rest, ok := strings.CutPrefix(v.text, v.prefix); ok {
		edit = c.edit(func(d *trust.Condition) { d.Values[i] = spelled + rest })
	}
	l.add(f, edit)
	return true
}

// respell returns the beginning of a subject with the documented names and with IDs in lower case,
// and the first mistake. It reads as far as names and IDs go.
func respell(prefix string, anyCase bool) (spelled, why string) {
	rest, version, separator := prefix, subject.V2, "/"
	if strings.HasPrefix(prefix, "organization_id:") || strings.HasPrefix(prefix, "account_id:") {
		version, separator = subject.V3, ":"
	}
	for {
		name, value, ok := strings.Cut(rest, ":")
		documented := spelling(name, version)
		if !ok || documented == "" {
			return prefix, why
		}
		id := value[:min(len(value), subject.UUIDLen)]
		isID := subject.IsUUID(strings.ToLower(id))
		switch {
		case why != "":
		case documented != name:
			why = quote.Name(name) + " is not the name of a pair; the name is " + quote.Name(documented)
		case isID && !subject.IsUUID(id) && !anyCase:
			why = "an ID is in upper case; subjects have IDs in lower case"
		}
		done := prefix[:len(prefix)-len(rest)]
		if isID && !anyCase {
			id = strings.ToLower(id)
		}
		rest = value[len(id):]
		prefix = done + documented + ":" + id + rest
		if rest, ok = strings.CutPrefix(rest, separator); !isID || !ok {
			return prefix, why
		}
	}
}

// spelling returns the documented name of the pair that name means, or "" if it means none.
func spelling(name string, version subject.Version) string {
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
		case version == subject.V3:
			return n.v3
		case name == "usr": // a second spelling that a parser may accept
			return name
		default:
			return n.v2
		}
	}
	return ""
}

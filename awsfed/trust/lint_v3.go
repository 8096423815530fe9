package trust

import (
	"slices"
	"strings"

	"github.com/onafed/onafed/awsfed/trust/pattern"
)

// defaultSubject: ...:project_id:<id>:* misses the default subject, which ends
// with the id.
func (l *linter) defaultSubject(i, k int, c Condition) {
	v := c.Values[k]
	base, ok := strings.CutSuffix(v, ":*")
	if !ok || !isDefaultSubject(base) {
		return
	}
	for _, other := range c.Values {
		if pattern.Compile(other).Match(base) {
			return
		}
	}
	f := at(c, LintDefaultSubject, SeverityWarning)
	f.Value = v
	f.Message = "the value asks for something behind " + quoteValue(base) + ", where the default V3 subject ends"
	f.Why = "Without extra subject fields in the organization's settings no token matches; with some, the exact value does no harm."
	f.Widens = true
	index := l.index
	l.add(f, func(p *Policy) {
		values := &p.Statements[index].Conditions[i].Values
		*values = slices.Insert(*values, k, base)
	})
}

// isDefaultSubject tells whether s is the V3 subject of some principal in an
// organization without extra fields.
func isDefaultSubject(s string) bool {
	if id, ok := strings.CutPrefix(s, "account_id:"); ok {
		return isID(id)
	}
	rest, ok := strings.CutPrefix(s, "organization_id:")
	if !ok || len(rest) < uuidLength || !isID(rest[:uuidLength]) {
		return false
	}
	for _, key := range [...]string{"project_id", "environment_id", "user_id", "service_account_id"} {
		if id, ok := strings.CutPrefix(rest[uuidLength:], ":"+key+":"); ok {
			return isID(id)
		}
	}
	return false
}

// userText: V3 subjects have no escaping, so text that users choose can look
// like any pair, and a wildcard reaches over it.
func (l *linter) userText(c Condition, v string, sv subjectValue) {
	if !strings.HasPrefix(v, "organization_id:") && !strings.HasPrefix(v, "account_id:") {
		return // V2 subjects consist of ids
	}
	rest, ok := strings.CutPrefix(v, sv.prefix)
	if !ok || sv.variable {
		return // escapes and variables: the text is not the value
	}
	behind := behindWildcards(rest)
	field, closed := freeTextBefore(sv.prefix)
	f := at(c, LintUserText, SeverityWarning)
	f.Value = v
	switch {
	case behind != "":
		f.Message = "in " + quoteValue(v) + " something is looked for behind a wildcard"
		f.Why = "An extra field with text that users choose, such as creator_name, can contain the very letters that are looked for: V3 subjects have no escaping. Spell out everything before it."
	case field != "" && !closed:
		f.Message = "in " + quoteValue(v) + " a wildcard continues the value of " + field
		f.Why = "Others can choose a value that begins the same, such as a longer name or another domain."
	default:
		return
	}
	l.add(f, nil)
}

// behindWildcards is what follows the first wildcards of s, without those that
// stand for an id: these cannot stretch.
func behindWildcards(s string) string {
	s = strings.ReplaceAll(s, anyID, "")
	i := strings.IndexAny(s, "*?")
	if i < 0 {
		return ""
	}
	return strings.TrimLeft(s[i:], "*?")
}

// freeTextBefore names the field, if its values are not ids, whose value the
// text ends in. closed: the value surely ends before.
func freeTextBefore(s string) (field string, closed bool) {
	at := -1
	for _, key := range subjectFields() {
		if i := strings.LastIndex(s, ":"+key.name+":"); i > at {
			at, field, closed = i, key.name, key.noColon && strings.HasSuffix(s, ":") && len(s) > i+len(key.name)+2
			if key.id {
				field = ""
			}
			if len(s) == i+len(key.name)+2 {
				field = "" // the whole value is the wildcard's
			}
		}
	}
	return field, closed
}

type subjectField struct {
	name    string
	id      bool // the values are ids
	noColon bool // the values have no colon, so one ends them
}

// subjectFields are the documented fields of a V3 subject.
func subjectFields() []subjectField {
	return []subjectField{
		{name: "organization_id", id: true},
		{name: "project_id", id: true},
		{name: "environment_id", id: true},
		{name: "runner_id", id: true},
		{name: "user_id", id: true},
		{name: "account_id", id: true},
		{name: "service_account_id", id: true},
		{name: "creator_id", id: true},
		{name: "creator_principal", noColon: true},
		{name: "creator_email", noColon: true},
		{name: "email", noColon: true},
		{name: "creator_idp"},
		{name: "idp"},
		{name: "creator_name"},
		{name: "name"},
		{name: "runner_name"},
		{name: "environment_initializers.git.remote_uri"},
		{name: "environment_initializers.git.upstream_remote_uri"},
		{name: "environment_initializers.context_url"},
	}
}

// personalData tells whether a value for sub asks for a person by name.
func personalData(v string) bool {
	for _, field := range [...]string{"creator_email", "creator_name", "email", "name"} {
		if strings.Contains(v, ":"+field+":") {
			return true
		}
	}
	return strings.Contains(v, "@")
}

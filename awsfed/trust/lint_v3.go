package trust

import (
	"slices"
	"strings"

	"github.com/onafed/onafed/awsfed/trust/pattern"
	"github.com/onafed/onafed/internal/subject"
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

// isDefaultSubject tells whether s is the V3 subject of some principal without extra fields.
func isDefaultSubject(s string) bool {
	r := subject.Read(s)
	return r.Version == subject.V3 && r.Complete()
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
	s = strings.ReplaceAll(s, subject.AnyID, "")
	i := strings.IndexAny(s, "*?")
	if i < 0 {
		return ""
	}
	return strings.TrimLeft(s[i:], "*?")
}

// freeTextBefore names the field, if its values are not ids, whose value the
// text ends in. closed: the value surely ends before.
func freeTextBefore(s string) (field string, closed bool) {
	for i := strings.LastIndexByte(s, ':'); i >= 0; i = strings.LastIndexByte(s[:i], ':') {
		name, value, ok := strings.Cut(s[i+1:], ":")
		switch form := subject.FormOf(name); {
		case !ok || form == subject.NoForm:
		case form == subject.ID || value == "":
			return "", false // a whole value is the wildcard's
		default:
			return name, !form.HasColon() && strings.HasSuffix(value, ":")
		}
	}
	return "", false
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

package lint

import (
	"strings"

	"github.com/onafed/onafed/internal/quote"
	"github.com/onafed/onafed/internal/subject"
)

// checkUserText reports a V3 pattern that text of users can match. V3 subjects have no escaping, so
// such text can contain any pair, and a wildcard can match several pairs.
func (l *linter) checkUserText(c *clause, v claimValue) {
	// V2 subjects contain only IDs. A text that does not begin with its prefix contains escapes.
	rest, ok := strings.CutPrefix(v.text, v.prefix)
	if !ok || v.variable || v.tenant.Grammar.Version != subject.V3 {
		return
	}
	f := c.valueFinding(v.text, UserText, Warning, "", "")
	field, closed := textField(v.prefix)
	switch {
	case hasTextAfterWildcard(rest):
		f.Message = "in " + quote.Value(v.text) + " required text follows a wildcard"
		f.Why = "An extra field with text that users choose, such as creator_name, can contain exactly this text: " +
			"V3 subjects have no escaping. Write the exact text before it, without a wildcard."
	case field != "" && !closed:
		f.Message = "in " + quote.Value(v.text) + " a wildcard continues the value of " + field
		f.Why = "Other people can choose a value that begins like this, such as a longer name or another domain."
	default:
		return
	}
	l.add(f, nil)
}

// hasTextAfterWildcard reports whether text follows the first wildcards of s. Wildcards for an ID
// do not count, because they have a fixed length.
func hasTextAfterWildcard(s string) bool {
	s = strings.ReplaceAll(s, subject.AnyID, "")
	i := strings.IndexAny(s, "*?")
	return i >= 0 && strings.Trim(s[i:], "*?") != ""
}

// textField returns the last field in the beginning of a V3 subject. It returns "" if the value of
// that field is an ID or has no character yet. closed reports whether the value certainly ends with
// the prefix.
func textField(prefix string) (field string, closed bool) {
	for i := strings.LastIndexByte(prefix, ':'); i >= 0; i = strings.LastIndexByte(prefix[:i], ':') {
		name, value, ok := strings.Cut(prefix[i+1:], ":")
		form := subject.FormOf(name)
		switch {
		case !ok || form == subject.NoForm:
		case form == subject.ID || value == "":
			return "", false
		default:
			return name, !form.HasColon() && strings.HasSuffix(value, ":")
		}
	}
	return "", false
}

// hasPersonalData reports whether a value of a condition on sub names a person.
func hasPersonalData(value string) bool {
	for _, field := range [...]string{"creator_email", "creator_name", "email", "name"} {
		if strings.Contains(value, ":"+field+":") {
			return true
		}
	}
	return strings.Contains(value, "@")
}

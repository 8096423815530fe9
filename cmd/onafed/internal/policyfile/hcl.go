package policyfile

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// hclMember is a member of an object, with its value as an HCL expression.
type hclMember struct{ key, value string }

// hclExpression returns a JSON text as an HCL expression, in the layout of "terraform fmt". The
// lines after the first begin with the indent.
func hclExpression(text []byte, indent string) (string, error) {
	dec := json.NewDecoder(strings.NewReader(string(text)))
	dec.UseNumber()
	return hclValue(dec, indent)
}

// hclValue returns the next value of dec.
func hclValue(dec *json.Decoder, indent string) (string, error) {
	token, err := dec.Token()
	if err != nil {
		return "", err
	}
	switch v := token.(type) {
	case json.Delim:
		if v == '{' {
			return hclObject(dec, indent)
		}
		return hclTuple(dec, indent)
	case string:
		return hclString(v), nil
	case nil:
		return "null", nil
	default: // a number or a bool
		return fmt.Sprint(v), nil
	}
}

// hclObject returns the object whose brace dec has read.
func hclObject(dec *json.Decoder, indent string) (string, error) {
	var members []hclMember
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return "", err
		}
		value, err := hclValue(dec, indent+"  ")
		if err != nil {
			return "", err
		}
		members = append(members, hclMember{hclKey(key.(string)), value})
	}
	if _, err := dec.Token(); err != nil {
		return "", err
	}
	return "{\n" + hclAttributes(members, indent+"  ") + indent + "}", nil
}

// hclAttributes returns lines with the members. "terraform fmt" aligns neighbors in this way.
func hclAttributes(members []hclMember, indent string) string {
	var b strings.Builder
	for i, m := range members {
		fmt.Fprintf(&b, "%s%-*s = %s\n", indent, keyWidth(members, i), m.key, m.value)
	}
	return b.String()
}

// hclList returns a tuple of strings. The lines after the first begin with the indent.
func hclList(values []string, indent string) string {
	var b strings.Builder
	b.WriteString("[\n")
	for _, v := range values {
		fmt.Fprintf(&b, "%s  %s,\n", indent, hclString(v))
	}
	return b.String() + indent + "]"
}

// keyWidth returns the width of the key of a member. Neighbors whose values are one line have the
// same width.
func keyWidth(members []hclMember, at int) int {
	oneLine := func(m hclMember) bool { return !strings.Contains(m.value, "\n") }
	width := utf8.RuneCountInString(members[at].key)
	if !oneLine(members[at]) {
		return width
	}
	for i := at - 1; i >= 0 && oneLine(members[i]); i-- {
		width = max(width, utf8.RuneCountInString(members[i].key))
	}
	for i := at + 1; i < len(members) && oneLine(members[i]); i++ {
		width = max(width, utf8.RuneCountInString(members[i].key))
	}
	return width
}

// hclTuple returns the array whose bracket dec has read.
func hclTuple(dec *json.Decoder, indent string) (string, error) {
	var b strings.Builder
	b.WriteString("[\n")
	for dec.More() {
		value, err := hclValue(dec, indent+"  ")
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "%s  %s,\n", indent, value)
	}
	_, err := dec.Token()
	return b.String() + indent + "]", err
}

// hclKey returns the key of an object: a plain word, or a quoted string. HCL gives the word "for" a
// meaning of its own; the members of a policy begin with an upper-case letter.
func hclKey(key string) string {
	if key != "" && key[0] >= 'A' && key[0] <= 'Z' && strings.TrimFunc(key, isLetterOrDigit) == "" {
		return key
	}
	return hclString(key)
}

// hclString returns a quoted HCL string with exactly the value s. The template markers "${" and
// "%{" are escaped by doubling their first character (Terraform language, "Strings and Templates").
func hclString(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i, r := range s {
		_, size := utf8.DecodeRuneInString(s[i:])
		switch next := s[i+size:]; {
		case r == utf8.RuneError && size == 1: // not UTF-8; HCL has no escape sequence for it
			b.WriteByte(s[i])
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case (r == '$' || r == '%') && strings.HasPrefix(next, "{"):
			b.WriteRune(r)
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case strconv.IsPrint(r):
			b.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

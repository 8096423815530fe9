package policyfile

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Terraform returns HCL with a resource aws_iam_role for each role. The policy is a quoted string
// and not a heredoc or a jsonencode call, so that no character in it can end it.
func Terraform(roles []Role) (string, error) {
	var b strings.Builder
	taken := make(map[string]bool)
	for i, r := range roles {
		text, err := r.Policy.MarshalJSON()
		if err != nil {
			return "", err
		}
		if i > 0 {
			b.WriteByte('\n')
		}
		name := cmp.Or(r.Name, "role")
		id := resourceName(name)
		if taken[id] {
			return "", fmt.Errorf("two roles have the Terraform name %s: rename %+q", id, name)
		}
		taken[id] = true
		fmt.Fprintf(&b, "resource \"aws_iam_role\" %s {\n  name               = %s\n  assume_role_policy = %s\n}\n",
			hclString(id), hclString(name), hclString(string(text)))
	}
	return b.String(), nil
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

// resourceName returns the name of a role as the name of a Terraform resource: letters, digits, "_"
// and "-", beginning with a letter or "_".
func resourceName(role string) string {
	id := strings.Map(func(r rune) rune {
		if isLetterOrDigit(r) || r == '_' || r == '-' {
			return r
		}
		return '_'
	}, role)
	if id == "" || id[0] >= '0' && id[0] <= '9' || id[0] == '-' {
		id = "role_" + id
	}
	return id
}

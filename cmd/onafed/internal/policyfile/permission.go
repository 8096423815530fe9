package policyfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/onafed/onafed/internal/quote"
	"github.com/onafed/onafed/internal/strictjson"
)

const (
	// maxInlinePolicy is the number of characters that the inline policies of a role may have in
	// total (IAM User Guide, "IAM and AWS STS quotas").
	maxInlinePolicy = 10240
	// permissionDepth is the nesting of a permission policy: the document, its statements, a
	// statement, its conditions, an operator, a list.
	permissionDepth = 8
)

// PermissionPolicy returns the permission policy in a JSON text without white space. It checks what
// the forms of this package depend on: strict JSON, a member Statement, the characters and the size
// that IAM accepts. IAM checks the rest.
func PermissionPolicy(text string) (string, error) {
	l := strictjson.New(text, strictjson.Limits{Depth: permissionDepth})
	if l.Kind() != strictjson.Object {
		return "", errors.New("a permission policy is a JSON object")
	}
	var b strings.Builder
	statement := false
	err := compact(l, &b, func(name string) error {
		switch name {
		case "Statement":
			statement = true
		case "Version", "Id":
		default:
			return fmt.Errorf("the member %s: a permission policy has only Version, Id and Statement", quote.Name(name))
		}
		return nil
	})
	if err == nil {
		err = l.End()
	}
	switch {
	case err != nil:
		return "", strictjson.Locate(text, err)
	case !statement:
		return "", errors.New("a permission policy has the member Statement")
	}
	if n := utf8.RuneCountInString(b.String()); n > maxInlinePolicy {
		return "", fmt.Errorf("the policy has %d characters: IAM accepts at most %d in the inline policies of a role", n, maxInlinePolicy)
	}
	return b.String(), nil
}

// compact writes the next value without white space. It calls member with the name of each member
// of that value, if it is an object.
func compact(l *strictjson.Lexer, b *strings.Builder, member func(name string) error) error {
	separate := func() {
		if s := b.String(); s[len(s)-1] != '{' && s[len(s)-1] != '[' {
			b.WriteByte(',')
		}
	}
	switch l.Kind() {
	case strictjson.Object:
		b.WriteByte('{')
		err := l.Object(func(name string, _ int) error {
			if err := member(name); err != nil {
				return err
			}
			separate()
			if err := compactText(b, name); err != nil {
				return err
			}
			b.WriteByte(':')
			return compact(l, b, anyMember)
		})
		b.WriteByte('}')
		return err
	case strictjson.Array:
		b.WriteByte('[')
		err := l.Array(func() error {
			separate()
			return compact(l, b, anyMember)
		})
		b.WriteByte(']')
		return err
	case strictjson.String:
		text, err := l.Text()
		if err != nil {
			return err
		}
		return compactText(b, text)
	default:
		text, err := l.Raw()
		b.WriteString(text)
		return err
	}
}

func anyMember(string) error { return nil }

// compactText writes a string. Every character is itself, because IAM counts escape sequences.
func compactText(b *strings.Builder, s string) error {
	if at := strings.IndexFunc(s, func(r rune) bool { return r < 0x20 || 0x7f <= r && r < 0xa0 || r > 0xff }); at >= 0 {
		return fmt.Errorf("the text %s: IAM accepts only printable characters up to U+00FF in a policy", quote.Text(s, 80))
	}
	var quoted strings.Builder
	enc := json.NewEncoder(&quoted)
	enc.SetEscapeHTML(false)
	err := enc.Encode(s)
	b.WriteString(strings.TrimSuffix(quoted.String(), "\n"))
	return err
}

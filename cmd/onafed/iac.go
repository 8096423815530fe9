package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/onafed/onafed/internal/quote"
)

// plainJSON is the policy, or, for several roles, an object with a policy for each.
func plainJSON(policies []named) (string, error) {
	if len(policies) == 1 {
		return printable(policies[0].policy.String() + "\n"), nil
	}
	var b strings.Builder
	b.WriteString("{\n")
	for i, p := range policies {
		name, err := json.Marshal(p.role)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "\t%s: %s", name, indent(p.policy.String(), "\t"))
		if i < len(policies)-1 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
	}
	b.WriteString("}\n")
	return printable(b.String()), nil
}

// printable is JSON in which no character acts on a terminal or a reviewer.
func printable(text string) string { return string(escapeControls([]byte(text))) }

// terraform is HCL: an aws_iam_role for each policy. The policy is a quoted string and not a heredoc or jsonencode, so that no character of
// it can end its place; "${" and "%{" are HCL's template markers and are escaped by doubling their first character (Terraform language,
// "Strings and Templates").
func terraform(policies []named) (string, error) {
	var b strings.Builder
	taken := make(map[string]bool)
	for i, p := range policies {
		text, err := p.policy.MarshalJSON()
		if err != nil {
			return "", err
		}
		if i > 0 {
			b.WriteByte('\n')
		}
		role := cmp.Or(p.role, "role")
		id := identifier(role)
		if taken[id] {
			return "", fmt.Errorf("two roles have the Terraform name %s: rename %+q", id, role)
		}
		taken[id] = true
		fmt.Fprintf(&b, "resource \"aws_iam_role\" %s {\n  name               = %s\n  assume_role_policy = %s\n}\n",
			hclString(id), hclString(role), hclString(string(text)))
	}
	return b.String(), nil
}

// hclString is a quoted HCL string that means exactly s.
func hclString(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i, r := range s {
		_, size := utf8.DecodeRuneInString(s[i:])
		switch next := s[i+size:]; {
		case r == utf8.RuneError && size == 1: // no UTF-8: HCL has no escape for it
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

// cloudFormation is a template with a role for each policy. The policy stands in it as an object and nothing is substituted: without
// Fn::Sub "${" has no meaning there. A dynamic reference has one in any string (CloudFormation User Guide, "Get values stored in other
// services using dynamic references"), and there is no way to write one that is none.
func cloudFormation(policies []named) (string, error) {
	type properties struct {
		RoleName string          `json:"RoleName,omitempty"`
		Document json.RawMessage `json:"AssumeRolePolicyDocument"`
	}
	type resource struct {
		Type       string     `json:"Type"`
		Properties properties `json:"Properties"`
	}
	resources := make(map[string]resource)
	for _, p := range policies {
		text, err := p.policy.MarshalJSON()
		if err != nil {
			return "", err
		}
		if bytes.Contains(bytes.ToLower(text), []byte("{{resolve")) {
			return "", errors.New("the policy has a value with {{resolve in it, which CloudFormation would replace by a parameter or a secret: no token has one")
		}
		name := logicalID(p.role)
		if _, taken := resources[name]; taken {
			return "", fmt.Errorf("two roles have the CloudFormation name %s: rename %+q", name, p.role)
		}
		resources[name] = resource{"AWS::IAM::Role", properties{p.role, text}}
	}
	text, err := render(struct {
		Version   string              `json:"AWSTemplateFormatVersion"`
		Resources map[string]resource `json:"Resources"`
	}{"2010-09-09", resources})
	return string(text), err
}

// identifier is a name that HCL takes for a resource: letters, digits, "_" and "-", a letter first.
func identifier(role string) string {
	id := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_', r == '-':
			return r
		}
		return '_'
	}, role)
	if id == "" || id[0] >= '0' && id[0] <= '9' || id[0] == '-' {
		id = "role_" + id
	}
	return id
}

// logicalID is a name that CloudFormation takes for a resource: letters and digits.
func logicalID(role string) string {
	id := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		}
		return -1
	}, role)
	return "Role" + id
}

func indent(text, by string) string {
	return strings.ReplaceAll(text, "\n", "\n"+by)
}

// checkRoleName holds a name to what IAM takes (IAM API Reference, CreateRole), which no language of infrastructure gives a meaning.
func checkRoleName(name string) error {
	switch {
	case len(name) > 64:
		return fmt.Errorf("the role name %s has %d characters: IAM takes 64", quote.Text(name, 80), len(name))
	case !isIAMName(name):
		return fmt.Errorf("the role name %s: IAM takes letters, digits and _+=,.@- (a path is not part of the name)", quote.Text(name, 80))
	}
	return nil
}

// isIAMName reports whether a text has none but the characters of IAM's names and STS's session names, [\w+=,.@-].
func isIAMName(s string) bool {
	return strings.TrimFunc(s, func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_+=,.@-", r)
	}) == ""
}

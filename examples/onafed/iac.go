package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
)

// plainJSON is the policy, or, for several roles, an object with a policy for each.
func plainJSON(policies []named) (string, error) {
	if len(policies) == 1 {
		return policies[0].policy.String() + "\n", nil
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
	return b.String(), nil
}

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
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case (c == '$' || c == '%') && i+1 < len(s) && s[i+1] == '{':
			b.WriteByte(c)
			b.WriteByte(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\r':
			b.WriteString(`\r`)
		case c == '\t':
			b.WriteString(`\t`)
		case c < 0x20 || c == 0x7f:
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// cloudFormation is a template with a role for each policy. The policy stands in it as an object and nothing is substituted: without
// Fn::Sub "${" has no meaning there.
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

package policyfile

import (
	"cmp"
	"fmt"
	"strings"
)

// Terraform returns HCL with a resource aws_iam_role for each role. Its policy is a call of
// jsonencode, whose strings are quoted so that no character in them can end them.
func Terraform(roles []Role) (string, error) {
	var b strings.Builder
	taken := make(map[string]bool)
	for i, r := range roles {
		text, err := r.Policy.MarshalJSON()
		if err != nil {
			return "", err
		}
		policy, err := hclExpression(text, "  ")
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
		fmt.Fprintf(&b, "resource \"aws_iam_role\" %s {\n  name = %s\n\n  assume_role_policy = jsonencode(%s)\n}\n",
			hclString(id), hclString(name), policy)
	}
	return b.String(), nil
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

package policyfile

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
	"github.com/onafed/onafed/internal/quote"
)

// Role is a role to write: its policy and its name, which may be empty.
type Role struct {
	Name   string
	Policy trust.Policy
}

// JSON returns the policy of one role, or for several roles an object with a policy for each. No
// character in it changes a terminal or the display of other text.
func JSON(roles []Role) (string, error) {
	if len(roles) == 1 {
		return terminal.EscapeString(roles[0].Policy.String() + "\n"), nil
	}
	var b strings.Builder
	b.WriteString("{\n")
	for i, r := range roles {
		name, err := json.Marshal(r.Name)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "\t%s: %s", name, strings.ReplaceAll(r.Policy.String(), "\n", "\n\t"))
		if i < len(roles)-1 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
	}
	b.WriteString("}\n")
	return terminal.EscapeString(b.String()), nil
}

// CheckRoleName returns an error for a name that IAM refuses (IAM API Reference, CreateRole). The
// characters that IAM accepts have no meaning in Terraform or CloudFormation.
func CheckRoleName(name string) error {
	switch {
	case len(name) > 64:
		return fmt.Errorf("the role name %s has %d characters: IAM accepts 64", quote.Text(name, 80), len(name))
	case !isIAMName(name):
		return fmt.Errorf("the role name %s: IAM accepts letters, digits and _+=,.@- (a path is not a part of the name)", quote.Text(name, 80))
	}
	return nil
}

// isIAMName reports whether a text has only the characters of IAM names, [\w+=,.@-].
func isIAMName(s string) bool {
	return strings.TrimFunc(s, func(r rune) bool { return isLetterOrDigit(r) || strings.ContainsRune("_+=,.@-", r) }) == ""
}

func isLetterOrDigit(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}

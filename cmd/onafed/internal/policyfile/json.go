package policyfile

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
)

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

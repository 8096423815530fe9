package policylint

import (
	"fmt"

	"github.com/onafed/onafed/awsfed/trust/lint"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
	"github.com/onafed/onafed/internal/quote"
)

// printText prints the findings for people.
func printText(t *terminal.Terminal, reports []report) {
	findings := 0
	for _, r := range reports {
		for _, f := range r.findings {
			findings++
			style := styleOf(f.Severity)
			line := fmt.Sprintf("%s: %s: %s [%s]", r.where(f), f.Severity, f.Message, f.ID)
			if t.Marks {
				line = t.Mark(style, "") + " " + line
			}
			fmt.Fprintln(t.Out, t.Paint(style, line))
			fmt.Fprintf(t.Out, "    %s\n", f.Why)
			if f.Fixable && !f.Widens {
				fmt.Fprintf(t.Out, "    --fix corrects it\n")
			}
		}
	}
	t.Say("%s, %s", count(len(reports), "policy", "policies"), count(findings, "finding", "findings"))
}

// styleOf returns the style of a finding.
func styleOf(s lint.Severity) terminal.Style {
	switch s {
	case lint.Error:
		return terminal.Bad
	case lint.Warning:
		return terminal.Unsure
	default:
		return terminal.Plain
	}
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// where returns the file, the role and the statement of a finding.
func (r report) where(f lint.Finding) string {
	text := quote.Path(r.file)
	if name, ok := r.document.Name(); ok {
		text += ": " + name
	}
	if f.Statement >= 0 {
		text += fmt.Sprintf(": statement %d", f.Statement+1)
	}
	return text
}

// roleFindings is the JSON of one role.
type roleFindings struct {
	File     string         `json:"file"`
	Role     string         `json:"role,omitempty"`
	RoleARN  string         `json:"roleArn,omitempty"`
	Address  string         `json:"address,omitempty"`
	Findings []lint.Finding `json:"findings"`
}

// jsonReport returns the findings by role for --json.
func jsonReport(reports []report) []roleFindings {
	roles := []roleFindings{}
	for _, r := range reports {
		findings := r.findings
		if findings == nil {
			findings = []lint.Finding{}
		}
		roles = append(roles, roleFindings{r.file, r.document.RoleName, r.document.RoleARN, r.document.Address, findings})
	}
	return roles
}

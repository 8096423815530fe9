// Package policylint is the command "aws lint": it finds trust policies that allow more than
// intended.
package policylint

import (
	"context"
	"fmt"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/awsfed/trust/lint"
	"github.com/onafed/onafed/cmd/onafed/internal/exit"
	"github.com/onafed/onafed/cmd/onafed/internal/policyfile"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
	"github.com/onafed/onafed/internal/quote"
)

// Command is "aws lint".
type Command struct {
	Files []string `arg:"" help:"Policies, or documents that contain them: aws iam get-role, get-account-authorization-details, terraform show -json. - is standard input." placeholder:"FILE"`
	JSON  bool     `help:"Print the findings as JSON." xor:"format"`
	SARIF bool     `name:"sarif" help:"Print the findings as SARIF 2.1.0, for code scanning." xor:"format"`
	Fix   bool     `help:"Print the policy with all fixes, except those that would allow more callers. Takes one policy." xor:"format"`
	Notes bool     `help:"Exit with status 1 for notes too."`
}

// Help implements kong.HelpProvider.
func (c *Command) Help() string {
	return `The exit status is 0 without findings, 1 with findings, and 2 if a file cannot be read. Notes count only with --notes. A
document without policies, such as a plan without roles, has no findings.

Examples:

    onafed aws lint trust.json
    aws iam get-account-authorization-details --filter Role | onafed aws lint -
    terraform show -json plan.bin | onafed aws lint --sarif -
    onafed aws lint --fix trust.json`
}

// report is the policy of one role and the findings in it.
type report struct {
	file     string
	document policyfile.Document
	findings []lint.Finding
}

// Run implements the command.
func (c *Command) Run(_ context.Context, t *terminal.Terminal) error {
	reports, unreadable := c.lint(t)
	if len(reports) > 0 || !unreadable {
		if err := c.print(t, reports); err != nil {
			return err
		}
	}
	switch {
	case unreadable:
		return exit.Silently(exit.Unknown)
	case c.hasFindings(reports):
		return exit.Silently(exit.No)
	}
	return nil
}

// lint checks all policies of all files. One that cannot be read does not hide the others.
func (c *Command) lint(t *terminal.Terminal) (reports []report, unreadable bool) {
	for _, file := range c.Files {
		documents, err := policyfile.Read(file, t)
		if err != nil {
			t.Say("onafed: %v", err)
			unreadable = true
			continue
		}
		for _, d := range documents {
			if d.Err != nil {
				name, _ := d.Name()
				t.Say("onafed: %s: %s: %v", quote.Path(file), name, d.Err)
				unreadable = true
				continue
			}
			findings := lint.RolePolicy(d.Policy, d.RoleARN)
			for i, f := range findings {
				findings[i].Line, findings[i].Column = d.Position(f.Line, f.Column)
			}
			reports = append(reports, report{file, d, findings})
		}
	}
	return reports, unreadable
}

// hasFindings reports whether a finding counts and is not fixed by --fix.
func (c *Command) hasFindings(reports []report) bool {
	for _, r := range reports {
		findings := r.findings
		if c.Fix {
			findings = lint.RolePolicy(fix(r.document.Policy), r.document.RoleARN)
		}
		for _, f := range findings {
			if c.Notes || f.Severity != lint.Note {
				return true
			}
		}
	}
	return false
}

func (c *Command) print(t *terminal.Terminal, reports []report) error {
	switch {
	case c.Fix:
		if len(reports) != 1 {
			return exit.Unanswered(fmt.Errorf("--fix takes one policy, and there are %d", len(reports)))
		}
		_, err := fmt.Fprintln(t.Out, terminal.EscapeString(fix(reports[0].document.Policy).String()))
		return err
	case c.SARIF:
		return t.WriteJSON(sarif(reports))
	case c.JSON:
		return t.WriteJSON(jsonReport(reports))
	}
	printText(t, reports)
	return nil
}

// maxFixes bounds the number of fixes. Each fix removes its finding, so the bound is never reached.
const maxFixes = 100

// fix applies fixes until none is left. A fix that allows further callers is for a person to
// decide.
func fix(p trust.Policy) trust.Policy {
	for range maxFixes {
		next, changed := fixOne(p)
		if !changed {
			break
		}
		p = next
	}
	return p
}

func fixOne(p trust.Policy) (fixed trust.Policy, changed bool) {
	for _, f := range lint.Policy(p) {
		if f.Widens {
			continue
		}
		if fixed, ok := f.Fix(); ok {
			return fixed, true
		}
	}
	return p, false
}

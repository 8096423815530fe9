package main

import (
	"context"
	"fmt"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/cmd/onafed/internal/policyfile"
)

// lintCommand is aws lint.
type lintCommand struct {
	Files []string `arg:"" help:"Policies, or documents that have them: aws iam get-role, get-account-authorization-details, terraform show -json. - is standard input." placeholder:"FILE"`
	JSON  bool     `help:"Print the findings as JSON." xor:"format"`
	SARIF bool     `name:"sarif" help:"Print the findings as SARIF 2.1.0, for code scanning." xor:"format"`
	Fix   bool     `help:"Print the policy with every fix applied that lets nobody else in. Takes one policy." xor:"format"`
	Notes bool     `help:"Let notes, too, make the exit status 1."`
}

// Help implements kong.HelpProvider.
func (c *lintCommand) Help() string {
	return `The exit status is 0 when nothing was found, 1 when something was, and 2 when a file could not be read. Where there
are no policies, as in a plan that makes no role, nothing is found.

Examples:

    onafed aws lint trust.json
    aws iam get-account-authorization-details --filter Role | onafed aws lint -
    terraform show -json plan.bin | onafed aws lint --sarif -
    onafed aws lint --fix trust.json`
}

// linted is one role's policy and what was found in it.
type linted struct {
	file     string
	document policyfile.Document
	findings []trust.Finding
}

// Run implements the command.
func (c *lintCommand) Run(_ context.Context, t *terminal) error {
	var all []linted
	unread := 0
	for _, file := range c.Files {
		found, err := documents(file, t)
		if err != nil { // one that cannot be read does not hide the others
			t.say("onafed: %v", err)
			unread++
			continue
		}
		for _, d := range found {
			if d.Err != nil {
				t.say("onafed: %+q: %s: %v", file, nameOf(d), d.Err)
				unread++
				continue
			}
			findings := trust.Lint(d.Policy)
			for i, f := range findings {
				findings[i].Line, findings[i].Column = d.Position(f.Line, f.Column)
			}
			all = append(all, linted{file, d, findings})
		}
	}
	if len(all) > 0 || unread == 0 {
		if err := c.print(t, all); err != nil {
			return err
		}
	}
	switch {
	case unread > 0:
		return &exitError{code: 2}
	case c.found(all):
		return &exitError{code: 1}
	}
	return nil
}

// found reports whether anything stands that was not fixed.
func (c *lintCommand) found(all []linted) bool {
	for _, l := range all {
		findings := l.findings
		if c.Fix {
			findings = trust.Lint(fixed(l.document.Policy))
		}
		for _, f := range findings {
			if c.Notes || f.Severity != trust.SeverityNote {
				return true
			}
		}
	}
	return false
}

func (c *lintCommand) print(t *terminal, all []linted) error {
	switch {
	case c.Fix:
		if len(all) != 1 {
			return unanswered(fmt.Errorf("--fix takes one policy, and there are %d", len(all)))
		}
		_, err := fmt.Fprintln(t.out, printable(fixed(all[0].document.Policy).String()))
		return err
	case c.SARIF:
		return writeJSON(t, sarif(all))
	case c.JSON:
		return writeJSON(t, lintReport(all))
	}
	findings := 0
	for _, l := range all {
		for _, f := range l.findings {
			findings++
			fmt.Fprintf(t.out, "%s: %s: %s [%s]\n", place(l, f), f.Severity, f.Message, f.ID)
			fmt.Fprintf(t.out, "    %s\n", f.Why)
			if f.Fixable && !f.Widens {
				fmt.Fprintf(t.out, "    --fix mends it\n")
			}
		}
	}
	t.say("%s, %s", count(len(all), "policy", "policies"), count(findings, "finding", "findings"))
	return nil
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func place(l linted, f trust.Finding) string {
	text := fmt.Sprintf("%+q", l.file)
	if name := nameOf(l.document); name != "the policy" {
		text += ": " + name
	}
	if f.Statement >= 0 {
		text += fmt.Sprintf(": statement %d", f.Statement+1)
	}
	return text
}

// fixed applies fixes until none is left. Fixes that let others in are a person's to make.
func fixed(p trust.Policy) trust.Policy {
	for range 100 { // each fix removes its finding; a bound all the same
		changed := false
		for _, f := range trust.Lint(p) {
			if f.Widens {
				continue
			}
			if next, ok := f.Fix(); ok {
				p, changed = next, true
				break
			}
		}
		if !changed {
			break
		}
	}
	return p
}

// lintReport is the JSON of the findings, by role.
func lintReport(all []linted) any {
	type role struct {
		File     string          `json:"file"`
		Role     string          `json:"role,omitempty"`
		RoleARN  string          `json:"roleArn,omitempty"`
		Address  string          `json:"address,omitempty"`
		Findings []trust.Finding `json:"findings"`
	}
	roles := []role{}
	for _, l := range all {
		findings := l.findings
		if findings == nil {
			findings = []trust.Finding{}
		}
		roles = append(roles, role{l.file, l.document.RoleName, l.document.RoleARN, l.document.Address, findings})
	}
	return roles
}

package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/onafed/onafed/idp"
)

// doctorCommand is doctor.
type doctorCommand struct {
	RoleARN    string `env:"AWS_ROLE_ARN,IDP_AWS_ROLE_ARN" help:"The role to assume; without it the checks of AWS are left out." placeholder:"ARN"`
	Audience   string `help:"Who the ID token is for. Default: what AWS expects in the partition of the role." placeholder:"AUDIENCE"`
	Issuer     string `help:"The issuer that the token is checked against. Default: ${issuer}." default:"${issuer}" placeholder:"URL"`
	Policy     string `help:"The role's trust policy, to explain it; without it, it is read from IAM if the role or the credentials of the environment may do so." placeholder:"FILE"`
	Region     string `help:"The region of the STS endpoint." placeholder:"REGION"`
	Profile    string `help:"The profile of the shared files to look at. Default: AWS_PROFILE, as SDKs do, then default."`
	JSON       bool   `help:"Print the checks as JSON." xor:"format"`
	Report     bool   `help:"Print Markdown that is fit to be pasted into a ticket." xor:"format"`
	tokenFlags `embed:""`
}

// Help implements kong.HelpProvider.
func (c *doctorCommand) Help() string {
	return `Goes the way from the token to the credentials and says of each step whether it works, and what to do if not. The exit status is 1 when
there is a problem. What it prints holds no secret and no personal data.

Examples:

    onafed doctor --role-arn arn:aws:iam::123456789012:role/deploy
    onafed doctor --role-arn arn:aws:iam::123456789012:role/deploy --policy trust.json --report`
}

// Validate is called by kong.
func (c *doctorCommand) Validate() error {
	return cmp.Or(checkIssuer(c.Issuer), c.check())
}

// check is the result of one step.
type check struct {
	Name   string `json:"name"`
	State  string `json:"state"` // ok, problem, note, skipped
	Detail string `json:"detail"`
	Fix    string `json:"fix,omitempty"`
}

const (
	stateOK      = "ok"
	stateProblem = "problem"
	stateNote    = "note"
	stateSkipped = "skipped"
)

// examination collects the checks, and what later ones need of earlier ones.
type examination struct {
	command *doctorCommand
	checks  []check
	token   *idp.Token // nil when there is none
	assumed assumed
}

func (e *examination) ok(name, format string, args ...any) {
	e.checks = append(e.checks, check{Name: name, State: stateOK, Detail: fmt.Sprintf(format, args...)})
}

func (e *examination) problem(name, detail, fix string) {
	e.checks = append(e.checks, check{Name: name, State: stateProblem, Detail: detail, Fix: fix})
}

func (e *examination) note(name, format string, args ...any) {
	e.checks = append(e.checks, check{Name: name, State: stateNote, Detail: fmt.Sprintf(format, args...)})
}

func (e *examination) skipped(name, why string) {
	e.checks = append(e.checks, check{Name: name, State: stateSkipped, Detail: why})
}

// Run implements the command.
func (c *doctorCommand) Run(ctx context.Context, t *terminal) error {
	c.Profile = cmp.Or(c.Profile, os.Getenv("AWS_PROFILE"), os.Getenv("AWS_DEFAULT_PROFILE"), "default")
	e := &examination{command: c}
	e.tokenSource(ctx, t)
	e.tokenContent()
	e.assume(ctx) // early: its answer has STS's clock, and its credentials may read the trust policy
	reached := e.issuer(ctx)
	e.clocks(ctx)
	e.fitness(ctx, reached)
	e.tokenAudience()
	e.trustPolicy(ctx, t)
	e.role()
	e.sts(ctx)
	e.credentialsFile()
	e.configFile()
	e.variables()
	if err := e.print(t); err != nil {
		return err
	}
	for _, c := range e.checks {
		if c.State == stateProblem {
			return &exitError{code: 1}
		}
	}
	return nil
}

func (e *examination) print(t *terminal) error {
	for i := range e.checks { // a home folder has a person's name
		c := &e.checks[i]
		c.Detail, c.Fix = withoutHome(oneLine(c.Detail)), withoutHome(oneLine(c.Fix))
	}
	var b strings.Builder
	switch {
	case e.command.JSON:
		return writeJSON(t, e.checks)
	case e.command.Report:
		fmt.Fprintf(&b, "onafed doctor, %s, %s %s/%s\n\n| check | state | detail | fix |\n|---|---|---|---|\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
		for _, c := range e.checks {
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", c.Name, c.State, cell(c.Detail), cell(c.Fix))
		}
	default:
		for _, c := range e.checks {
			fmt.Fprintf(&b, "%-8s %-16s %s\n", c.State, c.Name, c.Detail)
			if c.Fix != "" {
				fmt.Fprintf(&b, "%-8s %-16s fix: %s\n", "", "", c.Fix)
			}
		}
	}
	_, err := t.out.Write(escapeControls([]byte(b.String())))
	return err
}

// oneLine keeps a detail from looking like another check.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// cell is text for a cell of a Markdown table, which it cannot end.
func cell(s string) string {
	return strings.NewReplacer(`\`, `\\`, "|", `\|`, "<", "&lt;", "`", "'", "*", `\*`, "_", `\_`, "[", `\[`).Replace(s)
}

// version is the version of the module, as far as the program knows it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "version unknown"
	}
	return info.Main.Version
}

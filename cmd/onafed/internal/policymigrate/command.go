// Package policymigrate is the command "aws migrate": it converts a trust policy from V2 to V3
// tokens.
package policymigrate

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/awsfed/trust/migrate"
	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/cmd/onafed/internal/exit"
	"github.com/onafed/onafed/cmd/onafed/internal/policyfile"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
	"github.com/onafed/onafed/internal/quote"
)

// Command is "aws migrate".
type Command struct {
	File       string   `arg:"" help:"The trust policy for V2 tokens, or a document that contains one. - is standard input." placeholder:"FILE"`
	ExtraField []string `help:"An extra subject field of the organization; repeat the flag in the order of the organization's settings." placeholder:"NAME"`
	Policy     string   `help:"Print only this policy: both (set it before the switch) or after (set it when no V2 token is valid any more)." enum:"both,after," default:"" placeholder:"STEP"`
	JSON       bool     `help:"Print everything as JSON."`
}

// Help implements kong.HelpProvider.
func (c *Command) Help() string {
	return `When an organization switches from V2 to V3 tokens, every subject changes. This command writes two policies: one for the time
of the switch, which accepts both formats, and one for the time after it. It also shows which generated identities each policy
accepts. The exit status is 1 if a statement cannot be converted exactly.

Examples:

    onafed aws migrate trust.json
    onafed aws migrate trust.json --policy both > both.json
    onafed aws migrate trust.json --extra-field environment_id`
}

// Validate is called by kong.
func (c *Command) Validate() error {
	if c.JSON && c.Policy != "" { // the empty default keeps the tag xor from doing this
		return errors.New("--json prints everything and cannot be used with --policy")
	}
	return nil
}

// Run implements the command.
func (c *Command) Run(_ context.Context, t *terminal.Terminal) error {
	policy, layout, err := c.input(t)
	if err != nil {
		return exit.Unanswered(err)
	}
	m := migrate.ToV3(policy, &migrate.Options{Layout: layout})
	if c.Policy == "after" && len(m.After.Statements) == 0 { // IAM refuses such a policy
		return errors.New("no statement can be converted exactly, so there is no policy for after the switch: run it without --policy to see the reasons")
	}
	if err := c.print(t, m); err != nil {
		return err
	}
	if !m.Exact() {
		if c.Policy != "" {
			t.Say("onafed: a statement cannot be converted exactly: run it without --policy to see which")
		}
		return exit.Silently(exit.No)
	}
	return nil
}

// input returns the one policy of the file, and the layout of the flags.
func (c *Command) input(t *terminal.Terminal) (trust.Policy, claims.Layout, error) {
	var layout claims.Layout
	found, err := policyfile.Read(c.File, t)
	if err != nil {
		return trust.Policy{}, layout, err
	}
	if len(found) != 1 {
		return trust.Policy{}, layout, fmt.Errorf("%s has %d trust policies; give one at a time", quote.Path(c.File), len(found))
	}
	if found[0].Err != nil {
		return trust.Policy{}, layout, fmt.Errorf("%s: %w", quote.Path(c.File), found[0].Err)
	}
	layout, err = claims.NewLayout(c.ExtraField...)
	return found[0].Policy, layout, err
}

func (c *Command) print(t *terminal.Terminal, m migrate.Migration) error {
	var err error
	switch {
	case c.JSON:
		return t.WriteJSON(m)
	case c.Policy == "both":
		_, err = fmt.Fprintln(t.Out, terminal.EscapeString(m.Both.String()))
	case c.Policy == "after":
		_, err = fmt.Fprintln(t.Out, terminal.EscapeString(m.After.String()))
	default:
		_, err = io.WriteString(t.Out, m.Text())
	}
	return err
}

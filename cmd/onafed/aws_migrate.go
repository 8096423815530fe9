package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/claims"
)

// migrateCommand is aws migrate.
type migrateCommand struct {
	File   string   `arg:"" help:"The trust policy for V2 tokens, or a document that has one. - is standard input." placeholder:"FILE"`
	Extra  []string `name:"extra-field" help:"An extra subject field of the organization, in the order of its settings; repeat." placeholder:"NAME"`
	Policy string   `help:"Print this policy alone: both (set it before the switch) or after (set it when no V2 token is left)." enum:",both,after" default:"" placeholder:"STEP"`
	JSON   bool     `help:"Print everything as JSON."`
}

// Help implements kong.HelpProvider.
func (c *migrateCommand) Help() string {
	return `Carries a policy from V2 over to V3 subjects in two steps, and shows what each accepts. The exit status is 1 when something cannot be
carried over exactly.

Examples:

    onafed aws migrate trust.json
    onafed aws migrate trust.json --policy both > both.json
    onafed aws migrate trust.json --extra-field environment_id`
}

// Run implements the command.
func (c *migrateCommand) Run(_ context.Context, t *terminal) error {
	found, err := documents(c.File, t)
	if err != nil {
		return unanswered(err)
	}
	if len(found) != 1 {
		return unanswered(fmt.Errorf("%+q has %d trust policies; give one at a time", c.File, len(found)))
	}
	if found[0].Err != nil {
		return unanswered(fmt.Errorf("%+q: %w", c.File, found[0].Err))
	}
	layout, err := claims.NewLayout(c.Extra...)
	if err != nil {
		return unanswered(err)
	}
	m := trust.Migrate(found[0].Policy, &trust.MigrateOptions{Layout: layout})
	if c.Policy == "after" && !c.JSON && len(m.After.Statements) == 0 { // IAM takes no such policy
		return errors.New("the statements could not be carried over exactly, and there is no policy for afterwards: run it without --policy to see why")
	}
	if err := c.print(t, m); err != nil {
		return err
	}
	if !m.Exact() {
		if c.Policy != "" {
			t.say("onafed: something could not be carried over exactly: run it without --policy to see what")
		}
		return &exitError{code: 1}
	}
	return nil
}

func (c *migrateCommand) print(t *terminal, m trust.Migration) error {
	var err error
	switch {
	case c.JSON:
		return writeJSON(t, m)
	case c.Policy == "both":
		_, err = fmt.Fprintln(t.out, printable(m.Both.String()))
	case c.Policy == "after":
		_, err = fmt.Fprintln(t.out, printable(m.After.String()))
	default:
		_, err = io.WriteString(t.out, m.Text())
	}
	return err
}

package main

import (
	"fmt"

	"github.com/alecthomas/kong"

	"github.com/onafed/onafed/cmd/onafed/internal/exit"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
	"github.com/onafed/onafed/cmd/onafed/internal/version"
)

// helpCommand is "help".
type helpCommand struct {
	Command []string `arg:"" optional:"" help:"The command. Default: the program." placeholder:"COMMAND"`
}

// Help implements kong.HelpProvider.
func (c *helpCommand) Help() string {
	return `Examples:

    onafed help
    onafed help idp login aws`
}

// Run implements the command.
func (c *helpCommand) Run(k *kong.Context) error {
	if _, err := k.Parse(append(c.Command, "--help")); err != nil {
		return exit.Unanswered(usageError(err))
	}
	return nil
}

// versionCommand is "version".
type versionCommand struct{}

// Help implements kong.HelpProvider.
func (c *versionCommand) Help() string {
	return `Prints the version of the module, and the revision of the clone from which the program was built.

Example:

    onafed version`
}

// Run implements the command.
func (c *versionCommand) Run(t *terminal.Terminal) error {
	_, err := fmt.Fprintln(t.Out, version.Text())
	return err
}

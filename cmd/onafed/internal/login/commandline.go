package login

import (
	"errors"
	"fmt"

	"github.com/onafed/onafed/awsfed/export"
	"github.com/onafed/onafed/cmd/onafed/internal/exit"
	"github.com/onafed/onafed/cmd/onafed/internal/self"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
)

// commandLine returns the value of credential_process: the flags of this login, without secrets and
// with absolute paths. It also returns the environment variable that the line reads, if any.
func (c *Command) commandLine(t *terminal.Terminal) (command, variable string, err error) {
	program, err := self.Path()
	if err != nil {
		return "", "", err
	}
	args, variable, err := c.Arguments(t.Logger(c.Verbose))
	if err != nil {
		return "", "", err
	}
	args = append([]string{"aws", "credential-process"}, args...)
	if c.TrustedOwner != "" {
		args = append(args, "--trusted-owner", c.TrustedOwner)
	}
	command, err = export.CommandLine(program, args...)
	if wrong, ok := errors.AsType[*export.OptionError](err); ok {
		err = exit.Unanswered(fmt.Errorf("%s: %w", refusedFlag(program, args), wrong.Err))
	}
	return command, variable, err
}

// refusedFlag returns the flag whose value cannot be a word of the line, or the flag that needs the
// line if the program cannot.
func refusedFlag(program string, args []string) string {
	if _, err := export.CommandLine(program); err == nil {
		for i, arg := range args {
			if _, err := export.CommandLine(program, arg); err != nil && i > 0 {
				return args[i-1]
			}
		}
	}
	return "--mode process"
}

package login

import (
	"github.com/onafed/onafed/awsfed/export"
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
	return command, variable, err
}

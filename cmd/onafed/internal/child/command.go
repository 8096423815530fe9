// Package child is the command "aws exec": it runs a program whose SDK gets the credentials of a
// role from a container endpoint.
package child

import (
	"context"
	"errors"
	"io/fs"
	"os/exec"

	"github.com/onafed/onafed/cmd/onafed/internal/exit"
	"github.com/onafed/onafed/cmd/onafed/internal/role"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
)

// Exit statuses of failures before the child runs. The child itself may end with any other status.
// env, timeout and docker run use the same numbers.
const (
	Failed        = 125 // wrong usage, no credentials
	notExecutable = 126
	notFound      = 127
)

// Command is "aws exec".
type Command struct {
	Command    []string `arg:"" passthrough:"partial" help:"The command to run, and its arguments."`
	role.Flags `embed:""`

	// The flags of the processes that this command starts; see server.
	ServeFor int  `hidden:"" help:"Serve credentials until the process with this ID ends."`
	Detach   bool `hidden:"" help:"Start the server and end, so that the server is not a child of that process."`
}

// Help implements kong.HelpProvider.
func (c *Command) Help() string {
	return `Runs COMMAND with AWS_CONTAINER_CREDENTIALS_FULL_URI and AWS_CONTAINER_AUTHORIZATION_TOKEN. From this endpoint,
the AWS CLI and every SDK get the credentials of the role, and new ones before they expire.

The role is assumed first: if it is refused, COMMAND does not run. COMMAND then replaces this process, so its exit status,
signals, terminal and job control are its own. A second process serves the credentials until COMMAND ends. On Windows,
COMMAND runs as a child of this process. Processes that COMMAND leaves behind get no more credentials.

COMMAND has no other AWS identity in its environment: variables with keys, profiles and bearer tokens are removed, and so is
ONAFED_TOKEN_FILE, with which onafed could assume the role without a session policy. AWS_CONFIG_FILE and
AWS_SHARED_CREDENTIALS_FILE name the null device, because SDKs prefer a profile to an endpoint. The settings of the profile
for the region, endpoints, FIPS, dual stack, certificates and retries become variables.

Examples:

    onafed aws exec --role-arn arn:aws:iam::123456789012:role/deploy -- aws s3 ls
    onafed aws exec --role-arn arn:aws:iam::123456789012:role/deploy --policy-file task.json -- ./agent

Without --, COMMAND is the first word that is not a flag. The exit status is that of COMMAND, or 125 if COMMAND did not run, 126 if
it cannot be executed, and 127 if it is not found.`
}

// Run implements the command.
func (c *Command) Run(ctx context.Context, t *terminal.Terminal) error {
	if c.ServeFor != 0 {
		return c.serveParent(ctx, t)
	}
	if len(c.Command) > 0 && c.Command[0] == "--" {
		c.Command = c.Command[1:]
	}
	if len(c.Command) == 0 {
		return failure(errors.New("no command is given: write it after --"))
	}
	path, err := exec.LookPath(c.Command[0])
	if err != nil {
		return cannotRun(err)
	}
	return c.run(ctx, t, path)
}

// failure returns err with the status of a failure before the child runs.
func failure(err error) error {
	if err == nil {
		return nil
	}
	return &exit.Error{Status: Failed, Err: err}
}

// cannotRun returns the error for a program that does not exist or does not start.
func cannotRun(err error) error {
	status := notExecutable
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		status = notFound
	}
	return &exit.Error{Status: status, Err: err}
}

// Package credentials has the commands that print credentials: "aws credential-process" and "aws
// env".
package credentials

import (
	"context"

	"github.com/onafed/onafed/awsfed/export"
	"github.com/onafed/onafed/cmd/onafed/internal/role"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
)

// ProcessCommand is "aws credential-process".
type ProcessCommand struct {
	role.Shared `embed:""`
}

// Help implements kong.HelpProvider.
func (c *ProcessCommand) Help() string {
	return `Prints the JSON that an AWS SDK expects from a credential_process. On failure it prints nothing on standard output.

The programs of this user share the credentials through a folder that only this user can read (~/.cache/onafed on Linux), so
that many programs at once make one call to STS.

Example, in ~/.aws/config ("onafed idp login aws --mode process" writes it):

    [profile deploy]
    credential_process = /usr/local/bin/onafed aws credential-process --role-arn arn:aws:iam::123456789012:role/deploy`
}

// Run implements the command.
func (c *ProcessCommand) Run(ctx context.Context, t *terminal.Terminal) error {
	src, err := c.Credentials(ctx, t)
	if err != nil {
		return err
	}
	return export.Process(ctx, t.Out, src)
}

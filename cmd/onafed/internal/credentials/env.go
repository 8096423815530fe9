package credentials

import (
	"context"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/onafed/onafed/awsfed/export"
	"github.com/onafed/onafed/cmd/onafed/internal/role"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
)

// EnvCommand is "aws env".
type EnvCommand struct {
	Shell      string `help:"The shell that reads the lines: ${enum}." enum:"posix,fish,powershell,cmd" default:"posix"`
	JSON       bool   `help:"Print the variables as JSON."`
	role.Flags `embed:""`
}

// Help implements kong.HelpProvider.
func (c *EnvCommand) Help() string {
	return `Examples:

    eval "$(onafed aws env --role-arn arn:aws:iam::123456789012:role/deploy)"
    onafed aws env --shell fish --role-arn arn:aws:iam::123456789012:role/deploy | source

The variables are not refreshed: use them in one shell until they expire. The lines unset AWS_PROFILE, AWS_DEFAULT_PROFILE,
AWS_WEB_IDENTITY_TOKEN_FILE and AWS_SECURITY_TOKEN, because some SDKs prefer them. If the region came from the profile, set
AWS_REGION. If AWS_WEB_IDENTITY_TOKEN_FILE named the token, use --token-file the next time.`
}

// Run implements the command.
func (c *EnvCommand) Run(ctx context.Context, t *terminal.Terminal) error {
	p, err := c.Provider(ctx, t)
	if err != nil {
		return err
	}
	credentials, err := p.Credentials(ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(t, credentials)
	}
	lines, err := export.Env(export.Shell(c.Shell), credentials)
	if err != nil {
		return err
	}
	_, err = io.WriteString(t.Out, lines)
	return err
}

// writeJSON prints the variables that export.Environ sets.
func writeJSON(t *terminal.Terminal, credentials aws.Credentials) error {
	set, err := export.Environ(nil, credentials)
	if err != nil {
		return err
	}
	vars := make(map[string]string, len(set))
	for _, v := range set {
		name, value, _ := strings.Cut(v, "=")
		vars[name] = value
	}
	return t.WriteJSON(vars)
}

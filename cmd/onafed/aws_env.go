package main

import (
	"context"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/onafed/onafed/awsfed/export"
)

// envCommand is aws env.
type envCommand struct {
	Shell    string `help:"The shell that reads the lines: ${enum}." enum:"posix,fish,powershell,cmd" default:"posix"`
	JSON     bool   `help:"Print the variables as JSON."`
	awsFlags `embed:""`
}

// Help implements kong.HelpProvider.
func (c *envCommand) Help() string {
	return `Examples:

    eval "$(onafed aws env --role-arn arn:aws:iam::123456789012:role/deploy)"
    onafed aws env --shell fish --role-arn arn:aws:iam::123456789012:role/deploy | source

The variables do not refresh: they suit one shell until they expire. AWS_PROFILE, AWS_DEFAULT_PROFILE, AWS_WEB_IDENTITY_TOKEN_FILE and
AWS_SECURITY_TOKEN are unset, since some SDKs would prefer them; set AWS_REGION if the region came with the profile.`
}

// Run implements the command.
func (c *envCommand) Run(ctx context.Context, t *terminal) error {
	p, err := c.provider(ctx, t)
	if err != nil {
		return err
	}
	credentials, err := p.Credentials(ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		return c.json(t, credentials)
	}
	lines, err := export.Env(export.Shell(c.Shell), credentials)
	if err != nil {
		return err
	}
	_, err = io.WriteString(t.out, lines)
	return err
}

// json prints the variables that Environ sets.
func (c *envCommand) json(t *terminal, credentials aws.Credentials) error {
	set, err := export.Environ(nil, credentials)
	if err != nil {
		return err
	}
	var vars []variable
	for _, v := range set {
		name, value, _ := strings.Cut(v, "=")
		vars = append(vars, variable{name, value})
	}
	return writeJSON(t, object(vars))
}

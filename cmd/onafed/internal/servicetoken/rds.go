package servicetoken

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/onafed/onafed/awsfed/authtoken"
	"github.com/onafed/onafed/cmd/onafed/internal/exit"
	"github.com/onafed/onafed/cmd/onafed/internal/role"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
)

// RDSCommand is "aws rds-token".
type RDSCommand struct {
	Host        string `required:"" help:"The host of the database, as RDS shows it. The token contains it." placeholder:"HOST"`
	Port        int    `required:"" help:"The port of the database." placeholder:"PORT"`
	User        string `required:"" help:"The user of the database." placeholder:"NAME"`
	role.Shared `embed:""`
}

// Help implements kong.HelpProvider.
func (c *RDSCommand) Help() string {
	return `Prints a token for IAM database authentication: the password of a user of a database in RDS or Aurora, or of an RDS Proxy.
The token is valid for 15 minutes and never longer than its credentials. A connection stays open after the token expires. All
programs of this user share the credentials, as with credential-process.

Example, for psql:

    export PGPASSWORD="$(onafed aws rds-token --host db.abc.eu-central-1.rds.amazonaws.com --port 5432 --user app \
        --role-arn arn:aws:iam::123456789012:role/app)"

The role needs the permission rds-db:connect. The region comes from --region, or else from the name of the host, or
else from the SDK's settings.`
}

// Validate is called by kong.
func (c *RDSCommand) Validate() error {
	if err := c.Shared.Validate(); err != nil || c.Host == "" || c.Port == 0 || c.User == "" { // kong reports a missing flag after this
		return err
	}
	if err := c.checkPort(); err != nil {
		return err
	}
	if _, err := c.tokens(c.Region, unused()); err != nil && !c.needsRegion(err) {
		return err
	}
	return nil
}

// Run implements the command.
func (c *RDSCommand) Run(ctx context.Context, t *terminal.Terminal) error {
	if err := c.checkPort(); err != nil {
		return exit.Unanswered(err)
	}
	credentials, err := c.Credentials(ctx, t)
	if err != nil {
		return err
	}
	tokens, err := c.tokens(c.Region, role.Provider(credentials))
	if c.needsRegion(err) {
		tokens, err = c.tokensOfSDKRegion(ctx, t)
	}
	if err != nil {
		return err
	}
	token, err := tokens.Token(ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(t.Out, token.Raw())
	return err
}

func (c *RDSCommand) checkPort() error {
	if c.Port < 1 || c.Port > 65535 {
		return fmt.Errorf("--port %d: a port is a number from 1 to 65535", c.Port)
	}
	return nil
}

// tokens returns the source of tokens. The region may be empty if the name of the host has it.
func (c *RDSCommand) tokens(region string, credentials aws.CredentialsProvider) (*authtoken.Source, error) {
	endpoint := net.JoinHostPort(c.Host, strconv.Itoa(c.Port))
	return authtoken.RDS(aws.Config{Region: region, Credentials: credentials}, endpoint, c.User)
}

// needsRegion reports whether neither a flag nor the host names the region, by the error of tokens.
func (c *RDSCommand) needsRegion(err error) bool {
	refused, ok := errors.AsType[*authtoken.OptionError](err)
	return ok && refused.Option == "cfg" && c.Region == ""
}

// tokensOfSDKRegion returns the source of tokens in the region of the SDK's settings.
func (c *RDSCommand) tokensOfSDKRegion(ctx context.Context, t *terminal.Terminal) (*authtoken.Source, error) {
	cfg, err := c.Config(ctx, t)
	if err != nil {
		return nil, err
	}
	if cfg.Region == "" {
		return nil, exit.Unanswered(errors.New("the region of the database is unknown: use --region, or set AWS_REGION"))
	}
	return c.tokens(cfg.Region, cfg.Credentials)
}

// unused returns a provider for checks, which get no credentials.
func unused() aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{}, errors.New("these credentials are only for checks")
	})
}

// Package dev is the command "dev": an issuer, an STS and a container endpoint on loopback.
package dev

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/export"
	"github.com/onafed/onafed/cmd/onafed/internal/endpoint"
	"github.com/onafed/onafed/cmd/onafed/internal/exit"
	"github.com/onafed/onafed/cmd/onafed/internal/role"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
)

// Command is "dev".
type Command struct {
	Listen  string        `help:"The loopback address of the STS. Default: ${default}, which takes a free port." default:"127.0.0.1:0" placeholder:"HOST:PORT"`
	RoleARN string        `help:"The role that can be assumed. Default: ${default}." default:"arn:aws:iam::123456789012:role/dev" placeholder:"ARN"`
	Policy  string        `help:"The trust policy of the role, to test it. Default: one that allows the organization of the token." placeholder:"FILE"`
	TTL     time.Duration `name:"ttl" help:"The lifetime of credentials that are requested without a duration, and the longest that the role allows." default:"1h"`
	Outage  time.Duration `help:"Let STS answer 500 for this time at the end of every minute; 1m means always."`
	Dir     string        `help:"The folder for the token file and the endpoint's token. Default: a temporary folder." placeholder:"FOLDER"`
	JSON    bool          `help:"Print the variables as JSON, with those of the container endpoint."`
	Verbose bool          `short:"v" help:"Log the result of each call on standard error."`
}

// Help implements kong.HelpProvider.
func (c *Command) Help() string {
	return `Runs an issuer with Ona's name, an STS that checks signatures and trust policies as AWS does, a token file that is kept
fresh, and a container endpoint. When STS refuses a call, the reason is printed on standard error. The variables of the
container endpoint are printed as comments: use them instead of AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE, which SDKs
prefer.

Example: in one terminal

    onafed dev --ttl 5m > dev.env

and in another, with the AWS CLI, any AWS SDK, or onafed:

    set -a; . ./dev.env; aws sts get-caller-identity

The AWS CLI reads AWS_ENDPOINT_URL_STS since versions 2.13 and 1.29; older versions call the real STS. onafed doctor and
onafed idp token --verify use the real issuer, unless you give them --issuer-at "$AWS_ENDPOINT_URL_STS". The keys are fakes
(ASIATESTONAFED...) and work nowhere else.`
}

// Validate is called by kong.
func (c *Command) Validate() error {
	switch {
	case c.TTL < time.Second || c.TTL > 12*time.Hour:
		return fmt.Errorf("--ttl %s: credentials live between 1s and 12h", c.TTL)
	case c.Outage < 0:
		return fmt.Errorf("--outage %s is negative", c.Outage)
	}
	if _, err := role.ParseAWS(c.RoleARN); err != nil {
		return fmt.Errorf("--role-arn: %w", err)
	}
	return endpoint.CheckListen(c.Listen)
}

// Run implements the command.
func (c *Command) Run(ctx context.Context, t *terminal.Terminal) error {
	ctx, stop := exit.UntilSignal(ctx)
	defer stop()
	w, err := c.world(t)
	if err != nil {
		return exit.Unanswered(err)
	}
	dir, remove, err := c.folder()
	if err != nil {
		return err
	}
	defer remove()
	token, err := export.NewTokenFile(filepath.Join(dir, "token", "token"), w, &export.TokenFileOptions{Logger: t.Logger(c.Verbose)})
	if err != nil {
		return err
	}
	if _, err := token.Write(ctx); err != nil {
		return err
	}
	authorization, authorizationFile := export.NewHandlerToken(), filepath.Join(dir, "endpoint-token")
	if err := export.WriteSecret(ctx, authorizationFile, authorization, nil); err != nil {
		return err
	}
	provider, err := awsfed.New(w.sts, c.RoleARN, w)
	if err != nil {
		return exit.Unanswered(err)
	}
	handler, err := export.NewHandler(provider, authorization, &export.HandlerOptions{RoleARN: c.RoleARN, Logger: t.Logger(c.Verbose)})
	if err != nil {
		return err
	}
	listeners, err := listen(ctx, c.Listen, "127.0.0.1:0")
	if err != nil {
		return err
	}
	stsAddr, endpointAddr := listeners[0].Addr(), listeners[1].Addr()
	if err := c.announce(t, c.variables(stsAddr, token.Path()), endpoint.Variables(endpointAddr, authorizationFile)); err != nil {
		closeAll(listeners)
		return err
	}
	t.Say("STS on http://%s, with the issuer's documents below /.well-known/; ctrl-C ends it", stsAddr)
	return runAll(ctx,
		func(ctx context.Context) error { return serve(ctx, w, listeners[0]) },
		func(ctx context.Context) error { return handler.Serve(ctx, listeners[1]) },
		token.Run,
		func(ctx context.Context) error { w.outages(ctx, t, c.Outage); return nil },
	)
}

// folder returns the folder for the files, and a function that removes it if it is temporary.
func (c *Command) folder() (dir string, remove func(), err error) {
	if c.Dir != "" {
		dir, err = filepath.Abs(c.Dir)
		return dir, func() {}, err
	}
	if dir, err = os.MkdirTemp("", "onafed-dev-"); err != nil {
		return "", nil, err
	}
	return dir, func() { os.RemoveAll(dir) }, nil //nolint:errcheck // the files are useless now
}

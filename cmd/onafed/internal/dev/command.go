// Package dev is the command "dev": an issuer, an STS with a few other services of AWS, and a
// container endpoint, on loopback.
package dev

import (
	"context"
	"fmt"
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
	Listen  string        `help:"The loopback address of all services. Default: ${default}, which takes a free port." default:"127.0.0.1:0" placeholder:"HOST:PORT"`
	RoleARN string        `help:"The role that can be assumed. Default: ${default}." default:"arn:aws:iam::123456789012:role/dev" placeholder:"ARN"`
	Policy  string        `help:"The trust policy of the role, to test it. Default: one that allows the organization of the token." placeholder:"FILE"`
	Secrets string        `help:"Read the secrets of Secrets Manager from this JSON file; - is standard input. Use no real secrets. Default: one secret, database_connection_string." placeholder:"FILE"`
	TTL     time.Duration `name:"ttl" help:"The lifetime of credentials that are requested without a duration, and the longest that the role allows." default:"1h"`
	Outage  time.Duration `help:"Let STS answer 500 for this time at the end of every minute; 1m means always."`
	Dir     string        `help:"The folder for the token file and the endpoint's token. Default: a temporary folder." placeholder:"FOLDER"`
	JSON    bool          `help:"Print the variables as JSON."`
	Verbose bool          `short:"v" help:"Log the result of each call on standard error."`
}

// Help implements kong.HelpProvider.
func (c *Command) Help() string {
	return `Runs an issuer with Ona's name, an STS that checks signatures and trust policies as AWS does, a token file that is kept
fresh, and a container endpoint. GetSecretValue of Secrets Manager, ListBuckets of S3 and DescribeInstances of EC2 answer
the sessions of that STS, with the same URL, and IAM returns the role and the identity provider. There is only this role, and
no other service. When a service refuses a call, the reason is printed on standard error.

Example: in one terminal

    onafed dev --ttl 5m > dev.env

and in another

    set -a; . ./dev.env
    onafed idp login aws --role-arn arn:aws:iam::123456789012:role/dev
    aws secretsmanager get-secret-value --secret-id database_connection_string --region us-east-1

AWS SDKs, the AWS CLI and onafed work with the printed variables. SDKs prefer the profile of a login. Without one they
use the container endpoint. With the variables that are printed as comments, an SDK exchanges the ID token itself, and uses
no profile; idp.FromEnvironment needs them too. The AWS CLI reads AWS_ENDPOINT_URL since versions 2.13 and 1.29; older versions call the real AWS.

A file of secrets is an object of names and values:

    {"database_connection_string": "postgres://me:example@127.0.0.1:5432/test", "key": "line 1\nline 2"}

onafed doctor and onafed idp token --verify use the real issuer, unless you give them --issuer-at "$AWS_ENDPOINT_URL". The
keys are fakes (ASIATESTONAFED...) and work nowhere else.`
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
	b, err := c.backend(t)
	if err != nil {
		return exit.Unanswered(err)
	}
	// The listeners come before the files: if the address is in use, no file changes.
	listeners, err := listen(ctx, c.Listen, "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer closeAll(listeners)
	files, err := c.folder()
	if err != nil {
		return err
	}
	defer files.close()
	if err := files.check(c); err != nil {
		return exit.Unanswered(err)
	}
	token, handler, err := c.writeFiles(ctx, t, b, files)
	if err != nil {
		return err
	}
	aws, ofEndpoint := listeners[0].Addr(), endpoint.Variables(listeners[1].Addr(), files.endpointToken())
	if err := c.announce(t, c.variables(aws, token.Path(), ofEndpoint), webIdentityVariables(aws, token.Path())); err != nil {
		return err
	}
	t.Say("%s on http://%s, with the issuer's documents below /.well-known/; ctrl-C ends it", services, aws)
	return runAll(ctx,
		func(ctx context.Context) error { return serve(ctx, b, listeners[0]) },
		func(ctx context.Context) error { return handler.Serve(ctx, listeners[1]) },
		token.Run,
		func(ctx context.Context) error { b.outages(ctx, t, c.Outage); return nil },
	)
}

// writeFiles writes the ID token and the token of the container endpoint. It returns the token file,
// which must be kept fresh, and the endpoint.
func (c *Command) writeFiles(ctx context.Context, t *terminal.Terminal, b *backend, files folder) (*export.TokenFile, *export.Handler, error) {
	log := t.Logger(c.Verbose)
	token, err := export.NewTokenFile(files.token(), b, &export.TokenFileOptions{Logger: log})
	if err != nil {
		return nil, nil, err
	}
	if _, err := token.Write(ctx); err != nil {
		return nil, nil, err
	}
	authorization := export.NewHandlerToken()
	if err := export.WriteSecret(ctx, files.endpointToken(), authorization, nil); err != nil {
		return nil, nil, err
	}
	provider, err := awsfed.New(b.sts, c.RoleARN, b)
	if err != nil {
		return nil, nil, exit.Unanswered(err)
	}
	handler, err := export.NewHandler(provider, authorization, &export.HandlerOptions{RoleARN: c.RoleARN, Logger: log})
	return token, handler, err
}

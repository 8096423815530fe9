package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/export"
)

// serveCommand is aws serve.
type serveCommand struct {
	Listen    string `help:"The loopback address to serve on. Default: ${default}, a free port." default:"127.0.0.1:0" placeholder:"HOST:PORT"`
	TokenOut  string `help:"Write the authorization token to this file (mode 0600), new at each start. It is removed at the end. Default: onafed/endpoint-token-PORT in the user's runtime or cache folder." placeholder:"FILE"`
	EnvOut    string `help:"Also write the lines that clients need to this file (mode 0600), for a unit's EnvironmentFile." placeholder:"FILE"`
	ShowToken bool   `help:"Print AWS_CONTAINER_AUTHORIZATION_TOKEN as well, for clients that cannot read it from a file."`
	JSON      bool   `help:"Print the variables as JSON."`
	awsFlags  `embed:""`
}

// Help implements kong.HelpProvider.
func (c *serveCommand) Help() string {
	return `Serves credentials to every program that is given the printed variables; each asks again before its credentials expire, and they are
refreshed behind it. Example:

    onafed aws serve --role-arn arn:aws:iam::123456789012:role/deploy > endpoint.env &
    set -a; . ./endpoint.env
    aws sts get-caller-identity`
}

// Validate is called by kong.
func (c *serveCommand) Validate() error {
	if c.EnvOut != "" && c.EnvOut == c.TokenOut {
		return fmt.Errorf("--token-out and --env-out are both %+q: name two files", c.EnvOut)
	}
	return c.awsFlags.Validate()
}

// Run implements the command.
func (c *serveCommand) Run(ctx context.Context, t *terminal) error {
	ctx, stop := untilSignal(ctx)
	defer stop()
	if err := checkLoopback(c.Listen); err != nil {
		return unanswered(err)
	}
	p, err := c.provider(ctx, t)
	if err != nil {
		return err
	}
	// A role that cannot be assumed is said now, not to the first client; one that cannot be assumed for the moment is waited for.
	if _, err := p.Credentials(ctx); err != nil {
		if refusal, ok := errors.AsType[*awsfed.AssumeRoleError](err); !ok || !refusal.Retryable() || ctx.Err() != nil {
			return err
		}
		t.say("onafed: warning: clients get an error until this passes: %v", err)
	}
	token := export.NewHandlerToken()
	handler, err := export.NewHandler(p, token, &export.HandlerOptions{RoleARN: c.RoleARN, Logger: logger(t, c.Verbose)})
	if err != nil {
		return err
	}
	// The address first: as long as another of us serves there, its token file must stay.
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	// Two that serve at once have two ports, and so by default two files.
	file, err := writeSecret(c.TokenOut, "endpoint-token-"+port, token)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer removeSecret(file, token) // what waits for the file waits for the next of us
	if err := c.announce(t, listener.Addr(), file, token); err != nil {
		return errors.Join(err, listener.Close())
	}

	kept := make(chan struct{})
	go func() {
		defer close(kept)
		p.Run(ctx) //nolint:errcheck // it ends with the context's error only
	}()
	err = handler.Serve(ctx, listener)
	stop()
	<-kept
	return err
}

// announce tells clients where the endpoint is, and only them its token.
func (c *serveCommand) announce(t *terminal, addr net.Addr, file, token string) (err error) {
	vars := endpointVariables(addr, file)
	if c.ShowToken {
		vars = append(vars, variable{"AWS_CONTAINER_AUTHORIZATION_TOKEN", token})
	}
	if c.EnvOut != "" {
		if _, err := writeSecret(c.EnvOut, "", lines(vars)); err != nil {
			return err
		}
	}
	if c.JSON {
		err = writeJSON(t, object(vars))
	} else {
		_, err = io.WriteString(t.out, lines(vars))
	}
	if err == nil {
		t.say("serving %s on %s until interrupted", c.RoleARN, addr)
	}
	return err
}

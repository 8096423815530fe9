package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/export"
)

// devCommand is dev.
type devCommand struct {
	Listen  string        `help:"The loopback address of the STS. Default: ${default}, a free port." default:"127.0.0.1:0" placeholder:"HOST:PORT"`
	RoleARN string        `help:"The role that exists. Default: ${default}." default:"arn:aws:iam::123456789012:role/dev" placeholder:"ARN"`
	Policy  string        `help:"The role's trust policy, to try it. Default: the organization of the token is let in." placeholder:"FILE"`
	TTL     time.Duration `name:"ttl" help:"How long credentials live that are asked for without a duration, and at most: the role allows no longer session." default:"1h"`
	Outage  time.Duration `help:"Let STS answer 500 for this long at the end of every minute; 1m is always."`
	Dir     string        `help:"Where the token file and the endpoint's token are kept. Default: a temporary folder." placeholder:"FOLDER"`
	JSON    bool          `help:"Print the variables as JSON, those of the container endpoint too."`
	Verbose bool          `short:"v" help:"Say on standard error what each call got."`
}

// Help implements kong.HelpProvider.
func (c *devCommand) Help() string {
	return `Example: in one terminal

    onafed dev --ttl 5m > dev.env

and in another, with the AWS CLI, any AWS SDK, or onafed itself:

    set -a; . ./dev.env; aws sts get-caller-identity

The keys that it gives out are fakes (ASIATESTONAFED...) and work nowhere else.`
}

// Validate is called by kong.
func (c *devCommand) Validate() error {
	switch {
	case c.TTL < time.Second || c.TTL > 12*time.Hour:
		return fmt.Errorf("--ttl %s: credentials live between 1s and 12h", c.TTL)
	case c.Outage < 0:
		return fmt.Errorf("--outage %s is negative", c.Outage)
	}
	if _, err := parseRoleARN(c.RoleARN); err != nil {
		return fmt.Errorf("--role-arn: %w", err)
	}
	return checkLoopback(c.Listen)
}

// Run implements the command.
func (c *devCommand) Run(ctx context.Context, t *terminal) error {
	ctx, stop := untilSignal(ctx)
	defer stop()
	w, err := c.world(t)
	if err != nil {
		return unanswered(err)
	}
	dir, remove, err := c.folder()
	if err != nil {
		return err
	}
	defer remove()
	token, err := export.NewTokenFile(filepath.Join(dir, "token", "token"), w, &export.TokenFileOptions{Logger: logger(t, c.Verbose)})
	if err != nil {
		return err
	}
	if _, err := token.Write(ctx); err != nil {
		return err
	}
	authorization := export.NewHandlerToken()
	authorizationFile, err := writeSecret(filepath.Join(dir, "endpoint-token"), "", authorization)
	if err != nil {
		return err
	}
	provider, err := awsfed.New(w.sts, c.RoleARN, w)
	if err != nil {
		return unanswered(err)
	}
	endpoint, err := export.NewHandler(provider, authorization, &export.HandlerOptions{RoleARN: c.RoleARN, Logger: logger(t, c.Verbose)})
	if err != nil {
		return err
	}

	listeners, err := listen(ctx, c.Listen, "127.0.0.1:0")
	if err != nil {
		return err
	}
	at := listeners[0].Addr()
	err = c.announce(t, []variable{
		{"AWS_ENDPOINT_URL_STS", "http://" + at.String()},
		{"AWS_REGION", "us-east-1"},
		{"AWS_DEFAULT_REGION", "us-east-1"}, // for version 1 of the AWS CLI, and older ones of version 2
		{"AWS_ROLE_ARN", c.RoleARN},
		{"AWS_WEB_IDENTITY_TOKEN_FILE", token.Path()},
	}, endpointVariables(listeners[1].Addr(), authorizationFile))
	if err != nil {
		listeners[0].Close()
		listeners[1].Close()
		return err
	}
	t.say("STS on http://%s, with the issuer's documents below /.well-known/; ctrl-C ends it", at)
	return together(ctx,
		func(ctx context.Context) error { return serveHTTP(ctx, w, listeners[0]) },
		func(ctx context.Context) error { return endpoint.Serve(ctx, listeners[1]) },
		token.Run,
		func(ctx context.Context) error { w.outages(ctx, t, c.Outage); return nil },
	)
}

// announce prints the variables. In lines, those of the container endpoint are comments: they are instead of AWS_ROLE_ARN and
// AWS_WEB_IDENTITY_TOKEN_FILE, which SDKs prefer.
func (c *devCommand) announce(t *terminal, vars, endpoint []variable) error {
	if c.JSON {
		return writeJSON(t, object(append(vars, endpoint...)))
	}
	text := lines(vars)
	for line := range strings.Lines(lines(endpoint)) {
		text += "# " + line
	}
	_, err := fmt.Fprint(t.out, text)
	return err
}

// folder is where the files stand, and what takes them away again.
func (c *devCommand) folder() (dir string, remove func(), err error) {
	if c.Dir != "" {
		dir, err = filepath.Abs(c.Dir)
		return dir, func() {}, err
	}
	if dir, err = os.MkdirTemp("", "onafed-dev-"); err != nil {
		return "", nil, err
	}
	return dir, func() { os.RemoveAll(dir) }, nil //nolint:errcheck // nothing that anybody needs is left
}

// listen opens a listener on each address, or none.
func listen(ctx context.Context, addrs ...string) ([]net.Listener, error) {
	var all []net.Listener
	for _, addr := range addrs {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
		if err != nil {
			for _, opened := range all {
				opened.Close()
			}
			return nil, err
		}
		all = append(all, l)
	}
	return all, nil
}

// serveHTTP serves until ctx ends.
func serveHTTP(ctx context.Context, h http.Handler, l net.Listener) error {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	defer context.AfterFunc(ctx, func() { server.Close() })()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// together runs the parts until ctx ends or one of them fails, then ends them all and returns the first failure.
func together(ctx context.Context, parts ...func(context.Context) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var group sync.WaitGroup
	failed := make(chan error, len(parts))
	for _, part := range parts {
		group.Go(func() {
			if err := part(ctx); err != nil {
				failed <- err
				stop(err)
			}
		})
	}
	group.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

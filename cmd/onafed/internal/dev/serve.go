package dev

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/onafed/onafed/cmd/onafed/internal/endpoint"
	"github.com/onafed/onafed/cmd/onafed/internal/source"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
)

const readHeaderTimeout = 10 * time.Second

// variables returns what clients of AWS need, what onafed needs, and those of the container
// endpoint. SDKs prefer the profile of a login to the container endpoint.
func (c *Command) variables(aws net.Addr, tokenFile string, ofEndpoint []endpoint.Variable) []endpoint.Variable {
	return append([]endpoint.Variable{
		{Name: "AWS_ENDPOINT_URL", Value: "http://" + aws.String()},
		{Name: "AWS_REGION", Value: "us-east-1"},
		{Name: "AWS_DEFAULT_REGION", Value: "us-east-1"}, // for AWS CLI 1 and older versions of AWS CLI 2
		{Name: "AWS_ROLE_ARN", Value: c.RoleARN},
		{Name: source.TokenFileVariable, Value: tokenFile},
	}, ofEndpoint...)
}

// webIdentityVariables returns what an SDK needs to exchange the ID token itself. aws-sdk-go-v2 does
// not use AWS_ENDPOINT_URL for that request: its package config resolves credentials before it.
func webIdentityVariables(aws net.Addr, tokenFile string) []endpoint.Variable {
	return []endpoint.Variable{
		{Name: "AWS_ENDPOINT_URL_STS", Value: "http://" + aws.String()},
		{Name: "AWS_WEB_IDENTITY_TOKEN_FILE", Value: tokenFile},
	}
}

// announce prints the variables. In lines, those for web identity are comments: SDKs prefer them to
// the profile of a login.
func (c *Command) announce(t *terminal.Terminal, vars, webIdentity []endpoint.Variable) error {
	if c.JSON {
		return t.WriteJSON(endpoint.Map(vars))
	}
	text := endpoint.Lines(vars)
	for line := range strings.Lines(endpoint.Lines(webIdentity)) {
		text += "# " + line
	}
	_, err := io.WriteString(t.Out, text)
	return err
}

// listen opens a listener on each address. After an error none is open.
func listen(ctx context.Context, addrs ...string) ([]net.Listener, error) {
	var all []net.Listener
	for _, addr := range addrs {
		l, err := endpoint.Listen(ctx, addr)
		if err != nil {
			closeAll(all)
			return nil, err
		}
		all = append(all, l)
	}
	return all, nil
}

func closeAll(listeners []net.Listener) {
	for _, l := range listeners {
		l.Close()
	}
}

// serve serves HTTP until ctx ends.
func serve(ctx context.Context, h http.Handler, l net.Listener) error {
	server := &http.Server{Handler: h, ReadHeaderTimeout: readHeaderTimeout}
	defer context.AfterFunc(ctx, func() { server.Close() })()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// runAll runs the parts until ctx ends or one of them fails. Then it ends the others, waits for
// them, and returns the first failure.
func runAll(ctx context.Context, parts ...func(context.Context) error) error {
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

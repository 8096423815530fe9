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
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
)

const readHeaderTimeout = 10 * time.Second

// variables returns what clients of the STS need.
func (c *Command) variables(sts net.Addr, tokenFile string) []endpoint.Variable {
	return []endpoint.Variable{
		{Name: "AWS_ENDPOINT_URL_STS", Value: "http://" + sts.String()},
		{Name: "AWS_REGION", Value: "us-east-1"},
		{Name: "AWS_DEFAULT_REGION", Value: "us-east-1"}, // for AWS CLI 1 and older versions of AWS CLI 2
		{Name: "AWS_ROLE_ARN", Value: c.RoleARN},
		{Name: "AWS_WEB_IDENTITY_TOKEN_FILE", Value: tokenFile},
	}
}

// announce prints the variables. In lines, those of the container endpoint are comments.
func (c *Command) announce(t *terminal.Terminal, vars, ofEndpoint []endpoint.Variable) error {
	if c.JSON {
		return t.WriteJSON(endpoint.Map(append(vars, ofEndpoint...)))
	}
	text := endpoint.Lines(vars)
	for line := range strings.Lines(endpoint.Lines(ofEndpoint)) {
		text += "# " + line
	}
	_, err := io.WriteString(t.Out, text)
	return err
}

// listen opens a listener on each address. After an error none is open.
func listen(ctx context.Context, addrs ...string) ([]net.Listener, error) {
	var all []net.Listener
	for _, addr := range addrs {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
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

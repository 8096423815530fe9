package child

import (
	"context"
	"net"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/export"
	"github.com/onafed/onafed/cmd/onafed/internal/endpoint"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
)

// A server is the container endpoint of one child.
type server struct {
	listener net.Listener
	handler  *export.Handler
	provider *awsfed.Provider
	access   access
}

// access is what a child needs to use a server. It contains the authorization token.
type access struct {
	URI, Token string
	Settings   []string // variables with the settings of the profile, NAME=value
}

// environ returns the environment of the child: that of this process, without another identity.
func (a *access) environ(base []string) []string {
	return append(export.ContainerEnviron(base, a.URI, a.Token), a.Settings...)
}

// open assumes the role and opens the endpoint on a free port of loopback.
func (c *Command) open(ctx context.Context, t *terminal.Terminal) (*server, error) {
	log := c.OneShotLogger(t) // the messages of the child have the standard error for themselves
	src, err := c.Source(c.TokenAudience(), log)
	if err != nil {
		return nil, err
	}
	cfg, p, err := c.Load(ctx, src, log)
	if err != nil {
		return nil, err
	}
	if _, err := p.Credentials(ctx); err != nil {
		return nil, err
	}
	token := export.NewHandlerToken()
	handler, err := export.NewHandler(p, token, &export.HandlerOptions{RoleARN: c.LastRole(), Logger: log})
	if err != nil {
		return nil, err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return &server{listener, handler, p, access{endpoint.URI(listener.Addr()), token, settings(cfg)}}, nil
}

// serve answers the requests of the child until ctx ends.
func (s *server) serve(ctx context.Context) error {
	return endpoint.Serve(ctx, s.handler, s.listener, s.provider)
}

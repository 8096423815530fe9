package endpoint

import (
	"context"
	"fmt"
	"net"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/export"
)

// URI returns the address of an endpoint for AWS_CONTAINER_CREDENTIALS_FULL_URI.
func URI(addr net.Addr) string { return fmt.Sprintf("http://%s/credentials", addr) }

// Serve answers requests on a listener until ctx ends, and refreshes the credentials meanwhile.
func Serve(ctx context.Context, handler *export.Handler, listener net.Listener, p *awsfed.Provider) error {
	ctx, stop := context.WithCancel(ctx)
	refreshed := make(chan struct{})
	go func() {
		defer close(refreshed)
		p.Run(ctx) //nolint:errcheck // the only error is the one of ctx
	}()
	err := handler.Serve(ctx, listener)
	stop()
	<-refreshed
	return err
}

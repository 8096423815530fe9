package idtoken

import (
	"context"

	"google.golang.org/grpc/credentials"

	"github.com/onafed/onafed/idp"
)

// PerRPC returns credentials for grpc.WithPerRPCCredentials: each call has the current token of src.
func PerRPC(src idp.TokenSource) credentials.PerRPCCredentials { return perRPC{src} }

type perRPC struct{ src idp.TokenSource }

// GetRequestMetadata returns the header of a call.
func (c perRPC) GetRequestMetadata(ctx context.Context, _ ...string) (map[string]string, error) {
	t, err := c.src.Token(ctx)
	if err != nil {
		return nil, err
	}
	return map[string]string{"authorization": "Bearer " + t.Raw()}, nil
}

// RequireTransportSecurity returns true, because a token is a secret.
func (perRPC) RequireTransportSecurity() bool { return true }

package awsfed

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// CredentialsFor is [Provider.Credentials] for a caller that needs the credentials for some time,
// for example to sign a token that is valid as long as they are. If they expire in less than life,
// and less than half of their lifetime is left, CredentialsFor waits for a refresh. If that refresh
// fails with a retryable error, and during the backoff after it, CredentialsFor returns the old
// credentials, which are then valid for less than life.
func (p *Provider) CredentialsFor(ctx context.Context, life time.Duration) (aws.Credentials, error) {
	s, err := p.engine.ValueFor(ctx, life)
	if err != nil {
		return aws.Credentials{}, p.callerError(ctx, err)
	}
	return p.withExpiration(s), nil
}

// withExpiration returns credentials with the expiration that STS set.
func (p *Provider) withExpiration(s *session) aws.Credentials {
	p.touch(s)
	c := s.served
	c.Expires = s.expiry()
	return c
}

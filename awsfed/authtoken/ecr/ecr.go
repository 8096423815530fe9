// Package ecr gets the passwords of private container registries in Amazon ECR.
//
//	tokens, err := ecr.New(cfg, "123456789012.dkr.ecr.eu-central-1.amazonaws.com")
//	if err != nil {
//		return err
//	}
//	t, err := tokens.Token(ctx)
//	if err != nil {
//		return err
//	}
//	username, password := ecr.Username, t.Raw()
//
// Unlike the packages of the SDK's clients, it adds nothing to the time in which a program starts.
package ecr

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/onafed/onafed/awsfed/authtoken"
)

// Username is the user name of every registry in ECR.
const Username = "AWS"

// New returns a source of passwords for a registry, such as
// "123456789012.dkr.ecr.eu-central-1.amazonaws.com". The host may follow "https://". Its name
// determines the region, and whether the endpoint of ECR is a FIPS endpoint; the region of cfg is not
// used. The source gets passwords from GetAuthorizationToken, which needs the permission
// ecr:GetAuthorizationToken. Of cfg it uses the credentials, the HTTP client and configured endpoints,
// such as AWS_ENDPOINT_URL_ECR, and not the middleware and the retryer.
//
// A password is valid for 12 hours. It is not documented that it still works when the credentials
// have expired, so [authtoken.Token.Expiry] is the earlier of both.
//
// Source: "Private registry authentication in Amazon ECR" (Amazon ECR User Guide). The error is an
// [*authtoken.OptionError].
func New(cfg aws.Config, registry string) (*authtoken.Source, error) {
	r, err := parseRegistry(registry)
	if err != nil {
		return nil, &authtoken.OptionError{Func: "ecr.New", Option: "registry", Err: err}
	}
	if cfg.Credentials == nil || aws.IsCredentialsProvider(cfg.Credentials, aws.AnonymousCredentials{}) {
		return nil, &authtoken.OptionError{Func: "ecr.New", Option: "cfg", Err: errors.New("has no credentials")}
	}
	cfg = cfg.Copy()
	return authtoken.New(cfg.Credentials, func(ctx context.Context, c aws.Credentials) (string, time.Time, error) {
		password, expiry, err := authorization(ctx, cfg, r, c)
		if err != nil {
			return "", time.Time{}, fmt.Errorf("cannot get the password of the ECR registry: %w", err)
		}
		return password, expiry, nil
	})
}

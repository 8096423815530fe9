package authtoken

import (
	"context"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/onafed/onafed/internal/quote"
)

// The format of a token for EKS, as in package token of sigs.k8s.io/aws-iam-authenticator.
const (
	eksPrefix  = "k8s-aws-v1."
	maxEKSSize = 4096 // bytes; verifiers refuse longer tokens

	// eksLife is how long EKS accepts a token, less a minute for differing clocks, as in
	// aws-iam-authenticator and "aws eks get-token".
	eksLife = 14 * time.Minute
)

// EKS returns a source of bearer tokens for the Kubernetes API of an EKS cluster. The region of cfg
// is that of the STS that the cluster calls to verify a token: any region of the partition. Tokens
// are valid for 14 minutes.
//
// A token contains the session token of the credentials. EKS refuses tokens over 4,096 bytes, so
// [Source.Token] returns an error for credentials with a session token of more than about 2,600
// bytes.
//
// Source: "Learn how EKS access entries and tokens work" and "aws eks get-token" (AWS CLI Command
// Reference), and API-server authentication in the README of aws-iam-authenticator. The error is an
// [*OptionError].
func EKS(cfg aws.Config, cluster string) (*Source, error) {
	if !isName(cluster, "-_", 100) { // "CreateCluster", Amazon EKS API Reference
		return nil, optionError("EKS", "cluster", "%s: want 1 to 100 letters, digits, - and _", quote.Text(cluster, 110))
	}
	presigner := newPresigner(cfg)
	return newSource("EKS", cfg, eksLife, func(ctx context.Context, c aws.Credentials) (string, error) {
		return signEKS(ctx, presigner, cluster, c)
	})
}

// newPresigner returns the client that signs requests to STS. It does not use the middleware of
// cfg, which could expect that requests are sent, or another endpoint, such as AWS_ENDPOINT_URL_STS:
// verifiers accept only the public endpoints.
func newPresigner(cfg aws.Config) *sts.PresignClient {
	cfg.APIOptions = nil
	return sts.NewPresignClient(sts.NewFromConfig(cfg, func(o *sts.Options) { o.BaseEndpoint = nil }))
}

func signEKS(ctx context.Context, presigner *sts.PresignClient, cluster string, c aws.Credentials) (string, error) {
	request, err := presigner.PresignGetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}, func(o *sts.PresignOptions) {
		o.ClientOptions = append(o.ClientOptions, func(o *sts.Options) {
			o.Credentials = static(c)
			o.APIOptions = append(o.APIOptions,
				smithyhttp.SetHeaderValue("x-k8s-aws-id", cluster),
				smithyhttp.SetHeaderValue("X-Amz-Expires", "60"))
		})
	})
	if err != nil {
		return "", fmt.Errorf("cannot sign the EKS token: %w", err)
	}
	raw := eksPrefix + base64.RawURLEncoding.EncodeToString([]byte(request.URL))
	if len(raw) > maxEKSSize {
		return "", fmt.Errorf("the EKS token would have %d bytes, and EKS accepts %d: the session token has %d bytes;"+
			" use fewer or shorter session tags, or a smaller session policy", len(raw), maxEKSSize, len(c.SessionToken))
	}
	return raw, nil
}

// static returns a provider of the credentials.
func static(c aws.Credentials) aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return c, nil })
}

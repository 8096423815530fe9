package awsfed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/internal/loopback"
	"github.com/onafed/onafed/internal/quote"
)

// LoadOptions are the options of [LoadConfig].
type LoadOptions struct {
	// Config are options for loading the configuration of the SDK, such as config.WithRegion.
	// Options that choose credentials have no effect.
	Config []func(*config.LoadOptions) error
	// Provider are options for the provider, as for [New].
	Provider []func(*Options)
}

// LoadConfig returns a configuration for AWS service clients with the credentials of the role, from
// a [Provider]. Region, endpoints, FIPS, proxies and retries come from the environment and the
// shared configuration files, as with config.LoadDefaultConfig. The SDK does not search for
// credentials, so no other identity replaces the role when it cannot be assumed. Clients report
// rejected keys to the provider, see [Provider.APIOption].
//
// If no region is set, the provider calls the STS of [DefaultRegion], and the Region of the result
// is empty for the caller to set.
//
// LoadConfig fetches no token and sends nothing. It returns an error if a request to STS would send
// the token over http to another host.
func LoadConfig(ctx context.Context, roleARN string, src idp.TokenSource, optFns ...func(*LoadOptions)) (aws.Config, error) {
	if err := checkRoleARN(roleARN); err != nil {
		return aws.Config{}, inFunc("LoadConfig", err)
	}
	var o LoadOptions
	for _, fn := range optFns {
		fn(&o)
	}
	// With a provider the SDK does not build its default chain. The provider is replaced below.
	opts := append(o.Config[:len(o.Config):len(o.Config)], config.WithCredentialsProvider(aws.AnonymousCredentials{}))
	cfg, err := config.LoadDefaultConfig(ctx, opts...)
	if err != nil {
		return aws.Config{}, fmt.Errorf("awsfed: loading the AWS configuration: %w", err)
	}
	cfg.Credentials = nil

	stsConfig := cfg.Copy()
	if stsConfig.Region == "" {
		if stsConfig.Region = DefaultRegion(roleARN); stsConfig.Region == "" {
			return aws.Config{}, fmt.Errorf("awsfed: no region is set (AWS_REGION, config.WithRegion), and partition %s has no default", quote.Text(partitionOf(roleARN), 40))
		}
	}
	client := sts.NewFromConfig(stsConfig)
	if err := checkEndpoint(ctx, client); err != nil {
		return aws.Config{}, err
	}
	p, err := New(client, roleARN, src, o.Provider...)
	if err != nil {
		return aws.Config{}, inFunc("LoadConfig", err)
	}
	cfg.Credentials = p
	cfg.APIOptions = append(cfg.APIOptions[:len(cfg.APIOptions):len(cfg.APIOptions)], p.APIOption())
	return cfg, nil
}

// checkEndpoint returns an error if the client would send a token without encryption to another
// host. It uses the client itself, because an endpoint has many sources: options, variables, files,
// resolvers.
func checkEndpoint(ctx context.Context, client *sts.Client) error {
	var recorder urlRecorder
	_, err := client.AssumeRoleWithWebIdentity(ctx, &sts.AssumeRoleWithWebIdentityInput{
		RoleArn:          aws.String("arn:aws:iam::000000000000:role/none"),
		RoleSessionName:  aws.String("none"),
		WebIdentityToken: aws.String("none"),
	}, func(o *sts.Options) {
		o.HTTPClient = &recorder
		o.Retryer = aws.NopRetryer{}
	})
	u := recorder.url
	if u == nil {
		return fmt.Errorf("awsfed: STS has no endpoint: %w", err)
	}
	if u.Scheme == "https" || u.Scheme == "http" && loopback.IsHost(u.Hostname()) {
		return nil
	}
	return fmt.Errorf("awsfed: the STS endpoint %s would send the ID token without encryption: use https, or http to this host",
		quote.Text(u.Scheme+"://"+u.Host, maxShown))
}

// A urlRecorder is an HTTP client that sends nothing and keeps the URL.
type urlRecorder struct{ url *url.URL }

var errNotSent = errors.New("not sent")

// Do keeps the URL.
func (r *urlRecorder) Do(rq *http.Request) (*http.Response, error) {
	r.url = rq.URL
	if rq.Body != nil {
		_, _ = io.Copy(io.Discard, rq.Body)
		_ = rq.Body.Close()
	}
	return nil, errNotSent
}

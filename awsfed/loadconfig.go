package awsfed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/internal/quote"
)

// LoadOptions are the options of [LoadConfig].
type LoadOptions struct {
	// Config are options for loading the SDK's configuration, as
	// config.WithRegion. Those that choose credentials have no effect.
	Config []func(*config.LoadOptions) error
	// Provider are options for the provider, as for [New].
	Provider []func(*Options)
}

// LoadConfig returns a configuration for AWS service clients whose credentials
// are the role's, by a [Provider]. Region, endpoints, FIPS, proxies and retries
// come from the environment and the shared configuration files, as with the
// SDK's config.LoadDefaultConfig; the SDK's own search for credentials does not
// run, so nothing stands in for the role when it cannot be assumed. Clients
// made of the configuration report expired credentials to the provider.
//
// If no region is set, STS is asked in the default region of the role's
// partition, and the Region of the result stays empty for the caller to set.
//
// No token is fetched and nothing is sent. It is an error when requests to STS
// would carry the token over http to another host than this one.
func LoadConfig(ctx context.Context, roleARN string, src idp.TokenSource, optFns ...func(*LoadOptions)) (aws.Config, error) {
	if err := checkRoleARN(roleARN); err != nil {
		return aws.Config{}, err
	}
	var o LoadOptions
	for _, fn := range optFns {
		fn(&o)
	}
	// A provider that is given keeps the default chain from being built; it is
	// replaced below.
	opts := append(o.Config[:len(o.Config):len(o.Config)], config.WithCredentialsProvider(aws.AnonymousCredentials{}))
	cfg, err := config.LoadDefaultConfig(ctx, opts...)
	if err != nil {
		return aws.Config{}, fmt.Errorf("awsfed: loading the AWS configuration: %w", err)
	}
	cfg.Credentials = nil

	ask := cfg.Copy()
	if ask.Region == "" {
		partition := partitionOf(roleARN)
		if ask.Region = regionOf(partition); ask.Region == "" {
			return aws.Config{}, fmt.Errorf("awsfed: no region is set (AWS_REGION, config.WithRegion), and partition %s has no default", quote.Text(partition, 40))
		}
	}
	client := sts.NewFromConfig(ask)
	if err := checkEndpoint(ctx, client); err != nil {
		return aws.Config{}, err
	}
	p, err := New(client, roleARN, src, o.Provider...)
	if err != nil {
		return aws.Config{}, err
	}
	cfg.Credentials = p
	cfg.APIOptions = append(cfg.APIOptions[:len(cfg.APIOptions):len(cfg.APIOptions)], p.APIOption())
	return cfg, nil
}

// checkEndpoint returns an error if the client would send a token in the clear
// to another host. The client itself is asked, since an endpoint has many
// sources: options, variables, files, resolvers.
func checkEndpoint(ctx context.Context, client *sts.Client) error {
	var probe endpointProbe
	_, err := client.AssumeRoleWithWebIdentity(ctx, &sts.AssumeRoleWithWebIdentityInput{
		RoleArn:          aws.String("arn:aws:iam::000000000000:role/probe"),
		RoleSessionName:  aws.String("probe"),
		WebIdentityToken: aws.String("probe"),
	}, func(o *sts.Options) {
		o.HTTPClient = &probe
		o.Retryer = aws.NopRetryer{}
	})
	if probe.url == nil {
		return fmt.Errorf("awsfed: STS has no endpoint: %w", err)
	}
	if probe.url.Scheme == "https" || probe.url.Scheme == "http" && loopback(probe.url.Hostname()) {
		return nil
	}
	return fmt.Errorf("awsfed: the STS endpoint %s is neither https nor on this host: the ID token would be readable on its way",
		quote.Text(probe.url.Scheme+"://"+probe.url.Host, maxShown))
}

// endpointProbe is an HTTP client that sends nothing and remembers where to.
type endpointProbe struct{ url *url.URL }

var errProbe = errors.New("not sent")

// Do remembers the URL.
func (p *endpointProbe) Do(rq *http.Request) (*http.Response, error) {
	p.url = rq.URL
	if rq.Body != nil {
		_, _ = io.Copy(io.Discard, rq.Body)
		_ = rq.Body.Close()
	}
	return nil, errProbe
}

// loopback reports whether the host is this one: a literal of the loopback
// range, or "localhost", which resolvers must not send out (RFC 6761 section
// 6.3).
func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

package awsfed

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/auth/bearer"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/internal/quote"
)

// LoadOptions are the options of [LoadConfig] and [Pool.Config].
type LoadOptions struct {
	// Options are the options of the provider, as for [New].
	Options

	// Config are the options of the SDK for loading its configuration, such as Config.Region and
	// Config.HTTPClient. The functions of its package config set the same fields:
	// config.WithRegion sets Config.Region. Options that choose credentials have no effect.
	Config config.LoadOptions
}

// LoadConfig returns a configuration for AWS service clients. Its credentials are those of the
// role. They come from a [Provider], which [FromConfig] returns. An empty roleARN means the value
// of AWS_ROLE_ARN. Clients report rejected keys to the provider, see [Provider.APIOption].
//
// Region, endpoints, FIPS, proxies, certificates and retries come from the environment and the
// shared configuration files, as with config.LoadDefaultConfig. Settings there for credentials and
// bearer tokens are ignored, even if they are invalid, so that no other identity is used if the
// role cannot be assumed. If the SDK refuses a profile because of such settings, LoadConfig makes
// copies of the files without them, in a temporary folder of this user, and removes the copies
// after loading.
//
// If no region is set, the provider calls the STS of [DefaultRegion], and the Region of the result
// is empty: the caller sets it.
//
// LoadConfig fetches no token and sends nothing. Errors about the role, the provider's options, and
// an endpoint of STS that uses http on another host are an [*OptionError].
func LoadConfig(ctx context.Context, roleARN string, src idp.TokenSource, optFns ...func(*LoadOptions)) (aws.Config, error) {
	roleARN, err := roleOrVariable(roleARN)
	if err != nil {
		return aws.Config{}, inFunc("LoadConfig", err)
	}
	var o LoadOptions
	for _, fn := range optFns {
		fn(&o)
	}
	s, err := newSettings(o.Options, nil)
	if err != nil {
		return aws.Config{}, inFunc("LoadConfig", err)
	}
	cfg, err := loadSDKConfig(ctx, o.Config)
	if err != nil {
		return aws.Config{}, err
	}

	stsConfig := cfg.Copy()
	if stsConfig.Region == "" {
		if stsConfig.Region = DefaultRegion(roleARN); stsConfig.Region == "" {
			return aws.Config{}, fmt.Errorf("awsfed: no region is set (AWS_REGION, Config.Region), and partition %s has no default", quote.Text(partitionOf(roleARN), 40))
		}
	}
	client := sts.NewFromConfig(stsConfig)
	u, err := endpointOf(ctx, client)
	switch ctxErr := ctx.Err(); {
	case err != nil && ctxErr != nil:
		return aws.Config{}, fmt.Errorf("awsfed: the context ended before the configuration was loaded: %w", ctxErr)
	case err != nil:
		return aws.Config{}, fmt.Errorf("awsfed: STS has no endpoint: %w", err)
	}
	if err := checkURL(u); err != nil && !s.InsecureHTTP {
		return aws.Config{}, inFunc("LoadConfig", optionError("Config", "%w: %s", err, endpointAdvice))
	}
	p, err := newProvider(client, roleARN, src, s)
	if err != nil {
		return aws.Config{}, inFunc("LoadConfig", err)
	}
	p.configure(&cfg)
	return cfg, nil
}

// roleOrVariable returns roleARN or, if it is empty, the value of AWS_ROLE_ARN, after checkRoleARN.
func roleOrVariable(roleARN string) (string, error) {
	if roleARN != "" {
		return roleARN, checkRoleARN(roleARN)
	}
	value := os.Getenv("AWS_ROLE_ARN")
	if value == "" {
		return "", optionError("roleARN", "is empty, and so is the variable AWS_ROLE_ARN")
	}
	if e, ok := errors.AsType[*OptionError](checkRoleARN(value)); ok {
		return "", optionError("roleARN", "the variable AWS_ROLE_ARN: %w", e.Err)
	}
	return value, nil
}

// Config returns a configuration for AWS service clients with the credentials of a role, from a
// provider of the pool. Unlike [LoadConfig], Config does not read AWS_ROLE_ARN: roleARN must not be
// empty. Otherwise the configuration is the same as that of [LoadConfig]. [LoadOptions].Options
// begins with the options of the pool, which the functions can change, as in [Pool.Provider].
// Config reads the environment and the shared files at each call, so keep the result.
//
// Requests to STS are sent by the client of the pool, so Region and endpoints of the result do not
// affect them. Config fetches no token and sends nothing.
func (p *Pool) Config(ctx context.Context, roleARN string, optFns ...func(*LoadOptions)) (aws.Config, error) {
	o := LoadOptions{Options: p.options(nil)}
	for _, fn := range optFns {
		fn(&o)
	}
	pr, err := p.provider(roleARN, o.Options, len(optFns) > 0)
	if err != nil {
		return aws.Config{}, inFunc("Pool.Config", err)
	}
	cfg, err := loadSDKConfig(ctx, o.Config)
	if err != nil {
		return aws.Config{}, err
	}
	pr.configure(&cfg)
	return cfg, nil
}

// FromConfig returns the provider in the credentials of a configuration, and reports whether there
// is one. It also finds a provider in an [aws.CredentialsCache], such as
// config.WithCredentialsProvider adds, but not one that another provider uses to assume a role.
func FromConfig(cfg aws.Config) (*Provider, bool) {
	if cfg.Credentials == nil {
		return nil, false
	}
	var f finder
	aws.IsCredentialsProvider(cfg.Credentials, &f)
	return f.found, f.found != nil
}

// A finder is a credentials provider that only serves to find a [Provider] in a cache:
// [Provider.IsCredentialsProvider] writes to it.
type finder struct {
	aws.AnonymousCredentials
	found *Provider
}

// IsCredentialsProvider reports whether target is a [*Provider] too. It is part of the interface
// that [aws.IsCredentialsProvider] uses, also through an [aws.CredentialsCache].
func (p *Provider) IsCredentialsProvider(target aws.CredentialsProvider) bool {
	if f, ok := target.(*finder); ok {
		f.found = p
		return true
	}
	_, ok := target.(*Provider)
	return ok
}

// configure makes clients with the configuration use the provider.
func (p *Provider) configure(cfg *aws.Config) {
	cfg.Credentials = p
	cfg.APIOptions = append(cfg.APIOptions[:len(cfg.APIOptions):len(cfg.APIOptions)], p.APIOption())
}

// loadSDKConfig returns the configuration of the SDK without credentials.
func loadSDKConfig(ctx context.Context, o config.LoadOptions) (aws.Config, error) {
	// With these two providers, which are removed below, the SDK does not search for others.
	o.Credentials = aws.AnonymousCredentials{}
	withToken := o.BearerAuthTokenProvider != nil
	if !withToken {
		o.BearerAuthTokenProvider = bearer.StaticTokenProvider{}
	}
	load := func() (aws.Config, error) {
		return config.LoadDefaultConfig(ctx, func(lo *config.LoadOptions) error {
			*lo = o
			return nil
		})
	}
	// The SDK resolves the profile's source profile, SSO session and keys although it does not use
	// them, and has no option to prevent that.
	cfg, err := load()
	if err != nil {
		copies, folder, copyErr := copySharedFiles(
			sharedFiles(o.SharedConfigFiles, "AWS_CONFIG_FILE", config.DefaultSharedConfigFiles),
			sharedFiles(o.SharedCredentialsFiles, "AWS_SHARED_CREDENTIALS_FILE", config.DefaultSharedCredentialsFiles))
		defer func() { _ = os.RemoveAll(folder) }() // it has no credentials
		switch {
		case copyErr != nil:
			err = errors.Join(err, copyErr)
		case folder != "":
			o.SharedConfigFiles, o.SharedCredentialsFiles = copies[0], copies[1]
			cfg, err = load()
		}
	}
	if err != nil {
		return aws.Config{}, fmt.Errorf("awsfed: loading the AWS configuration: %w", err)
	}
	cfg.Credentials = nil
	if !withToken {
		cfg.BearerAuthTokenProvider = nil
	}
	return cfg, nil
}

// sharedFiles returns the shared files that the SDK reads, given those of the options.
func sharedFiles(files []string, variable string, defaults []string) []string {
	if files != nil {
		return files
	}
	if file := os.Getenv(variable); file != "" {
		return []string{file}
	}
	return defaults
}

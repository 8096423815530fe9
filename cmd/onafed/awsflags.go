package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/idp"
)

// maxSeconds is the longest session that any role allows (AssumeRoleWithWebIdentity, DurationSeconds).
const maxSeconds = 12 * 60 * 60

// awsFlags say which role is assumed, and how.
type awsFlags struct {
	RoleARN         string `env:"AWS_ROLE_ARN,IDP_AWS_ROLE_ARN" help:"The role to assume." placeholder:"ARN" group:"The role"`
	Audience        string `help:"Who the ID token is for. Default: what AWS expects in the partition of the role." placeholder:"AUDIENCE" group:"The role"`
	RoleSessionName string `help:"The name of the session, as CloudTrail shows it. Default: from the token, as env-<uuid>." placeholder:"NAME" group:"The role"`
	DurationSeconds int    `help:"How long the credentials live. Default: STS's, 3600." placeholder:"N" group:"The role"`
	Region          string `help:"The region of the STS endpoint. Default: the SDK's own settings, then the partition's." placeholder:"REGION" group:"The role"`
	Verbose         bool   `short:"v" help:"Say on standard error what is done."`
	tokenFlags      `embed:""`

	withoutFiles bool // load no settings of the shared files
}

// Validate is called by kong.
func (f *awsFlags) Validate() error {
	switch {
	case f.RoleARN == "":
		return errors.New("which role? Give --role-arn ARN, or set AWS_ROLE_ARN")
	case f.DurationSeconds < 0 || f.DurationSeconds > maxSeconds:
		return fmt.Errorf("--duration-seconds %d: credentials live for 1 to %d seconds", f.DurationSeconds, maxSeconds)
	}
	if _, err := parseRoleARN(f.RoleARN); err != nil {
		return fmt.Errorf("--role-arn: %w", err)
	}
	if n := len(f.RoleSessionName); n != 0 && (n < 2 || n > 64 || !isIAMName(f.RoleSessionName)) {
		return fmt.Errorf("--role-session-name %+q: STS takes 2 to 64 letters, digits and _+=,.@-", f.RoleSessionName)
	}
	return f.check()
}

// audience is the one of the flags, or the custom of the role's partition.
func (f *awsFlags) audience() string { return cmp.Or(f.Audience, awsfed.Audience(f.RoleARN)) }

// load is the configuration for AWS clients, and the provider in it.
func (f *awsFlags) load(ctx context.Context, src idp.TokenSource, log *slog.Logger) (aws.Config, *awsfed.Provider, error) {
	cfg, err := awsfed.LoadConfig(ctx, f.RoleARN, src, func(o *awsfed.LoadOptions) {
		if f.Region != "" {
			o.Config = append(o.Config, config.WithRegion(f.Region))
		}
		if f.withoutFiles {
			o.Config = append(o.Config, config.WithSharedConfigFiles([]string{}), config.WithSharedCredentialsFiles([]string{}))
		}
		o.Provider = append(o.Provider, func(p *awsfed.Options) {
			p.SessionName = f.RoleSessionName
			p.Duration = time.Duration(f.DurationSeconds) * time.Second
			p.Logger = log
		})
	})
	if err != nil {
		return aws.Config{}, nil, err
	}
	p, ok := cfg.Credentials.(*awsfed.Provider)
	if !ok {
		return aws.Config{}, nil, fmt.Errorf("the configuration has credentials of type %T, not the role's", cfg.Credentials)
	}
	return cfg, p, nil
}

// provider is the provider of the role with the token source of the flags.
func (f *awsFlags) provider(ctx context.Context, t *terminal) (*awsfed.Provider, error) {
	log := logger(t, f.Verbose)
	src, err := f.source(f.audience(), log)
	if err != nil {
		return nil, err
	}
	_, p, err := f.load(ctx, src, log)
	return p, err
}

// region is where STS is asked when the SDK's settings do not say it: where the role's partition began (AWS General Reference, "AWS
// Security Token Service endpoints").
func (f *awsFlags) region() string {
	role, _ := parseRoleARN(f.RoleARN) // what is no role has no partition of its own
	switch {
	case f.Region != "":
		return f.Region
	case role.partition == "aws-cn":
		return "cn-north-1"
	case role.partition == "aws-us-gov":
		return "us-gov-west-1"
	case role.partition == "aws-eusc":
		return "eusc-de-east-1"
	}
	return "us-east-1"
}

// roleARN is arn:PARTITION:iam::ACCOUNT:role/NAME.
type roleARN struct{ partition, account, name string }

func parseRoleARN(arn string) (roleARN, error) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != "iam" || len(parts[4]) != 12 || !strings.HasPrefix(parts[5], "role/") {
		return roleARN{}, fmt.Errorf("%+q is not the ARN of a role, which looks like arn:aws:iam::123456789012:role/name", arn)
	}
	return roleARN{parts[1], parts[4], strings.TrimPrefix(parts[5], "role/")}, nil
}

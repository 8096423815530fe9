// Package role has the flags that choose the role to assume.
package role

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/cmd/onafed/internal/source"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/internal/quote"
)

// MaxSeconds is the longest session that a role can allow (AWS STS API Reference,
// AssumeRoleWithWebIdentity, DurationSeconds).
const MaxSeconds = 12 * 60 * 60

// MaxChainSeconds is the longest session of a role that another role assumes (AWS STS API Reference,
// AssumeRole, DurationSeconds).
const MaxChainSeconds = 60 * 60

// Flags choose the role to assume, the session and the token source.
type Flags struct {
	RoleARN         string `env:"AWS_ROLE_ARN,IDP_AWS_ROLE_ARN" help:"The role to assume." placeholder:"ARN" group:"The role"`
	Audience        string `help:"The audience of the ID token. Default: the one that AWS expects in the role's partition." placeholder:"AUDIENCE" group:"The role"`
	RoleSessionName string `help:"The name of the session, which CloudTrail shows. Default: made from the token, as env-<uuid>." placeholder:"NAME" group:"The role"`
	DurationSeconds int    `help:"The lifetime of the credentials. Default: 3600, by STS." placeholder:"N" group:"The role"`
	Region          string `help:"The region of the STS endpoint. Default: from the SDK's settings, or else the default of the role's partition." placeholder:"REGION" group:"The role"`

	PolicyFile string   `help:"Limit the credentials to what the role and this session policy both allow: a file with JSON of at most 2,048 characters." placeholder:"FILE" group:"The role"`
	PolicyARNs []string `name:"policy-arn" sep:"none" help:"Limit the credentials to what the role and this managed policy both allow. Can be given up to 10 times." placeholder:"ARN" group:"The role"`

	NextRole []NextRole `sep:"none" help:"Then assume this role with the credentials of the role before. Can be repeated, in the order of the chain. NAME is external-id, session-name, duration-seconds, source-identity, tag or transitive-tag (=KEY=VALUE), policy-file or policy-arn. Write a comma in a value twice." placeholder:"ARN[,NAME=VALUE]..." group:"The role"`

	Verbose      bool `short:"v" help:"Log each step on standard error."`
	source.Flags `embed:""`

	// CheckLater reports that the command calls Validate itself, when it knows that it needs a role.
	CheckLater bool `kong:"-"`

	policy string // what Policy has read
}

// Validate is called by kong.
func (f *Flags) Validate() error {
	if f.CheckLater {
		return nil
	}
	if f.RoleARN = cmp.Or(f.RoleARN, Environment()); f.RoleARN == "" {
		return errors.New("no role is given: use --role-arn ARN, or set AWS_ROLE_ARN")
	}
	if err := CheckDuration(f.DurationSeconds); err != nil {
		return err
	}
	if err := CheckRegion(f.Region); err != nil {
		return fmt.Errorf("--region: %w", err)
	}
	if len(f.NextRole) > 0 && (f.PolicyFile != "" || len(f.PolicyARNs) > 0) {
		return errors.New("--policy-file and --policy-arn limit the first role, and not the roles that it assumes: write policy-file=FILE or policy-arn=ARN in the last --next-role")
	}
	if err := f.check(); err != nil {
		return err
	}
	return f.Check()
}

// Environment returns the role that a variable names. Like every variable of AWS, an empty one is
// not set; for kong it hides the one after it.
func Environment() string { return cmp.Or(os.Getenv("AWS_ROLE_ARN"), os.Getenv("IDP_AWS_ROLE_ARN")) }

// CheckRegion returns an error for what cannot be the name of a region, which becomes a part of a
// host name. An empty name means that the flag is not set.
func CheckRegion(region string) error {
	if strings.Trim(region, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || len(region) > 60 {
		return fmt.Errorf("%s is not the name of a region, such as eu-central-1", quote.Text(region, 40))
	}
	return nil
}

// CheckDuration returns an error for a value of --duration-seconds that no role allows. 0 means that
// the flag is not set.
func CheckDuration(seconds int) error {
	if seconds < 0 || seconds > MaxSeconds {
		return fmt.Errorf("--duration-seconds %d: credentials live for 1 to %d seconds", seconds, MaxSeconds)
	}
	return nil
}

// check lets the library check the values, in a provider that is not used.
func (f *Flags) check() error {
	_, err := awsfed.New(sts.New(sts.Options{Region: "us-east-1"}), f.RoleARN, idp.Static(nil), f.options(nil))
	return err
}

// TokenAudience returns the audience of the flags, or the one by convention in the role's
// partition.
func (f *Flags) TokenAudience() string { return cmp.Or(f.Audience, awsfed.Audience(f.RoleARN)) }

// STSRegion returns the region of the flags, or the default of the role's partition. It is for
// clients of STS when the SDK's settings name no region.
func (f *Flags) STSRegion() string { return cmp.Or(f.Region, awsfed.DefaultRegion(f.RoleARN)) }

// LastRole returns the role of the credentials: the last one of a chain.
func (f *Flags) LastRole() string {
	if n := len(f.NextRole); n > 0 {
		return f.NextRole[n-1].RoleARN
	}
	return f.RoleARN
}

// Load returns the configuration for AWS clients, and the provider of the role in it.
func (f *Flags) Load(ctx context.Context, src idp.TokenSource, log *slog.Logger) (aws.Config, *awsfed.Provider, error) {
	if _, err := f.Policy(); err != nil {
		return aws.Config{}, nil, err
	}
	cfg, err := awsfed.LoadConfig(ctx, f.RoleARN, src, func(o *awsfed.LoadOptions) {
		o.Config.Region = f.Region
		f.options(log)(&o.Options)
	})
	if err != nil {
		return aws.Config{}, nil, err
	}
	p, ok := awsfed.FromConfig(cfg)
	if !ok {
		return aws.Config{}, nil, fmt.Errorf("the configuration has credentials of type %T, not the role's", cfg.Credentials)
	}
	return cfg, p, nil
}

func (f *Flags) options(log *slog.Logger) func(*awsfed.Options) {
	return func(o *awsfed.Options) {
		o.SessionName = f.RoleSessionName
		o.Duration = time.Duration(f.DurationSeconds) * time.Second
		o.AnyDuration = true // other servers than AWS STS grant less than 15 minutes
		o.Policy = f.policy
		o.PolicyARNs = f.PolicyARNs
		o.Chain = Chain(f.NextRole)
		o.Logger = log
	}
}

// Provider returns the provider of the role with the token source of the flags, for a command that
// ends with the first error. Its refreshes are logged only with --verbose, because the command
// prints the error.
func (f *Flags) Provider(ctx context.Context, t *terminal.Terminal) (*awsfed.Provider, error) {
	src, err := f.Source(f.TokenAudience(), t.Logger(f.Verbose))
	if err != nil {
		return nil, err
	}
	_, p, err := f.Load(ctx, src, f.OneShotLogger(t))
	return p, err
}

// OneShotLogger returns the logger for the provider of a command that ends with its first error.
func (f *Flags) OneShotLogger(t *terminal.Terminal) *slog.Logger {
	if f.Verbose {
		return t.Logger(true)
	}
	return slog.New(slog.DiscardHandler)
}

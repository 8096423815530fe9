// Command from-stscreds gets credentials of a role with a token in a file, by default with this
// library and with --stscreds with the SDK's own provider.
//
//	go run ./examples/from-stscreds --role-arn arn:aws:iam::123456789012:role/deploy --token-file token
//
// Its test runs without AWS.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/idp"
)

const readOnly = "arn:aws:iam::aws:policy/ReadOnlyAccess"

func main() {
	role := flag.String("role-arn", "", "the `role` to assume")
	tokenFile := flag.String("token-file", "", "the `file` with the ID token")
	region := flag.String("region", "us-east-1", "the AWS `region`")
	old := flag.Bool("stscreds", false, "use the SDK's own provider")
	flag.Parse()
	load := withOnafed
	if *old {
		load = withStscreds
	}
	if err := work(context.Background(), load, *role, *tokenFile, *region, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "from-stscreds:", err)
		os.Exit(1)
	}
}

// A loader returns a configuration with the credentials of the role.
type loader func(ctx context.Context, role, tokenFile, region string) (aws.Config, error)

// withStscreds uses the provider and the cache of the SDK.
func withStscreds(ctx context.Context, role, tokenFile, region string) (aws.Config, error) {
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion(region))
	if err != nil {
		return aws.Config{}, err
	}
	token := stscreds.IdentityTokenFile(tokenFile)
	provider := stscreds.NewWebIdentityRoleProvider(sts.NewFromConfig(cfg), role, token, func(o *stscreds.WebIdentityRoleOptions) {
		o.RoleSessionName = "worker"
		o.Duration = 2 * time.Hour
		o.PolicyARNs = []types.PolicyDescriptorType{{Arn: aws.String(readOnly)}}
	})
	cfg.Credentials = aws.NewCredentialsCache(provider, func(o *aws.CredentialsCacheOptions) {
		o.ExpiryWindow = 5 * time.Minute
	})
	return cfg, nil
}

// withOnafed does the same with this library.
func withOnafed(ctx context.Context, role, tokenFile, region string) (aws.Config, error) {
	return awsfed.LoadConfig(ctx, role, idp.File(tokenFile), func(o *awsfed.LoadOptions) {
		o.Config.Region = region
		o.SessionName = "worker"
		o.Duration = 2 * time.Hour
		o.PolicyARNs = []string{readOnly}
	})
}

// work is the purpose of the program.
func work(ctx context.Context, load loader, role, tokenFile, region string, out io.Writer) error {
	cfg, err := load(ctx, role, tokenFile, region)
	if err != nil {
		return err
	}
	who, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, nil)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, aws.ToString(who.Arn))
	return err
}

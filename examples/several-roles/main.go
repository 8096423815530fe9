// Command several-roles uses several roles with the tokens of one source: a role of a pool, the
// same role with fewer permissions, and a chain of roles through other accounts.
//
//	go run ./examples/several-roles --role-arn arn:aws:iam::123456789012:role/deploy \
//	  --next-role-arn arn:aws:iam::111122223333:role/hub \
//	  --next-role-arn arn:aws:iam::210987654321:role/partner --external-id example
//
// It needs an Ona environment or another token source of idp.FromEnvironment. Its test runs without
// AWS.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/idp"
)

// readOnly is a session policy: it allows nothing that the role does not allow.
const readOnly = "arn:aws:iam::aws:policy/ReadOnlyAccess"

// options are the flags.
type options struct {
	role, account string
	nextRoles     []string
	external      string
	region        string
}

func main() {
	var o options
	flag.StringVar(&o.role, "role-arn", "", "the `role` that trusts the ID token")
	flag.StringVar(&o.account, "account", "", "the `ID` of the account that the role must belong to (default: any)")
	flag.Func("next-role-arn", "a `role` that trusts the one before it; repeat it for more", func(s string) error {
		o.nextRoles = append(o.nextRoles, s)
		return nil
	})
	flag.StringVar(&o.external, "external-id", "", "the external `ID` that the last role requires")
	flag.StringVar(&o.region, "region", "us-east-1", "the AWS `region`")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := start(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "several-roles:", err)
		os.Exit(1) //nolint:gocritic // the end of the process removes the signal handler
	}
}

func start(ctx context.Context, o options) error {
	src, err := idp.FromEnvironment(awsfed.Audience(o.role), nil)
	if err != nil {
		return err
	}
	client := sts.New(sts.Options{Region: o.region}) // needs no credentials
	return run(ctx, newPool(client, src, o.account), o, os.Stdout)
}

// newPool returns a pool for roles of one account. The roles share the tokens of src and a limit of
// requests to STS.
func newPool(client *sts.Client, src idp.TokenSource, account string) *awsfed.Pool {
	return awsfed.NewPool(client, src, func(o *awsfed.PoolOptions) {
		o.ExpectedAccount = account
		o.Rate, o.Burst = 50, 10 // requests per second, and at once
	})
}

// run prints the identity of each configuration, and then the status of the pool.
func run(ctx context.Context, pool *awsfed.Pool, o options, out io.Writer, optFns ...func(*awsfed.LoadOptions)) error {
	optFns = append(optFns, func(l *awsfed.LoadOptions) { l.Config.Region = o.region })
	cfg, err := pool.Config(ctx, o.role, optFns...)
	if err != nil {
		return err
	}
	limited, err := pool.Config(ctx, o.role, append(optFns, limit)...)
	if err != nil {
		return err
	}
	chained, err := pool.Config(ctx, o.role, append(optFns, chain(o.nextRoles, o.external))...)
	if err != nil {
		return err
	}
	for _, c := range []aws.Config{cfg, limited, chained} {
		who, err := sts.NewFromConfig(c).GetCallerIdentity(ctx, nil)
		if err != nil {
			return err
		}
		fmt.Fprintln(out, aws.ToString(who.Arn))
	}
	for _, st := range pool.Status() {
		fmt.Fprintln(out, st.RoleARN, st.Valid, st.Options)
	}
	return nil
}

// limit gives the credentials fewer permissions, and another session name.
func limit(o *awsfed.LoadOptions) {
	o.SessionName = "read-only"
	o.PolicyARNs = []string{readOnly}
}

// chain makes the role assume others, one after the other. The last one requires an external ID.
func chain(roleARNs []string, externalID string) func(*awsfed.LoadOptions) {
	return func(o *awsfed.LoadOptions) {
		for _, role := range roleARNs {
			o.Chain = append(o.Chain, awsfed.NextRole{RoleARN: role})
		}
		if n := len(o.Chain); n > 0 {
			o.Chain[n-1].ExternalID = externalID
			o.ExpectedAccount = "" // applies to the last role
		}
	}
}

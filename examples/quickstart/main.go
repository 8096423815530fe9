// Command quickstart shows all steps from an Ona ID token to AWS credentials that refresh
// themselves, and reads a secret with them.
//
//	go run ./examples/quickstart
//
// It needs no account and no network: the issuer, the STS and Secrets Manager run in the process, on
// loopback. All numbers that it prints are measured in that run. With --role-arn, or --aws and
// AWS_ROLE_ARN, it takes the steps to the credentials with a real token and the STS that the AWS
// SDK's own variables name.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/idp"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout, os.Getenv)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		if refused, ok := errors.AsType[*awsfed.AssumeRoleError](err); ok {
			fmt.Fprintln(os.Stderr, refused.NextStep())
		}
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	aws          bool
	roleARN      string
	tokenFile    string
	audience     string
	issuer       string
	organization string
	region       string
}

func run(ctx context.Context, args []string, stdout io.Writer, getenv func(string) string) error {
	var o options
	flags := flag.NewFlagSet("quickstart", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // main prints the error
	flags.BoolVar(&o.aws, "aws", false, "use real AWS with the role of AWS_ROLE_ARN")
	flags.StringVar(&o.roleARN, "role-arn", "", "use real AWS with this `role`")
	flags.StringVar(&o.tokenFile, "token-file", "", "with real AWS: the `file` with the ID token (default: search the environment)")
	flags.StringVar(&o.audience, "audience", idp.AudienceAWS, "with real AWS: the `audience` of the token")
	flags.StringVar(&o.issuer, "issuer", idp.Issuer, "with real AWS: the `URL` of the trusted issuer, not taken from the token")
	flags.StringVar(&o.organization, "organization", "", "with real AWS: the `ID` of the organization that the token must belong to (default: any)")
	flags.StringVar(&o.region, "region", "", "with real AWS: the `region` of the STS endpoint (default: the SDK's own variables, then the partition's)")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		flags.SetOutput(stdout)
		flags.Usage()
		return err
	case err != nil:
		return fmt.Errorf("%w; see --help", err)
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unknown argument %q; quickstart has only flags, see --help", flags.Arg(0))
	}
	// The value "$ROLE" is empty if the variable is not set. It must not count as a missing flag.
	var wrong error
	flags.Visit(func(f *flag.Flag) {
		if f.Value.String() == "" {
			wrong = fmt.Errorf("--%s is empty: give it a value, or omit it", f.Name)
		}
	})
	if wrong != nil {
		return wrong
	}
	if o.roleARN == "" && o.aws {
		if o.roleARN = getenv("AWS_ROLE_ARN"); o.roleARN == "" {
			return errors.New("--aws needs a role: set AWS_ROLE_ARN or --role-arn")
		}
	}
	out := &report{w: stdout}
	if o.roleARN != "" {
		return onAWS(ctx, o, out)
	}
	flags.Visit(func(f *flag.Flag) {
		wrong = fmt.Errorf("--%s applies only to real AWS: add --role-arn, or --aws with AWS_ROLE_ARN set", f.Name)
	})
	if wrong != nil {
		return wrong
	}
	if getenv("AWS_ROLE_ARN") != "" {
		out.note("AWS_ROLE_ARN is set but not used: real AWS needs --aws or --role-arn")
	}
	return embedded(ctx, out)
}

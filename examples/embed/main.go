// Command embed is a program that uses AWS with credentials of this library, and logs their
// refreshes for its operators.
//
//	go run ./examples/embed --role-arn arn:aws:iam::123456789012:role/deploy
//
// It needs an Ona environment or another token source of idp.FromEnvironment. Its test runs without
// AWS.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/idp"
)

func main() {
	role := flag.String("role-arn", "", "the `role` to assume")
	region := flag.String("region", "us-east-1", "the AWS `region`")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := start(ctx, *role, *region); err != nil {
		fmt.Fprintln(os.Stderr, "embed:", err)
		os.Exit(1) //nolint:gocritic // the end of the process removes the signal handler
	}
}

func start(ctx context.Context, role, region string) error {
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	src, err := idp.FromEnvironment(idp.AudienceAWS, &idp.EnvironmentOptions{Logger: log})
	if err != nil {
		return err
	}
	cfg, err := awsfed.LoadConfig(ctx, role, src, func(o *awsfed.LoadOptions) {
		o.Config.Region = region
		o.Logger, o.OnRefresh = log, logRefresh(log)
	})
	if err != nil {
		return err
	}
	return work(ctx, cfg, os.Stdout)
}

// logRefresh logs refreshes with what alerts and searches in CloudTrail need, and without secrets.
func logRefresh(log *slog.Logger) func(awsfed.RefreshEvent) {
	return func(e awsfed.RefreshEvent) {
		if e.Err != nil {
			log.Warn("refresh failed", "role", e.RoleARN, "left", e.Remaining.Round(time.Second), "err", e.Err)
			return
		}
		log.Info("refreshed", "session", e.AssumedRoleARN, "accessKeyId", e.AccessKeyID, "requestId", e.RequestID, "expires", e.Expires)
	}
}

// work is the purpose of the program. All clients of the SDK accept cfg; credentials refresh in the
// background.
func work(ctx context.Context, cfg aws.Config, out io.Writer) error {
	who, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, nil)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, aws.ToString(who.Arn))
	return err
}

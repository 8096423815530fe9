package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/issuer"
)

var errExpired = errors.New("expired credentials were handed out")

// onAWS goes the same way with a token of the environment and the STS that the AWS SDK finds.
func onAWS(ctx context.Context, o options, out *report) error {
	src, err := source(o)
	if err != nil {
		return err
	}

	out.heading("What the token says (package claims)")
	token, err := src.Token(ctx)
	if err != nil {
		return err
	}
	if s, ok := src.(interface{ Source() string }); ok {
		out.line("token source", "%s", s.Source())
	}
	if err := showClaims(token, out); err != nil {
		return err
	}

	out.heading("Who vouches for it (package idp/issuer)")
	opts := issuer.VerifierOptions{Audiences: []string{o.audience}}
	if o.organization != "" {
		opts.Organizations = []string{o.organization}
	} else {
		opts.AnyOrganization = true
		out.note("any organization of this issuer is let in; --organization names yours")
	}
	if err := verify(ctx, token, nil, o.issuer, opts, out); err != nil {
		return err
	}

	out.heading("AWS STS exchanges it for credentials (package awsfed)")
	cfg, err := awsfed.LoadConfig(ctx, o.roleARN, src, func(l *awsfed.LoadOptions) {
		if o.region != "" {
			l.Config = append(l.Config, config.WithRegion(o.region))
		}
	})
	if err != nil {
		return err
	}
	c, err := cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return err
	}
	out.line("access key", "%s, account %s", c.AccessKeyID, c.AccountID)
	if cfg.Region == "" {
		if !strings.HasPrefix(o.roleARN, "arn:aws:") {
			out.note("no region is set (AWS_REGION, --region), so nobody was asked who we are now")
			return nil
		}
		cfg.Region = "us-east-1" // where awsfed, too, asks STS when nothing names a region
	}
	who, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, nil)
	if err != nil {
		return fmt.Errorf("the role was assumed, and then STS refused GetCallerIdentity: %w", err)
	}
	out.line("caller identity", "%s", aws.ToString(who.Arn))
	return nil
}

func source(o options) (idp.TokenSource, error) {
	if o.tokenFile != "" {
		return idp.File(o.tokenFile), nil
	}
	src, err := idp.FromEnvironment(o.audience, nil)
	if _, ok := errors.AsType[*idp.EnvironmentError](err); ok {
		return nil, fmt.Errorf("%w; run this in an Ona environment, set one of these, or name a file with --token-file", err)
	}
	return src, err
}

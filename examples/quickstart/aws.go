package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/issuer"
)

var errExpired = errors.New("got expired credentials")

// onAWS takes the steps with a real token and the STS that the AWS SDK finds.
func onAWS(ctx context.Context, o options, out *report) error {
	src, err := source(o)
	if err != nil {
		return err
	}

	out.heading("The claims of the token (package claims)")
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

	out.heading("The signature of the token (package idp/issuer)")
	opts := issuer.VerifierOptions{Audiences: []string{o.audience}}
	if o.organization != "" {
		opts.Organizations = []string{o.organization}
	} else {
		opts.AnyOrganization = true
		out.note("all organizations of this issuer are accepted; set --organization to yours")
	}
	if err := verify(ctx, token, nil, o.issuer, opts, out); err != nil {
		return err
	}

	out.heading("Credentials from AWS STS (package awsfed)")
	cfg, err := awsfed.LoadConfig(ctx, o.roleARN, src, func(l *awsfed.LoadOptions) {
		l.Config.Region = o.region
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
			out.note("no region is set (AWS_REGION, --region), so the identity was not checked")
			return nil
		}
		cfg.Region = "us-east-1" // the default of awsfed for this partition
	}
	who, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, nil)
	if err != nil {
		return fmt.Errorf("STS issued credentials but refused GetCallerIdentity: %w", err)
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
		return nil, fmt.Errorf("%w; run this in an Ona environment, set one of these variables, or set --token-file", err)
	}
	return src, err
}

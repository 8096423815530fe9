package awsfed_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/idp"
)

// The examples use doubles for STS and for the token source. A program uses sts.NewFromConfig(cfg)
// and idp.FromEnvironment(audience, nil).
var (
	exampleSTS    stscreds.AssumeRoleWithWebIdentityAPIClient = newService()
	exampleSource                                             = idp.TokenSourceFunc(func(context.Context) (*idp.Token, error) { return newToken(nil) })
)

func Example() {
	ctx := context.Background()
	p, err := awsfed.New(exampleSTS, "arn:aws:iam::123456789012:role/deploy", exampleSource)
	if err != nil {
		log.Fatal(err)
	}
	// Every client with this configuration uses the role.
	cfg := aws.Config{Region: "eu-central-1"}
	cfg.Credentials = p
	cfg.APIOptions = append(cfg.APIOptions, p.APIOption())

	creds, err := cfg.Credentials.Retrieve(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(creds.HasKeys(), creds.AccountID)
	fmt.Println(p.Status().AssumedRoleARN)
	// Output:
	// true 123456789012
	// arn:aws:sts::123456789012:assumed-role/deploy/env-019527e4-75d5-704d-a5a4-a2b52cf56196
}

func ExampleNew() {
	p, err := awsfed.New(exampleSTS, "arn:aws:iam::123456789012:role/deploy", exampleSource, func(o *awsfed.Options) {
		o.SessionName = "nightly"
		o.Duration = 2 * time.Hour
		o.ExpectedAccount = "123456789012"
		o.OnRefresh = func(ev awsfed.RefreshEvent) {
			if ev.Err != nil {
				log.Printf("refreshing %s fails since %v, %v are left: %v", ev.RoleARN, ev.FailingSince, ev.Remaining, ev.Err)
			}
		}
	})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := p.Retrieve(context.Background()); err != nil {
		log.Fatal(err)
	}
	fmt.Println(p.Status().AssumedRoleARN)
	// Output: arn:aws:sts::123456789012:assumed-role/deploy/nightly
}

// A chain of roles through three accounts: the token is exchanged for the first role.
func ExampleNextRole() {
	p, err := awsfed.New(newChainService(), "arn:aws:iam::123456789012:role/deploy", exampleSource, func(o *awsfed.Options) {
		o.Chain = []awsfed.NextRole{
			{RoleARN: "arn:aws:iam::111122223333:role/hub"},
			{RoleARN: "arn:aws:iam::210987654321:role/partner", ExternalID: "example", SessionName: "nightly"},
		}
	})
	if err != nil {
		log.Fatal(err)
	}
	creds, err := p.Retrieve(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(p.RoleARN(), creds.AccountID)
	fmt.Println(p.Status().AssumedRoleARN)
	// Output:
	// arn:aws:iam::210987654321:role/partner 210987654321
	// arn:aws:sts::210987654321:assumed-role/partner/nightly
}

// Credentials returns the expiration that STS set, for passing the credentials to another program.
func ExampleProvider_Credentials() {
	p, err := awsfed.New(exampleSTS, "arn:aws:iam::123456789012:role/deploy", exampleSource)
	if err != nil {
		log.Fatal(err)
	}
	c, err := p.Credentials(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(time.Until(c.Expires).Round(time.Minute))
	// Output: 1h0m0s
}

// Run refreshes the credentials of a program that makes no calls for hours.
func ExampleProvider_Run() {
	ctx, cancel := context.WithCancel(context.Background())
	p, err := awsfed.New(exampleSTS, "arn:aws:iam::123456789012:role/deploy", exampleSource)
	if err != nil {
		log.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- p.Run(ctx) }()
	// At the end of the program:
	cancel()
	fmt.Println(<-done)
	// Output: context canceled
}

func ExampleAssumeRoleError() {
	client := newService()
	client.failWith(apiError("RegionDisabledException", "STS is not activated in this region for account:123456789012."))
	p, err := awsfed.New(client, "arn:aws:iam::123456789012:role/deploy", exampleSource)
	if err != nil {
		log.Fatal(err)
	}
	_, err = p.Retrieve(context.Background())
	var e *awsfed.AssumeRoleError
	if errors.As(err, &e) {
		fmt.Println(e.Code, e.Retryable())
		fmt.Println(e.NextStep())
	}
	// Output:
	// RegionDisabledException false
	// STS is not active in this region for the account of the role: use another region, or activate it in the account settings of IAM
}

func ExampleLoadConfig() {
	ctx := context.Background()
	const role = "arn:aws-cn:iam::123456789012:role/deploy"
	src := exampleSource // idp.FromEnvironment(awsfed.Audience(role), nil)
	cfg, err := awsfed.LoadConfig(ctx, role, src, func(o *awsfed.LoadOptions) {
		o.Config.Region = "cn-north-1"
		o.SessionName = "nightly"
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s %T\n", cfg.Region, cfg.Credentials)
	// Output: cn-north-1 *awsfed.Provider
}

// FromConfig returns the provider of a configuration, for the methods that the SDK does not call.
func ExampleFromConfig() {
	cfg, err := awsfed.LoadConfig(context.Background(), "arn:aws:iam::123456789012:role/deploy", exampleSource)
	if err != nil {
		log.Fatal(err)
	}
	p, ok := awsfed.FromConfig(cfg)
	if !ok {
		log.Fatal("the configuration has other credentials")
	}
	st := p.Status()
	fmt.Println(st.RoleARN, st.Valid)
	// Output: arn:aws:iam::123456789012:role/deploy false
}

func ExampleAudience() {
	fmt.Println(awsfed.Audience("arn:aws:iam::123456789012:role/deploy"))
	fmt.Println(awsfed.Audience("arn:aws-cn:iam::123456789012:role/deploy"))
	// Output:
	// sts.amazonaws.com
	// sts.amazonaws.com.cn
}

func ExampleNewPool() {
	pool := awsfed.NewPool(exampleSTS, exampleSource, func(o *awsfed.PoolOptions) {
		o.MaxConcurrent = 8
		o.Rate = 50 // requests per second
	})
	for _, tenant := range []string{"a", "b", "a"} {
		p, err := pool.Provider("arn:aws:iam::123456789012:role/tenant-" + tenant)
		if err != nil {
			log.Fatal(err)
		}
		if _, err := p.Retrieve(context.Background()); err != nil {
			log.Fatal(err)
		}
	}
	for _, st := range pool.Status() {
		fmt.Println(st.RoleARN, st.Valid)
	}
	// Output:
	// arn:aws:iam::123456789012:role/tenant-a true
	// arn:aws:iam::123456789012:role/tenant-b true
}

// Config returns a configuration for clients that use one of the roles.
func ExamplePool_Config() {
	ctx := context.Background()
	pool := awsfed.NewPool(exampleSTS, exampleSource)
	const readOnly = "arn:aws:iam::aws:policy/ReadOnlyAccess"
	for _, tenant := range []string{"a", "b"} {
		cfg, err := pool.Config(ctx, "arn:aws:iam::123456789012:role/tenant-"+tenant, func(o *awsfed.LoadOptions) {
			o.Config.Region = "eu-central-1"
			o.PolicyARNs = []string{readOnly}
		})
		if err != nil {
			log.Fatal(err)
		}
		creds, err := cfg.Credentials.Retrieve(ctx)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(cfg.Region, creds.HasKeys())
	}
	for _, st := range pool.Status() {
		fmt.Println(st.RoleARN, st.Options)
	}
	// Output:
	// eu-central-1 true
	// eu-central-1 true
	// arn:aws:iam::123456789012:role/tenant-a PolicyARNs=["arn:aws:iam::aws:policy/ReadOnlyAccess"]
	// arn:aws:iam::123456789012:role/tenant-b PolicyARNs=["arn:aws:iam::aws:policy/ReadOnlyAccess"]
}

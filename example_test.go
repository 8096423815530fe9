package onafed_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/awsfedtest"
	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/idptest"
)

// A program in an Ona environment gets a configuration for every client of the AWS SDK.
func Example_provider() {
	// In an environment this secret exists already.
	os.Setenv("ONA_API_KEY", "not-a-real-key")
	defer os.Unsetenv("ONA_API_KEY")

	src, err := idp.FromEnvironment(idp.AudienceAWS, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	cfg, err := awsfed.LoadConfig(context.Background(), "arn:aws:iam::123456789012:role/deploy", src)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(cfg.Credentials != nil)
	// Output: true
}

// ParseUnverified reads the claims of a token. Package issuer verifies tokens.
func Example_claims() {
	token, err := idptest.NewIssuer(new(exampleTB), nil).TokenSource(idp.AudienceAWS).Token(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	_, c, err := claims.ParseUnverified(token.Raw())
	if err != nil {
		fmt.Println(err)
		return
	}
	id, err := c.Identity() // the token may have the V1, V2 or V3 format
	fmt.Println(id.Project(), err)
	// Output: 019527e4-75d5-704d-a5a4-a2b52cf56198 <nil>
}

// In a test, an issuer and an STS in the same process check what AWS checks.
func Example_test() {
	t := new(exampleTB) // in a test: t *testing.T
	const role = "arn:aws:iam::123456789012:role/deploy"
	iss := idptest.NewIssuer(t, nil)
	fake := awsfedtest.New(t, iss, role)
	p, err := awsfed.New(fake, role, iss.TokenSource(idp.AudienceAWS))
	if err != nil {
		t.Fatal(err)
	}
	who, err := fake.Client(p).GetCallerIdentity(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(aws.ToString(who.Arn))
	// Output: arn:aws:sts::123456789012:assumed-role/deploy/env-019527e4-75d5-704d-a5a4-a2b52cf56196
}

// exampleTB replaces the *testing.T that an Example does not have.
type exampleTB struct{ testing.TB }

func (*exampleTB) Helper()                   {}
func (*exampleTB) Cleanup(func())            {}
func (*exampleTB) Context() context.Context  { return context.Background() }
func (*exampleTB) Fatal(args ...any)         { panic(fmt.Sprint(args...)) }
func (*exampleTB) Fatalf(f string, a ...any) { panic(fmt.Sprintf(f, a...)) }

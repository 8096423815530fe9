package onafed_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/awsfedtest"
	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/idptest"
)

// The Go snippets of README.md are what stands in these Examples between the two comments that name it; readme_test.go compares them.

func Example_provider() {
	load := func(ctx context.Context) (cfg aws.Config, err error) {
		// README begins.
		src, err := idp.FromEnvironment(idp.AudienceAWS, nil)
		if err != nil {
			return cfg, err
		}
		return awsfed.LoadConfig(ctx, "arn:aws:iam::123456789012:role/deploy", src)
		// README ends.
	}
	// Where the program runs, one of the places that FromEnvironment looks at holds a token of the Ona API.
	os.Setenv("ONA_API_KEY", "not-a-real-key")
	defer os.Unsetenv("ONA_API_KEY")
	cfg, err := load(context.Background())
	fmt.Println(cfg.Credentials != nil, err)
	// Output: true <nil>
}

func Example_claims() {
	token, err := idptest.NewIssuer(new(exampleTB), nil).TokenSource(idp.AudienceAWS).Token(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	read := func(token string) (string, error) {
		// README begins.
		_, c, err := claims.ParseUnverified(token)
		if err != nil {
			return "", err
		}
		id, err := c.Identity() // of a V1, V2 or V3 token
		return id.Project(), err
		// README ends.
	}
	fmt.Println(read(token.Raw()))
	// Output: 019527e4-75d5-704d-a5a4-a2b52cf56198 <nil>
}

func Example_test() {
	TestDeploy := func(t testing.TB) { //nolint:thelper // it stands for a test, which calls its parameter t
		const role = "arn:aws:iam::123456789012:role/deploy"
		// README begins.
		iss := idptest.NewIssuer(t, nil)
		fake := awsfedtest.New(t, iss.URL, iss.Client(), role)
		p, err := awsfed.New(fake, role, iss.TokenSource(idp.AudienceAWS))
		if err != nil {
			t.Fatal(err)
		}
		who, err := fake.Client(p).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
		// README ends.
		fmt.Println(aws.ToString(who.Arn), err)
	}
	TestDeploy(new(exampleTB))
	// Output: arn:aws:sts::123456789012:assumed-role/deploy/env-019527e4-75d5-704d-a5a4-a2b52cf56196 <nil>
}

// exampleTB stands in for the *testing.T that an Example does not have.
type exampleTB struct{ testing.TB }

func (*exampleTB) Helper()                  {}
func (*exampleTB) Cleanup(func())           {}
func (*exampleTB) Context() context.Context { return context.Background() }
func (*exampleTB) Fatal(args ...any)        { panic(fmt.Sprint(args...)) }
func (*exampleTB) Fatalf(f string, a ...any) {
	panic(fmt.Sprintf(f, a...))
}

package awsfedtest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/awsfedtest"
	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/idp/idptest"
)

// exampleT replaces the *testing.T of a test.
type exampleT struct {
	testing.TB // nil: the other methods are not called
	cleanups   []func()
}

func (t *exampleT) Helper()                   {}
func (t *exampleT) Cleanup(f func())          { t.cleanups = append(t.cleanups, f) }
func (t *exampleT) Context() context.Context  { return context.Background() }
func (t *exampleT) Errorf(f string, a ...any) { fmt.Printf(f+"\n", a...) }
func (t *exampleT) Fatalf(f string, a ...any) { panic(fmt.Sprintf(f, a...)) }
func (t *exampleT) Fatal(a ...any)            { panic(fmt.Sprint(a...)) }
func (t *exampleT) end() {
	for _, f := range slices.Backward(t.cleanups) {
		f()
	}
}

func ExampleNew() {
	t := &exampleT{} // in a test: the *testing.T
	defer t.end()

	const role = "arn:aws:iam::123456789012:role/deploy"
	iss := idptest.NewIssuer(t, nil)
	s := awsfedtest.New(t, iss, role)

	p, err := awsfed.New(s, role, iss.TokenSource("sts.amazonaws.com"))
	if err != nil {
		t.Fatal(err)
	}
	who, err := s.Client(p).GetCallerIdentity(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(*who.Arn)
	// Output:
	// arn:aws:sts::123456789012:assumed-role/deploy/env-019527e4-75d5-704d-a5a4-a2b52cf56196
}

// A trust policy refuses a call. The log has the reason, which AWS does not give.
func ExampleNewSTS() {
	t := &exampleT{} // in a test: the *testing.T
	defer t.end()

	policy, err := trust.Parse([]byte(`{
		"Version": "2012-10-17",
		"Statement": [{
			"Effect": "Allow",
			"Principal": {"Federated": "arn:aws:iam::123456789012:oidc-provider/app.gitpod.io"},
			"Action": "sts:AssumeRoleWithWebIdentity",
			"Condition": {
				"StringEquals": {"app.gitpod.io:aud": "sts.amazonaws.com"},
				"StringLike": {"app.gitpod.io:sub": "org:0191e223-1c3c-7607-badf-303c98b52d2f/prj:00000000-0000-0000-0000-000000000000/*"}
			}
		}]
	}`))
	if err != nil {
		t.Fatal(err)
	}
	iss := idptest.NewIssuer(t, nil)
	s, err := awsfedtest.NewSTS(&awsfedtest.STSOptions{
		HTTPClient: iss.Client(),
		Providers:  []awsfedtest.Provider{{URL: iss.URL, ClientIDs: []string{"sts.amazonaws.com"}, Account: "123456789012"}},
		Roles:      []awsfedtest.Role{{ARN: "arn:aws:iam::123456789012:role/deploy", TrustPolicy: policy}},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.AssumeRoleWithWebIdentity(t.Context(), &sts.AssumeRoleWithWebIdentityInput{
		RoleArn:          aws.String("arn:aws:iam::123456789012:role/deploy"),
		RoleSessionName:  aws.String("ci"),
		WebIdentityToken: aws.String(iss.Sign(iss.Claims("sts.amazonaws.com"))),
	})
	var refused smithy.APIError
	fmt.Println(errors.As(err, &refused), refused.ErrorCode())
	fmt.Println(s.Calls()[0].Reason)
	// Output:
	// true AccessDenied
	// no statement allows sts:AssumeRoleWithWebIdentity; nearest is statement 1, where StringLike on app.gitpod.io:sub does not hold: the policy names another project than the token
}

// A test uses the trust policy that is deployed.
func ExampleSTS_PutRole() {
	t := &exampleT{} // in a test: the *testing.T
	defer t.end()

	const role = "arn:aws:iam::123456789012:role/deploy"
	document := []byte(`{
		"Version": "2012-10-17",
		"Statement": [{
			"Effect": "Allow",
			"Principal": {"Federated": "arn:aws:iam::123456789012:oidc-provider/app.gitpod.io"},
			"Action": "sts:AssumeRoleWithWebIdentity",
			"Condition": {"StringEquals": {"app.gitpod.io:aud": "sts.amazonaws.com", "app.gitpod.io:sub": "org:1"}}
		}]
	}`)
	iss := idptest.NewIssuer(t, nil)
	fake := awsfedtest.New(t, iss, role)
	p, err := awsfed.New(fake, role, iss.TokenSource("sts.amazonaws.com"))
	if err != nil {
		t.Fatal(err)
	}

	policy, err := trust.Parse(document)
	if err != nil {
		t.Fatal(err)
	}
	if err := fake.PutRole(awsfedtest.Role{ARN: role, TrustPolicy: policy}); err != nil {
		t.Fatal(err)
	}
	_, err = p.Retrieve(t.Context())
	var refused *awsfed.AssumeRoleError
	fmt.Println(errors.As(err, &refused), refused.Code)
	// Output: true AccessDenied
}

// A chain of roles in three accounts. Each role trusts the one before it, with an external ID.
func ExampleSTS_Client() {
	t := &exampleT{} // in a test: the *testing.T
	defer t.end()

	chain := []string{"arn:aws:iam::111111111111:role/first", "arn:aws:iam::222222222222:role/second", "arn:aws:iam::333333333333:role/third"}
	iss := idptest.NewIssuer(t, nil)
	fake := awsfedtest.New(t, iss, chain[0])
	for i, role := range chain[1:] {
		err := fake.PutRole(awsfedtest.Role{ARN: role, TrustPolicy: trust.Policy{Version: "2012-10-17", Statements: []trust.Statement{{
			Effect: trust.Allow, Principal: trust.Principal{AWS: []string{chain[i]}}, Actions: []string{"sts:AssumeRole"},
			Conditions: []trust.Condition{{Operator: "StringEquals", Key: "sts:ExternalId", Values: []string{"example"}}},
		}}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	var creds aws.CredentialsProvider
	creds, err := awsfed.New(fake, chain[0], iss.TokenSource("sts.amazonaws.com"))
	if err != nil {
		t.Fatal(err)
	}
	for _, role := range chain[1:] {
		creds = stscreds.NewAssumeRoleProvider(fake.Client(creds), role, func(o *stscreds.AssumeRoleOptions) {
			o.RoleSessionName, o.ExternalID = "ci", aws.String("example")
		})
	}
	who, err := fake.Client(creds).GetCallerIdentity(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(*who.Arn)
	for _, c := range fake.Calls() {
		fmt.Println(c.Action, c.RoleARN)
	}
	// Output:
	// arn:aws:sts::333333333333:assumed-role/third/ci
	// AssumeRoleWithWebIdentity arn:aws:iam::111111111111:role/first
	// AssumeRole arn:aws:iam::222222222222:role/second
	// AssumeRole arn:aws:iam::333333333333:role/third
	// GetCallerIdentity arn:aws:iam::333333333333:role/third
}

// A service of your own, called with a signed request as the clients of the SDK make it.
func ExampleSTS_Handle() {
	t := &exampleT{} // in a test: the *testing.T
	defer t.end()

	const role = "arn:aws:iam::123456789012:role/deploy"
	iss := idptest.NewIssuer(t, nil)
	fake := awsfedtest.New(t, iss, role)
	fake.Handle("execute-api", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller, _ := awsfedtest.CallerFrom(r.Context())
		fmt.Fprintf(w, "%s in %s", caller.RoleARN, caller.Region)
	}))

	p, err := awsfed.New(fake, role, iss.TokenSource("sts.amazonaws.com"))
	if err != nil {
		t.Fatal(err)
	}
	creds, err := p.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://abc.execute-api.eu-central-1.amazonaws.com/prod", nil)
	if err != nil {
		t.Fatal(err)
	}
	const noBody = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" // its SHA-256
	for range 2 {
		if err := v4.NewSigner().SignHTTP(t.Context(), creds, r, noBody, "execute-api", "eu-central-1", time.Now()); err != nil {
			t.Fatal(err)
		}
		resp, err := fake.HTTPClient().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println(resp.StatusCode, string(body))
		fake.ExpireCredentials(creds.AccessKeyID)
	}
	// Output:
	// 200 arn:aws:iam::123456789012:role/deploy in eu-central-1
	// 400 {"__type":"ExpiredTokenException","message":"The security token included in the request is expired"}
}

// The service is down, and then it is up again.
func ExampleSTS_Outage() {
	t := &exampleT{} // in a test: the *testing.T
	defer t.end()

	const role = "arn:aws:iam::123456789012:role/deploy"
	iss := idptest.NewIssuer(t, nil)
	s := awsfedtest.New(t, iss, role)

	for _, down := range []bool{true, false} {
		s.Outage(down)
		_, err := s.AssumeRoleWithWebIdentity(t.Context(), &sts.AssumeRoleWithWebIdentityInput{
			RoleArn:          aws.String(role),
			RoleSessionName:  aws.String("ci"),
			WebIdentityToken: aws.String(iss.Sign(iss.Claims("sts.amazonaws.com"))),
		}, func(o *sts.Options) { o.Retryer = aws.NopRetryer{} })
		fmt.Println(err == nil)
	}
	for _, c := range s.Calls() {
		fmt.Println(c.Number, c.Action, c.Status, c.Code)
	}
	// Output:
	// false
	// true
	// 1 AssumeRoleWithWebIdentity 500 InternalFailure
	// 2 AssumeRoleWithWebIdentity 200
}

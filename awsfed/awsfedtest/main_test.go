package awsfedtest_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"go.uber.org/goleak"

	"github.com/onafed/onafed/awsfed/awsfedtest"
	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/idp/idptest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	account  = "123456789012"
	roleARN  = "arn:aws:iam::123456789012:role/ona/deploy"
	audience = "sts.amazonaws.com"
)

// policy parses a trust policy.
func policy(tb testing.TB, document string) trust.Policy {
	tb.Helper()
	p, err := trust.Parse([]byte(document))
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// orgPolicy returns a trust policy that allows the organization of idptest. actions are more
// actions, each with a comma before it.
func orgPolicy(tb testing.TB, actions string) trust.Policy {
	tb.Helper()
	return policy(tb, `{"Version": "2012-10-17", "Statement": [{
		"Effect": "Allow",
		"Principal": {"Federated": "arn:aws:iam::123456789012:oidc-provider/app.gitpod.io"},
		"Action": ["sts:AssumeRoleWithWebIdentity"`+actions+`],
		"Condition": {
			"StringEquals": {"app.gitpod.io:aud": "sts.amazonaws.com"},
			"StringLike": {"app.gitpod.io:sub": "org:`+idptest.OrganizationID+`/*"}
		}
	}]}`)
}

// setup returns an STS with one role and its issuer.
func setup(tb testing.TB) (*awsfedtest.STS, *idptest.Issuer) {
	tb.Helper()
	iss := idptest.NewIssuer(tb, nil)
	s, err := awsfedtest.NewSTS(&awsfedtest.STSOptions{
		HTTPClient: iss.Client(),
		Providers:  []awsfedtest.Provider{{URL: iss.URL, ClientIDs: []string{audience}, Account: account}},
		Roles:      []awsfedtest.Role{{ARN: roleARN, TrustPolicy: orgPolicy(tb, "")}},
	})
	if err != nil {
		tb.Fatal(err)
	}
	return s, iss
}

// input returns a call that succeeds with a valid token.
func input(token string) *sts.AssumeRoleWithWebIdentityInput {
	return &sts.AssumeRoleWithWebIdentityInput{
		RoleArn: aws.String(roleARN), RoleSessionName: aws.String("env-" + idptest.EnvironmentID), WebIdentityToken: aws.String(token),
	}
}

// once disables the retries of the SDK, so that one call is one request.
func once(o *sts.Options) { o.Retryer = aws.NopRetryer{} }

// assume assumes the role, and returns the response and a provider of its credentials.
func assume(tb testing.TB, s *awsfedtest.STS, iss *idptest.Issuer) (*sts.AssumeRoleWithWebIdentityOutput, aws.CredentialsProvider) {
	tb.Helper()
	out, err := s.AssumeRoleWithWebIdentity(tb.Context(), input(iss.Sign(iss.Claims(audience))), once)
	if err != nil {
		tb.Fatal(err)
	}
	return out, static(*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken)
}

func static(key, secret, token string) aws.CredentialsProvider {
	return credentials.NewStaticCredentialsProvider(key, secret, token)
}

// A refusal is the content of an error response.
type refusal struct {
	Code, Message string
	Status        int
}

func refusalOf(err error) refusal {
	var r refusal
	var api smithy.APIError
	if errors.As(err, &api) {
		r.Code, r.Message = api.ErrorCode(), api.ErrorMessage()
	}
	var resp *smithyhttp.ResponseError
	if errors.As(err, &resp) {
		r.Status = resp.HTTPStatusCode()
	}
	return r
}

func lastCall(tb testing.TB, s *awsfedtest.STS) awsfedtest.Call {
	tb.Helper()
	calls := s.Calls()
	if len(calls) == 0 {
		tb.Fatal("no call was logged")
	}
	return calls[len(calls)-1]
}

func mustJSON(tb testing.TB, v any) []byte {
	tb.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

package trust_test

import (
	"fmt"
	"log"
	"strings"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/claims"
)

// The token, and the policy for all environments of an organization, are from Ona's page about AWS.
const (
	pageToken = `{
	"aud": "sts.amazonaws.com",
	"exp": 1740517845,
	"iat": 1740514245,
	"iss": "https://app.gitpod.io",
	"org": "0191e223-1c3c-7607-badf-303c98b52d2f",
	"sub": "org:0191e223-1c3c-7607-badf-303c98b52d2f/prj:019527e4-75d5-704d-a5a4-a2b52cf56198/env:019527e4-75d5-704d-a5a4-a2b52cf56196"
}`
	pagePolicy = `{
	"Version": "2012-10-17",
	"Statement": [
		{
			"Effect": "Allow",
			"Principal": {
				"Federated": "arn:aws:iam::981341800645:oidc-provider/app.gitpod.io"
			},
			"Action": "sts:AssumeRoleWithWebIdentity",
			"Condition": {
				"StringEquals": {
					"app.gitpod.io:aud": "sts.amazonaws.com"
				},
				"StringLike": {
					"app.gitpod.io:sub": "org:0191e223-1c3c-7607-badf-303c98b52d2f/*"
				}
			}
		}
	]
}`
)

func ExamplePolicy_Evaluate() {
	policy, err := trust.Parse([]byte(pagePolicy))
	if err != nil {
		log.Fatal(err)
	}
	token, err := claims.Parse([]byte(pageToken))
	if err != nil {
		log.Fatal(err)
	}
	request := trust.NewRequest(token, trust.Params{RoleARN: "arn:aws:iam::981341800645:role/ona"})
	decision := policy.Evaluate(request)
	fmt.Println(decision.Outcome)
	fmt.Println(decision.Explain().Reason)
	// Output:
	// Allowed
	// statement 1 allows sts:AssumeRoleWithWebIdentity
}

// The organization changed to V3 tokens, and the policy names V2 subjects.
func ExampleDecision_Explain() {
	policy, err := trust.Parse([]byte(pagePolicy))
	if err != nil {
		log.Fatal(err)
	}
	token, err := claims.Parse([]byte(`{
		"iss": "https://app.gitpod.io",
		"aud": ["sts.amazonaws.com"],
		"exp": 1740517845,
		"iat": 1740514245,
		"sub": "organization_id:0191e223-1c3c-7607-badf-303c98b52d2f:project_id:019527e4-75d5-704d-a5a4-a2b52cf56198"
	}`))
	if err != nil {
		log.Fatal(err)
	}
	request := trust.NewRequest(token, trust.Params{RoleARN: "arn:aws:iam::981341800645:role/ona"})
	fmt.Print(policy.Evaluate(request).Explain().Text())
	// Output:
	// Denied: no statement allows sts:AssumeRoleWithWebIdentity; nearest is statement 1, where StringLike on app.gitpod.io:sub does not hold: the policy names V2 subjects (org:.../...), the subject of the token is V3 (organization_id:...): the organization changed its token format
	// role      "arn:aws:iam::981341800645:role/ona"
	// provider  "arn:aws:iam::981341800645:oidc-provider/app.gitpod.io"
	// statement 1, Allow: does not apply
	//   + principal "arn:aws:iam::981341800645:oidc-provider/app.gitpod.io"
	//   + action sts:AssumeRoleWithWebIdentity
	//   + StringEquals app.gitpod.io:aud
	//       needed   "sts.amazonaws.com"
	//       got      "sts.amazonaws.com"
	//   - StringLike app.gitpod.io:sub
	//       needed   "org:0191e223-1c3c-7607-badf-303c98b52d2f/*"
	//       got      "organization_id:0191e223-1c3c-7607-badf-303c98b52d2f:project_id:019527e4-75d5-704d-a5a4-a2b52cf56198"
	//       why      no value matches
	//       hint     the policy names V2 subjects (org:.../...), the subject of the token is V3 (organization_id:...): the organization changed its token format
	// not evaluated:
	//   the identity provider in the role's account: that it exists, and that the audience of the token is one of its client IDs
	//   the token's signature, issue time and expiry
	//   resource control policies (RCPs) of the organization and the policy of a VPC endpoint
	//   the role itself: that it exists, its maximum session duration, and its permissions
	//   roles that are assumed from this one (role chaining), and changes that IAM has not propagated yet
}

func ExampleIssuerKeys() {
	fmt.Println(trust.IssuerKeys("https://app.gitpod.io"))
	// Output:
	// [amr aud email oaud sub]
}

// Each pair of an identity and a role is one request. No token is needed, only its claims.
func ExampleNewRequest_identities() {
	policy, err := trust.Parse([]byte(pagePolicy))
	if err != nil {
		log.Fatal(err)
	}
	for _, sub := range []string{
		"org:0191e223-1c3c-7607-badf-303c98b52d2f/env:019527e4-75d5-704d-a5a4-a2b52cf56196",
		"org:0191e223-1c3c-7607-badf-0000000000ff/env:019527e4-75d5-704d-a5a4-a2b52cf56196",
	} {
		caller := claims.Claims{Issuer: "https://app.gitpod.io", Audience: []string{"sts.amazonaws.com"}, Subject: sub}
		decision := policy.Evaluate(trust.NewRequest(caller, trust.Params{RoleARN: "arn:aws:iam::981341800645:role/deploy"}))
		fmt.Println(claims.RedactSubject(sub), decision.Outcome)
	}
	// Output:
	// org:0191e223-1c3c-7607-badf-303c98b52d2f/env:019527e4-75d5-704d-a5a4-a2b52cf56196 Allowed
	// org:0191e223-1c3c-7607-badf-0000000000ff/env:019527e4-75d5-704d-a5a4-a2b52cf56196 Denied
}

// A policy with a provider for Ona's web application in place of the issuer of its tokens.
func ExampleSuggestion() {
	policy, err := trust.Parse([]byte(strings.ReplaceAll(pagePolicy, "app.gitpod.io", "app.ona.com")))
	if err != nil {
		log.Fatal(err)
	}
	token, err := claims.Parse([]byte(pageToken))
	if err != nil {
		log.Fatal(err)
	}
	request := trust.NewRequest(token, trust.Params{RoleARN: "arn:aws:iam::981341800645:role/ona"})
	if s := policy.Evaluate(request).Explain().Suggestion; s != nil {
		for _, c := range s.Changes {
			fmt.Println(c.Message)
		}
		fmt.Println(s.Policy.Evaluate(request).Outcome)
	}
	// Output:
	// add the provider "arn:aws:iam::981341800645:oidc-provider/app.gitpod.io" to the principal
	// in StringEquals on app.ona.com:aud use the key app.gitpod.io:aud
	// in StringLike on app.ona.com:sub use the key app.gitpod.io:sub
	// Allowed
}

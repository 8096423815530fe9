package trust_test

import (
	"errors"
	"fmt"

	"github.com/onafed/onafed/awsfed/trust"
)

func ExampleParse() {
	policy, err := trust.Parse([]byte(`{
	"Version": "2012-10-17",
	"Statement": {
		"Effect": "Allow",
		"Principal": {"Federated": "arn:aws:iam::123456789012:oidc-provider/app.gitpod.io"},
		"Action": "sts:AssumeRoleWithWebIdentity",
		"Condition": {"StringLike": {"app.gitpod.io:sub": "org:0191e223-1c3c-7607-badf-303c98b52d2f/*"}}
	}
}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range policy.Statements {
		fmt.Println(s.Effect, s.Principal.Federated[0])
		for _, c := range s.Conditions {
			fmt.Println(c.Operator, c.Key, c.Values)
		}
	}
	fmt.Println(policy.Size(), "characters")
	// Output:
	// Allow arn:aws:iam::123456789012:oidc-provider/app.gitpod.io
	// StringLike app.gitpod.io:sub [org:0191e223-1c3c-7607-badf-303c98b52d2f/*]
	// 272 characters
}

// The error has the position of what IAM rejects.
func ExampleParseError() {
	_, err := trust.Parse([]byte(`{
	"Version": "2012-10-17",
	"Statement": [{"Effect": "allow"}]
}`))
	var pe *trust.ParseError
	if errors.As(err, &pe) {
		fmt.Println(pe.Line, pe.Column, pe.Element)
	}
	fmt.Println(err)
	// Output:
	// 3 27 Statement[0].Effect
	// trust: line 3, column 27: Statement[0].Effect: "allow" is not an effect: use Allow or Deny, in this letter case
}

func ExampleProviderARN() {
	arn, err := trust.ProviderARN("aws", "123456789012", "https://app.gitpod.io")
	fmt.Println(arn, err)
	arn, err = trust.ProviderARN("aws-cn", "123456789012", "https://auth.example/")
	fmt.Println(arn, err)
	// Output:
	// arn:aws:iam::123456789012:oidc-provider/app.gitpod.io <nil>
	// arn:aws-cn:iam::123456789012:oidc-provider/auth.example/ <nil>
}

func ExampleConditionKey() {
	fmt.Println(trust.ConditionKey("https://app.gitpod.io", "sub"))
	fmt.Println(trust.ConditionKey("https://auth.example/", "aud"))
	// Output:
	// app.gitpod.io:sub
	// auth.example/:aud
}

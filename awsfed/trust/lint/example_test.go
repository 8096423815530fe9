package lint_test

import (
	"fmt"
	"log"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/awsfed/trust/lint"
)

// The policy requires only the audience, which all organizations of Ona share.
func ExamplePolicy() {
	policy, err := trust.Parse([]byte(`{
		"Version": "2012-10-17",
		"Statement": {
			"Effect": "Allow",
			"Principal": {"Federated": "arn:aws:iam::981341800645:oidc-provider/app.gitpod.io"},
			"Action": "sts:AssumeRoleWithWebIdentity",
			"Condition": {"StringEquals": {"app.gitpod.io:aud": "sts.amazonaws.com"}}
		}
	}`))
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range lint.Policy(policy) {
		fmt.Printf("%s: %s: %s\n", f.Severity, f.ID, f.Message)
	}
	// Output:
	// error: missing-subject: no condition limits the subjects of app.gitpod.io
}

func ExampleFinding_Fix() {
	policy, err := trust.Build(trust.Rule{
		Account:      "981341800645",
		Organization: "0191e223-1c3c-7607-badf-303c98b52d2f",
	})
	if err != nil {
		log.Fatal(err)
	}
	policy.Statements[0].Conditions[1].Operator = "StringLikeIfExists"
	for _, f := range lint.Policy(policy) {
		if fixed, ok := f.Fix(); ok && !f.Widens {
			fmt.Println(f.ID, "fixed:", fixed.Statements[0].Conditions[1].Operator)
		}
	}
	// Output:
	// if-exists-fails-open fixed: StringLike
}

// The second role of a chain trusts an account that is not its own.
func ExampleRolePolicy() {
	policy, err := trust.Parse([]byte(`{
		"Version": "2012-10-17",
		"Statement": {
			"Effect": "Allow",
			"Principal": {"AWS": "arn:aws:iam::123456789012:root"},
			"Action": "sts:AssumeRole"
		}
	}`))
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range lint.RolePolicy(policy, "arn:aws:iam::210987654321:role/next") {
		fmt.Printf("%s: %s: %s\n", f.Severity, f.ID, f.Message)
	}
	// Output:
	// warning: missing-external-id: the principal "arn:aws:iam::123456789012:root" is of another account, and no condition requires an external ID
}

package trust_test

import (
	"fmt"

	"github.com/onafed/onafed/awsfed/trust"
)

// The trust policy of the second role in a chain.
func ExampleNewAssumeRoleRequest() {
	policy, err := trust.Parse([]byte(`{
		"Version": "2012-10-17",
		"Statement": [{
			"Effect": "Allow",
			"Principal": {"AWS": "arn:aws:iam::123456789012:role/deploy"},
			"Action": "sts:AssumeRole",
			"Condition": {"StringEquals": {"sts:ExternalId": "example"}}
		}]
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	first := trust.RoleSession{RoleARN: "arn:aws:iam::123456789012:role/deploy", Name: "ci"}
	for _, call := range []trust.AssumeRoleParams{
		{RoleARN: "arn:aws:iam::210987654321:role/next", SessionName: "ci", ExternalID: "example"},
		{RoleARN: "arn:aws:iam::210987654321:role/next", SessionName: "ci"},
	} {
		decision := policy.Evaluate(trust.NewAssumeRoleRequest(first, call))
		fmt.Println(decision.Outcome)
		fmt.Println(decision.Explain().Reason)
	}
	// Output:
	// Allowed
	// statement 1 allows sts:AssumeRole
	// Denied
	// no statement allows sts:AssumeRole; nearest is statement 1, where StringEquals on sts:ExternalId does not hold: the policy requires an external ID, and the call has none
}

package trust_test

import (
	"fmt"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/claims"
)

// Allow the environments of one project, with V2 tokens.
func ExampleBuild() {
	policy, err := trust.Build(trust.Rule{
		Account:      "123456789012",
		Organization: "0191e223-1c3c-7607-badf-303c98b52d2f",
		Project:      "019527e4-75d5-704d-a5a4-a2b52cf56198",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(policy)
	// Output:
	// {
	// 	"Version": "2012-10-17",
	// 	"Statement": [
	// 		{
	// 			"Effect": "Allow",
	// 			"Principal": {
	// 				"Federated": "arn:aws:iam::123456789012:oidc-provider/app.gitpod.io"
	// 			},
	// 			"Action": "sts:AssumeRoleWithWebIdentity",
	// 			"Condition": {
	// 				"StringEquals": {
	// 					"app.gitpod.io:aud": "sts.amazonaws.com"
	// 				},
	// 				"StringLike": {
	// 					"app.gitpod.io:sub": "org:0191e223-1c3c-7607-badf-303c98b52d2f/prj:019527e4-75d5-704d-a5a4-a2b52cf56198/*"
	// 				}
	// 			}
	// 		}
	// 	]
	// }
}

// Allow one environment, with V2 and V3 tokens. The V3 subject of an environment in a project contains
// the environment only as an extra field.
func ExampleBuild_bothFormats() {
	layout, err := claims.NewLayout("environment_id")
	if err != nil {
		fmt.Println(err)
		return
	}
	policy, err := trust.Build(trust.Rule{
		Account:      "123456789012",
		Organization: "0191e223-1c3c-7607-badf-303c98b52d2f",
		Project:      "019527e4-75d5-704d-a5a4-a2b52cf56198",
		Environment:  "019527e4-75d5-704d-a5a4-a2b52cf56196",
		Format:       trust.FormatBoth,
		Layout:       layout,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range policy.Statements[0].Conditions {
		fmt.Println(c.Operator, c.Key)
		for _, v := range c.Values {
			fmt.Println("  " + v)
		}
	}
	// Output:
	// StringEquals app.gitpod.io:aud
	//   sts.amazonaws.com
	// StringEquals app.gitpod.io:sub
	//   org:0191e223-1c3c-7607-badf-303c98b52d2f/prj:019527e4-75d5-704d-a5a4-a2b52cf56198/env:019527e4-75d5-704d-a5a4-a2b52cf56196
	//   organization_id:0191e223-1c3c-7607-badf-303c98b52d2f:project_id:019527e4-75d5-704d-a5a4-a2b52cf56198:environment_id:019527e4-75d5-704d-a5a4-a2b52cf56196
}

// Users choose their names. If a name precedes the ID that the rule requires, no pattern is safe.
func ExampleBuild_refused() {
	layout, err := claims.NewLayout("creator_name", "creator_id")
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = trust.Build(trust.Rule{
		Account:      "123456789012",
		Organization: "0191e223-1c3c-7607-badf-303c98b52d2f",
		Creator:      "0191e223-1c3c-7607-badf-303c98b52d30",
		Format:       trust.FormatV3,
		Layout:       layout,
	})
	fmt.Println(err)
	// Output:
	// trust: rule 0: Layout: the extra field creator_name precedes a field that is needed, and its values have no fixed length, so a value could imitate that field: configure it after the fields with IDs
}

// Thirty projects do not fit into the policy of one role.
func ExampleBuildAll() {
	var rules []trust.Rule
	for i := range 30 {
		rules = append(rules, trust.Rule{
			Account:      "123456789012",
			Organization: "0191e223-1c3c-7607-badf-303c98b52d2f",
			Project:      fmt.Sprintf("019527e4-75d5-704d-a5a4-%012x", i),
		})
	}
	policies, err := trust.BuildAll(0, rules...)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range policies {
		fmt.Printf("%d projects in %d characters\n", len(p.Statements[0].Conditions[1].Values), p.Size())
	}
	// Output:
	// 20 projects in 2008 characters
	// 10 projects in 1148 characters
}

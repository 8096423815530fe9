// Command trust-policy uses package trust to build policies and to explain why they refuse a token,
// and package lint to find what is wrong with a policy that allows too many tokens.
//
//	go run ./examples/trust-policy
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/awsfed/trust/lint"
	"github.com/onafed/onafed/claims"
)

func main() {
	if err := run(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "trust-policy:", err)
		os.Exit(1)
	}
}

func run(out io.Writer) error {
	// The claims of a token of an organization that uses V3.
	c, err := claims.Parse([]byte(`{
		"iss": "https://app.gitpod.io", "aud": ["sts.amazonaws.com"], "iat": 1740514245, "exp": 1740517845,
		"sub": "organization_id:0191e223-1c3c-7607-badf-303c98b52d2f:project_id:019527e4-75d5-704d-a5a4-a2b52cf56198",
		"organization_id": "0191e223-1c3c-7607-badf-303c98b52d2f",
		"project_id": "019527e4-75d5-704d-a5a4-a2b52cf56198",
		"environment_id": "019527e4-75d5-704d-a5a4-a2b52cf56196"}`))
	if err != nil {
		return err
	}
	request := trust.NewRequest(c, trust.Params{RoleARN: "arn:aws:iam::981241700645:role/deploy"})

	rule := trust.Rule{Account: "981241700645", Organization: c.OrganizationID, Project: c.ProjectID}
	for _, f := range []struct {
		name   string
		format trust.Format
	}{{"V2", trust.FormatV2}, {"V2 and V3", trust.FormatBoth}} {
		rule.Format = f.format
		policy, err := trust.Build(rule)
		if err != nil {
			return err
		}
		decision := policy.Evaluate(request)
		fmt.Fprintf(out, "a policy for %s subjects: %s\n  %s\n", f.name, decision.Outcome, decision.Explain().Reason)
	}

	// A common mistake: a policy without a condition on the subject.
	open, err := trust.Parse([]byte(`{"Version": "2012-10-17", "Statement": {
		"Effect": "Allow",
		"Principal": {"Federated": "arn:aws:iam::981241700645:oidc-provider/app.gitpod.io"},
		"Action": "sts:AssumeRoleWithWebIdentity",
		"Condition": {"StringEquals": {"app.gitpod.io:aud": "sts.amazonaws.com"}}}}`))
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "a policy without a subject: %s\n", open.Evaluate(request).Outcome)
	for _, f := range lint.Policy(open) {
		fmt.Fprintf(out, "  %s: %s: %s\n", f.Severity, f.ID, f.Message)
	}
	return nil
}

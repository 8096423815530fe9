package lint_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/awsfed/trust/lint"
)

// Each value of a condition on the subject has its finding, or none.
func TestSubjectValues(t *testing.T) {
	t.Parallel()
	const (
		ona   = "app.gitpod.io"
		org   = "org:0191e223-1c3c-7607-badf-303c98b52d2f"
		orgV3 = "organization_id:0191e223-1c3c-7607-badf-303c98b52d2f"
	)
	for _, tt := range []struct {
		name, host, operator, value string
		id, message                 string // message is empty if there is no finding
	}{
		{"an escape is not a wildcard", github, "StringLike", "repo:octo-org${*}/repo:*", lint.OrganizationSeparator, ""},
		{"a wildcard behind the name", github, "StringLike", "repo:octo-org*/repo:*", lint.OrganizationSeparator, "continues the tenant's name"},
		{"a wildcard in place of Ona's tenant", ona, "StringLike", "org:*", lint.OpenSubject, "before the end of the organization's ID"},
		{"a wildcard in place of another tenant", github, "StringLike", "repo:*", lint.OpenSubject, "before the end of the tenant"},
		{"text that is escaped", ona, "StringLike", orgV3 + ":creator_name:a${?}b:*x", lint.UserText, ""},
		{"text of a variable", ona, "StringLike", orgV3 + ":creator_name:${aws:username}*x", lint.UserText, ""},
		{"text that a user chooses", ona, "StringLike", orgV3 + ":creator_name:a*x", lint.UserText, "required text follows a wildcard"},
		{"alternatives in braces", github, "StringLike", "repo:octo-org/{a,b}:*", lint.Braces, "plain text"},
		{"alternatives in braces of an ARN", github, "ArnLike", "repo:octo-org/{a,b}:*", lint.Braces, "plain text"},
		{"alternatives in braces of a number", github, "NumericEquals", "{1,2}", lint.Braces, ""},
		{"braces without an end", github, "StringLike", "repo:octo-org/{a,b:*", lint.Braces, ""},
		{"braces without a beginning", github, "StringLike", "repo:octo-org/a,b}:*", lint.Braces, ""},
		{"the organization", ona, "StringLike", org + "/*", lint.OrganizationWide, "the whole organization"},
	} {
		p := trust.Policy{Version: "2012-10-17", Statements: []trust.Statement{{
			Effect: trust.Allow, Principal: trust.Principal{Federated: []string{"arn:aws:iam::123456789012:oidc-provider/" + tt.host}},
			Actions:    []string{"sts:AssumeRoleWithWebIdentity"},
			Conditions: []trust.Condition{{Operator: tt.operator, Key: tt.host + ":sub", Values: []string{tt.value}}},
		}}}
		message := ""
		for _, f := range lint.Policy(p) {
			if f.ID == tt.id {
				message = f.Message
			}
		}
		if (message != "") != (tt.message != "") || !strings.Contains(message, tt.message) {
			t.Errorf("%s: the finding %s is %q, want %q", tt.name, tt.id, message, tt.message)
		}
	}
}

// Of two values that match the same, the later one is redundant.
func TestRedundantValueIsTheLaterOne(t *testing.T) {
	t.Parallel()
	for _, values := range [][]string{{"repo:octo-org/*", "repo:octo-org/**"}, {"repo:octo-org/**", "repo:octo-org/*"}} {
		p := trust.Policy{Version: "2012-10-17", Statements: []trust.Statement{{
			Effect: trust.Allow, Principal: trust.Principal{Federated: []string{"arn:aws:iam::123456789012:oidc-provider/" + github}},
			Actions:    []string{"sts:AssumeRoleWithWebIdentity"},
			Conditions: []trust.Condition{{Operator: "StringLike", Key: github + ":sub", Values: slices.Clone(values)}},
		}}}
		if f := one(t, p, lint.RedundantValue); f.Value != values[1] {
			t.Errorf("%q: the finding is about %q, want %q", values, f.Value, values[1])
		}
	}
}

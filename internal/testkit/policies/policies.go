// Package policies has trust policies, and tokens that ask for them, for tests. Only tests import
// it.
package policies

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/onafed/onafed/awsfed/trust"
)

// ProviderARN is the provider that the policies trust.
const ProviderARN = "arn:aws:iam::123456789012:oidc-provider/app.gitpod.io"

// OnSubject returns a policy with one statement and one condition on the subject.
func OnSubject(effect trust.Effect, operator string, values ...string) trust.Policy {
	return trust.Policy{Version: "2012-10-17", Statements: []trust.Statement{{
		Effect: effect, Actions: []string{"sts:AssumeRoleWithWebIdentity"},
		Principal:  trust.Principal{Federated: []string{ProviderARN}},
		Conditions: []trust.Condition{{Operator: operator, Key: "app.gitpod.io:sub", Values: values}},
	}}}
}

// Parse returns the policy in a document.
func Parse(tb testing.TB, document []byte) trust.Policy {
	tb.Helper()
	p, err := trust.Parse(document)
	if err != nil {
		tb.Fatalf("Parse(%s): %v", document, err)
	}
	return p
}

// Random makes policies of parts, each of which is correct or wrong in some way.
type Random struct{ *rand.Rand }

// NewRandom returns a Random that makes the same policies for the same seed.
func NewRandom(seed uint64) Random {
	return Random{rand.New(rand.NewPCG(seed, seed+1))} //nolint:gosec // tests need the same policies each time
}

// Pick returns one element of list.
func Pick[T any](r Random, list ...T) T { return list[r.IntN(len(list))] }

// Policy returns a policy.
func (r Random) Policy() trust.Policy {
	p := trust.Policy{Version: Pick(r, "2012-10-17", "2012-10-17", "2008-10-17", "")}
	for range 1 + r.IntN(2) {
		p.Statements = append(p.Statements, r.statement())
	}
	return p
}

func (r Random) statement() trust.Statement {
	s := trust.Statement{Effect: Pick(r, trust.Allow, trust.Allow, trust.Deny)}
	s.Principal = Pick(r,
		trust.Principal{Federated: []string{ProviderARN}},
		trust.Principal{Federated: []string{ProviderARN}},
		trust.Principal{Any: true}, trust.Principal{AWS: []string{"*"}}, trust.Principal{Federated: []string{"*"}},
		trust.Principal{Federated: []string{"arn:aws:iam::123456789012:oidc-provider/x.example", ProviderARN}})
	if r.IntN(8) == 0 {
		s.NotActions = []string{Pick(r, "sts:AssumeRole", "sts:*")}
	} else {
		s.Actions = []string{Pick(r, "sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithWebIdentity", "sts:*", "sts:AssumeRole")}
	}
	for range r.IntN(3) {
		c := r.condition()
		if !slices.ContainsFunc(s.Conditions, func(d trust.Condition) bool { return d.Operator == c.Operator && d.Key == c.Key }) {
			s.Conditions = append(s.Conditions, c)
		}
	}
	if r.IntN(6) == 0 {
		s.Conditions = append(s.Conditions, trust.Condition{
			Operator: "Null", Key: Pick(r, "app.gitpod.io:sub", "app.gitpod.io:org"), Values: []string{Pick(r, "true", "false", "True")},
		})
	}
	return s
}

func (r Random) condition() trust.Condition {
	c := trust.Condition{
		Operator: Pick(r, "", "", "", "", "ForAllValues:", "ForAnyValue:") +
			Pick(r, "StringLike", "StringLike", "StringEquals", "StringEqualsIgnoreCase", "StringNotLike", "StringNotEquals",
				"ArnLike", "ArnNotLike", "NumericNotEquals") +
			Pick(r, "", "", "", "", "IfExists"),
		Key: Pick(r, "app.gitpod.io:sub", "app.gitpod.io:sub", "app.gitpod.io:sub", "App.Gitpod.io:SUB", "https://app.gitpod.io:sub",
			"app.gitpod.io:organization_id", "app.ona.com:sub", "aws:PrincipalOrgID", "app.gitpod.io/:sub"),
	}
	for range 1 + r.IntN(2) {
		c.Values = append(c.Values, r.subject())
	}
	return c
}

// subject returns a value of a condition on sub.
func (r Random) subject() string {
	tenant := Pick(r, "org:"+Org, "organization_id:"+Org, "org:*", "organization_id:*", "org:"+Org[:8]+"*",
		"org:"+Org[:len(Org)-1]+"?", "*", "?rg:"+Org, "o*", "account_id:*", "${aws:none, 'org:'}", "", "environment:"+Org, "environment:*")
	middle := Pick(r, "", "/", ":", "/*", ":*", "*", "/prj:"+Project, ":project_id:"+Project, "/*/env:"+Environment,
		":*:environment_id:"+Environment, ":*:project_id:"+Project, "${sts:RoleSessionName}", "${*}")
	return tenant + middle + Pick(r, "", "/*", ":*", "*", "/env:"+Environment, ":creator_name:B*")
}

// Hostile returns policies that are made to be slow: patterns that need many attempts, and many
// rules that AWS does not document.
func Hostile() map[string]trust.Policy {
	policy := func(conditions ...trust.Condition) trust.Policy {
		return trust.Policy{Version: "2012-10-17", Statements: []trust.Statement{{
			Effect: trust.Allow, Principal: trust.Principal{Federated: []string{"*"}}, Actions: []string{"sts:*"}, Conditions: conditions,
		}}}
	}
	var many []string
	for i := range 500 {
		many = append(many, "*a*"+string(rune('a'+i%26))+"?*b")
	}
	var undocumented []trust.Condition
	for i := range 120 {
		undocumented = append(undocumented, trust.Condition{
			Operator: "ForAllValues:StringNotLike", Key: "x:" + strings.Repeat("k", i), Values: []string{"${aws:SourceVpc}" + strings.Repeat("?", i%9)},
		})
	}
	long := strings.Repeat("*a?", 2600)
	return map[string]trust.Policy{
		"many patterns":      policy(trust.Condition{Operator: "StringLike", Key: "app.gitpod.io:sub", Values: many}),
		"one long pattern":   policy(trust.Condition{Operator: "StringLike", Key: "app.gitpod.io:sub", Values: []string{long}}),
		"undocumented rules": policy(undocumented...),
		"ARN patterns":       policy(trust.Condition{Operator: "ArnLike", Key: "app.gitpod.io:sub", Values: many}),
	}
}

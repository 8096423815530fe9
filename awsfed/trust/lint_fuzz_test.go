package trust_test

import (
	"strings"
	"testing"

	"github.com/onafed/onafed/awsfed/trust"
)

// Whatever policy can be read can be linted, fixed, migrated and evaluated, and
// what comes out can be read again.
func FuzzLintAndMigrate(f *testing.F) {
	for i, v := range lintVectors(f) {
		if i%4 == 0 {
			f.Add([]byte(v.Policy))
		}
	}
	f.Add([]byte(pagePolicy))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 4000 {
			t.Skip("slow")
		}
		p, err := trust.Parse(data)
		if err != nil {
			return
		}
		before := p.String()
		policies := []trust.Policy{}
		for _, finding := range trust.Lint(p) {
			if q, ok := finding.Fix(); ok {
				policies = append(policies, q)
			}
		}
		m := trust.Migrate(p, nil)
		policies = append(policies, m.Both)
		if len(m.After.Statements) > 0 {
			policies = append(policies, m.After)
		}
		_ = m.Text()
		for _, q := range policies {
			if q.Size() > trust.MaxSize {
				continue // a migration makes a policy longer
			}
			if back, err := trust.Parse([]byte(q.String())); err != nil || !back.Equal(q) {
				t.Errorf("Parse(%s): %v", q, err)
			}
		}
		for _, c := range strangersAndFriends(t)[:4] {
			d := p.Evaluate(trust.NewRequest(c, trust.Params{RoleARN: "arn:aws:iam::123456789012:role/x"}))
			if d.Explain().Text() == "" || d.Explain().Reason == "" {
				t.Error("no explanation")
			}
		}
		if p.String() != before {
			t.Error("the policy changed")
		}
	})
}

// A policy that is as long as can be, made to be slow: patterns that go back
// often, open questions by the hundred, subjects as long as a token.
func TestHostilePoliciesEnd(t *testing.T) {
	t.Parallel()
	var many []string
	for i := range 500 {
		many = append(many, "*a*"+string(rune('a'+i%26))+"?*b")
	}
	long := strings.Repeat("a", 20_000)
	policy := func(conditions ...trust.Condition) trust.Policy {
		return trust.Policy{Version: "2012-10-17", Statements: []trust.Statement{{
			Effect: trust.Allow, Principal: trust.Principal{Federated: []string{"*"}}, Actions: []string{"sts:*"}, Conditions: conditions,
		}}}
	}
	var open []trust.Condition
	for i := range 120 {
		open = append(open, trust.Condition{Operator: "ForAllValues:StringNotLike", Key: "x:" + strings.Repeat("k", i), Values: []string{"${aws:SourceVpc}" + strings.Repeat("?", i%9)}})
	}
	for name, p := range map[string]trust.Policy{
		"patterns that go back": policy(trust.Condition{Operator: "StringLike", Key: "app.gitpod.io:sub", Values: many}),
		"one long pattern":      policy(trust.Condition{Operator: "StringLike", Key: "app.gitpod.io:sub", Values: []string{strings.Repeat("*a?", 2600)}}),
		"open questions":        policy(open...),
		"ARN patterns":          policy(trust.Condition{Operator: "ArnLike", Key: "app.gitpod.io:sub", Values: many}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := strangersAndFriends(t)[0]
			c.Subject = long
			// No time is measured: a blow-up would not end.
			p.Evaluate(trust.NewRequest(c, trust.Params{Account: "123456789012"}))
			trust.Lint(p)
			trust.Migrate(p, nil)
		})
	}
}

// What Build makes is what Lint asks for, and lets in nobody but the rule's own.
func TestBuiltPoliciesAreClean(t *testing.T) {
	t.Parallel()
	for _, format := range []trust.Format{trust.FormatV2, trust.FormatV3, trust.FormatBoth} {
		for _, extra := range [][]string{nil, {"environment_id"}, {"environment_id", "creator_name"}, {"creator_id", "environment_id"}} {
			for _, r := range []trust.Rule{
				{}, {Project: ownProject}, {Environment: ownEnv}, {Project: ownProject, Environment: ownEnv}, {User: ownUser}, {Creator: ownUser}, {Creator: "bob@example.com"},
			} {
				r.Account, r.Organization, r.Format, r.Layout = "123456789012", ownOrg, format, layoutOf(t, extra...)
				p, err := trust.Build(r)
				if err != nil {
					continue // not every rule can be told in every layout
				}
				for _, f := range trust.Lint(p) {
					if f.Severity != trust.SeverityNote && f.ID != trust.LintPersonalData {
						t.Errorf("%+v: %s: %s\n%s", r, f.ID, f.Message, p)
					}
				}
				for _, c := range strangersAndFriends(t) {
					d := p.Evaluate(trust.NewRequest(c, trust.Params{Account: "123456789012"}))
					if d.Outcome != trust.Denied && isStranger(c.Subject) {
						t.Errorf("%+v: %s is %s\n%s", r, c.Subject, d.Outcome, p)
					}
				}
			}
		}
	}
}

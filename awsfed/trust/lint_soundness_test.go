package trust_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/onafed/onafed/awsfed/trust"
)

// randomPolicies are made of parts that are each right or wrong in some way.
type randomPolicies struct{ *rand.Rand }

func pick[T any](r randomPolicies, list ...T) T { return list[r.IntN(len(list))] }

func (r randomPolicies) subject() string {
	o := pick(r, "org:"+ownOrg, "organization_id:"+ownOrg, "org:*", "organization_id:*", "org:"+ownOrg[:8]+"*",
		"org:"+ownOrg[:len(ownOrg)-1]+"?", "*", "?rg:"+ownOrg, "o*", "account_id:*", "${aws:none, 'org:'}", "", "environment:"+ownOrg, "environment:*")
	mid := pick(r, "", "/", ":", "/*", ":*", "*", "/prj:"+ownProject, ":project_id:"+ownProject, "/*/env:"+ownEnv,
		":*:environment_id:"+ownEnv, ":*:project_id:"+ownProject, "${sts:RoleSessionName}", "${*}")
	return o + mid + pick(r, "", "/*", ":*", "*", "/env:"+ownEnv, ":creator_name:B*")
}

func (r randomPolicies) condition() trust.Condition {
	c := trust.Condition{
		Operator: pick(r, "", "", "", "", "ForAllValues:", "ForAnyValue:") +
			pick(r, "StringLike", "StringLike", "StringEquals", "StringEqualsIgnoreCase", "StringNotLike", "StringNotEquals", "ArnLike", "ArnNotLike", "NumericNotEquals") +
			pick(r, "", "", "", "", "IfExists"),
		Key: pick(r, "app.gitpod.io:sub", "app.gitpod.io:sub", "app.gitpod.io:sub", "App.Gitpod.io:SUB", "https://app.gitpod.io:sub",
			"app.gitpod.io:organization_id", "app.ona.com:sub", "aws:PrincipalOrgID", "app.gitpod.io/:sub"),
	}
	for range 1 + r.IntN(2) {
		c.Values = append(c.Values, r.subject())
	}
	return c
}

func (r randomPolicies) policy() trust.Policy {
	p := trust.Policy{Version: pick(r, "2012-10-17", "2012-10-17", "2008-10-17", "")}
	for range 1 + r.IntN(2) {
		s := trust.Statement{Effect: pick(r, trust.Allow, trust.Allow, trust.Deny)}
		s.Principal = pick(r,
			trust.Principal{Federated: []string{"arn:aws:iam::123456789012:oidc-provider/app.gitpod.io"}},
			trust.Principal{Federated: []string{"arn:aws:iam::123456789012:oidc-provider/app.gitpod.io"}},
			trust.Principal{Any: true}, trust.Principal{AWS: []string{"*"}}, trust.Principal{Federated: []string{"*"}},
			trust.Principal{Federated: []string{"arn:aws:iam::123456789012:oidc-provider/x.example", "arn:aws:iam::123456789012:oidc-provider/app.gitpod.io"}})
		if r.IntN(8) == 0 {
			s.NotActions = []string{pick(r, "sts:AssumeRole", "sts:*")}
		} else {
			s.Actions = []string{pick(r, "sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithWebIdentity", "sts:*", "sts:AssumeRole")}
		}
		for range r.IntN(3) {
			c := r.condition()
			if !slices.ContainsFunc(s.Conditions, func(d trust.Condition) bool { return d.Operator == c.Operator && d.Key == c.Key }) {
				s.Conditions = append(s.Conditions, c)
			}
		}
		if r.IntN(6) == 0 {
			s.Conditions = append(s.Conditions, trust.Condition{Operator: "Null", Key: pick(r, "app.gitpod.io:sub", "app.gitpod.io:org"), Values: []string{pick(r, "true", "false", "True")}})
		}
		p.Statements = append(p.Statements, s)
	}
	return p
}

// Lint promises that a policy without an error lets in no token of another
// organization: neither surely nor under any reading of AWS's rules.
func TestPolicyWithoutErrorsKeepsStrangersOut(t *testing.T) {
	t.Parallel()
	r := randomPolicies{rand.New(rand.NewPCG(1, 2))}
	clean, open := 0, 0
	callers := strangersAndFriends(t)
	for range 3_000 {
		p := r.policy()
		if slices.ContainsFunc(trust.Lint(p), func(f trust.Finding) bool { return f.Severity == trust.SeverityError }) {
			open++
			continue
		}
		clean++
		for _, c := range callers {
			if c.Subject == "" || !isStranger(c.Subject) {
				continue
			}
			d := p.Evaluate(trust.NewRequest(c, trust.Params{RoleARN: "arn:aws:iam::123456789012:role/ona", SessionName: ownOrg + "/x"}))
			if d.Outcome != trust.Denied {
				t.Fatalf("no error, but %s is %s:\n%s\n%v", c.Subject, d.Outcome, p, trust.Lint(p))
			}
		}
	}
	if clean < 200 || open < 200 {
		t.Errorf("%d clean and %d open policies: the generator is lopsided", clean, open)
	}
}

func isStranger(sub string) bool {
	for _, head := range []string{"org:", "organization_id:", "account_id:", "environment:"} {
		if len(sub) > len(head) && sub[:len(head)] == head {
			return len(sub) < len(head)+len(ownOrg) || sub[len(head):len(head)+len(ownOrg)] != ownOrg
		}
	}
	return false
}

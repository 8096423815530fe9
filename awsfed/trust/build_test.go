package trust_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/onafed/onafed/awsfed/trust"
)

// Build makes the two policies of Ona's page for V2 tokens, byte by byte.
func TestBuildSeedPage(t *testing.T) {
	t.Parallel()
	for file, rule := range map[string]trust.Rule{
		"seed-organization.json": {Account: "981341800645", Organization: org},
		"seed-project.json":      {Account: "981241700645", Organization: org, Project: project},
	} {
		want, err := os.ReadFile("testdata/parse/" + file)
		if err != nil {
			t.Fatal(err)
		}
		p, err := trust.Build(rule)
		if err != nil {
			t.Fatalf("Build: %v", err)
		}
		if diff := cmp.Diff(string(want), p.String()+"\n"); diff != "" {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
		read, err := trust.Parse(want)
		if err != nil || !read.Equal(p) || read.String() != p.String() {
			t.Errorf("%s is another policy than the one built: %v, %v", file, read, err)
		}
	}
}

func TestBuildMergesRules(t *testing.T) {
	t.Parallel()
	a := trust.Rule{Account: "123456789012", Organization: org, Project: project}
	b := trust.Rule{Account: "123456789012", Organization: org, User: user}
	c := trust.Rule{Account: "123456789012", Organization: org, User: otherUser, Issuer: "https://auth.example/", Audience: "x", Partition: "aws-cn"}
	d := trust.Rule{Account: "123456789012", Organization: org, User: otherUser, Sid: "Tagged", MoreActions: []string{"sts:SetSourceIdentity", "sts:TagSession"}}
	p, err := trust.Build(a, c, b, a, d)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"Version":"2012-10-17","Statement":[` +
		`{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::123456789012:oidc-provider/app.gitpod.io"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":` +
		`{"StringEquals":{"app.gitpod.io:aud":"sts.amazonaws.com"},"StringLike":{"app.gitpod.io:sub":["org:` + org + `/prj:` + project + `/*","org:` + org + `/user:` + user + `"]}}},` +
		`{"Effect":"Allow","Principal":{"Federated":"arn:aws-cn:iam::123456789012:oidc-provider/auth.example/"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":` +
		`{"StringEquals":{"auth.example/:aud":"x","auth.example/:sub":"org:` + org + `/user:` + otherUser + `"}}},` +
		`{"Sid":"Tagged","Effect":"Allow","Principal":{"Federated":"arn:aws:iam::123456789012:oidc-provider/app.gitpod.io"},` +
		`"Action":["sts:AssumeRoleWithWebIdentity","sts:TagSession","sts:SetSourceIdentity"],"Condition":` +
		`{"StringEquals":{"app.gitpod.io:aud":"sts.amazonaws.com","app.gitpod.io:sub":"org:` + org + `/user:` + otherUser + `"}}}]}`
	got, err := p.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("Build (-want +got):\n%s", diff)
	}
}

func manyRules() []trust.Rule {
	var rules []trust.Rule
	for i := range 50 {
		rules = append(rules, trust.Rule{Account: "123456789012", Organization: org, Project: fmt.Sprintf("019527e4-75d5-704d-a5a4-%012x", i), Format: trust.FormatBoth})
	}
	return rules
}

func TestBuildAllSplitsBetweenRules(t *testing.T) {
	t.Parallel()
	policies, err := trust.BuildAll(0, manyRules()...)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i, p := range policies {
		if p.Size() > trust.DefaultSize {
			t.Errorf("policy %d has %d characters", i, p.Size())
		}
		checkPrinting(t, p)
		_, values := subjectCondition(t, p)
		if len(values)%3 != 0 {
			t.Errorf("policy %d contains a part of a rule: %d subjects", i, len(values))
		}
		got = append(got, values...)
	}
	if len(policies) < 3 || len(got) != 150 || !slices.IsSortedFunc(got, func(a, b string) int { return strings.Compare(idOf(a), idOf(b)) }) {
		t.Errorf("%d policies with %d subjects, or in another order", len(policies), len(got))
	}
}

func TestBuildAllOfOnePolicyIsBuild(t *testing.T) {
	t.Parallel()
	rules := manyRules()
	all, err := trust.BuildAll(trust.MaxSize, rules[:20]...)
	if err != nil || len(all) != 1 {
		t.Fatalf("BuildAll(MaxSize) = %d policies, %v", len(all), err)
	}
	one, err := trust.Build(rules[:20]...)
	if err != nil || !one.Equal(all[0]) {
		t.Errorf("BuildAll = %v, %v, want the policy of Build", all[0], err)
	}
	if _, err := trust.Build(rules...); err == nil {
		t.Error("Build of a policy that is too long returns no error")
	}
}

// A policy may be exactly as long as the limit.
func TestBuildLimits(t *testing.T) {
	t.Parallel()
	one := manyRules()[:1]
	p, err := trust.Build(one...)
	if err != nil {
		t.Fatal(err)
	}
	if all, err := trust.BuildAll(p.Size(), one...); err != nil || len(all) != 1 {
		t.Errorf("BuildAll with the limit %d of a policy of this size = %d policies, %v", p.Size(), len(all), err)
	}
	if _, err := trust.BuildAll(p.Size()-1, one...); err == nil {
		t.Errorf("BuildAll with the limit %d of a policy of one character more returns no error", p.Size()-1)
	}
	sid := one[0]
	sid.Sid = "A"
	p, err = trust.Build(sid)
	if err != nil {
		t.Fatal(err)
	}
	sid.Sid += strings.Repeat("A", trust.MaxSize-p.Size())
	if p, err = trust.Build(sid); err != nil || p.Size() != trust.MaxSize {
		t.Errorf("Build of a policy of MaxSize characters = %d characters, %v", p.Size(), err)
	}
	sid.Sid += "A"
	if _, err = trust.Build(sid); err == nil {
		t.Error("Build of a policy of MaxSize+1 characters returns no error")
	}
}

func TestBuildAllRejects(t *testing.T) {
	t.Parallel()
	rules := manyRules()
	for name, call := range map[string]func() error{
		"a rule too large":  func() error { _, err := trust.BuildAll(300, rules...); return err },
		"a negative limit":  func() error { _, err := trust.BuildAll(-1, rules...); return err },
		"a limit too large": func() error { _, err := trust.BuildAll(trust.MaxSize+1, rules...); return err },
		"no rule":           func() error { _, err := trust.BuildAll(0); return err },
	} {
		if call() == nil {
			t.Errorf("%s: no error", name)
		}
	}
	_, err := trust.BuildAll(0, append(rules, trust.Rule{})...)
	if re, ok := errors.AsType[*trust.RuleError](err); !ok || re.Rule != 50 || re.Field != "Organization" {
		t.Errorf("BuildAll with an empty rule at index 50: %v", err)
	}
	clash := slices.Clone(rules[:2])
	clash[0].Sid, clash[1].Sid, clash[1].Audience = "A", "A", "other"
	_, err = trust.Build(clash...)
	if re, ok := errors.AsType[*trust.RuleError](err); !ok || re.Rule != 1 || re.Field != "Sid" || !strings.Contains(re.Reason, `"A"`) {
		t.Errorf("Build of two statements with one Sid = %v, want a *RuleError about the Sid of rule 1", err)
	}
	if _, all := trust.BuildAll(0, clash...); all == nil || err == nil || all.Error() != err.Error() {
		t.Errorf("BuildAll of two statements with one Sid = %v, want the error of Build, %v", all, err)
	}
	if _, err := trust.BuildAll(-1, rules...); err == nil || !strings.Contains(err.Error(), "limit -1: want a positive number") {
		t.Errorf("BuildAll(-1) = %v, want that the limit is not positive", err)
	}
}

// idOf returns the project ID of a subject.
func idOf(subject string) string {
	i := strings.Index(subject, "019527e4-75d5-704d-a5a4-")
	return subject[i : i+36]
}

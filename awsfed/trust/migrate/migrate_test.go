package migrate_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/awsfed/trust/lint"
	"github.com/onafed/onafed/awsfed/trust/migrate"
	"github.com/onafed/onafed/awsfed/trust/pattern"
	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/internal/testkit/policies"
	"github.com/onafed/onafed/internal/testkit/vectors"
)

const (
	v2Org       = "org:" + policies.Org
	v2Project   = v2Org + "/prj:" + policies.Project + "/*"
	v2InProject = v2Org + "/prj:" + policies.Project + "/env:" + policies.Environment
	v2User      = v2Org + "/user:" + policies.User
	v3Org       = "organization_id:" + policies.Org
	v3Project   = v3Org + ":project_id:" + policies.Project
)

func layoutOf(tb testing.TB, extra ...string) claims.Layout {
	tb.Helper()
	l, err := claims.NewLayout(extra...)
	if err != nil {
		tb.Fatal(err)
	}
	return l
}

type valueVector struct {
	Name, Operator, V2 string
	ExtraFields, V3    []string
}

func TestValues(t *testing.T) {
	t.Parallel()
	for _, v := range vectors.Read[valueVector](t, "testdata/values.json") {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			p := policies.OnSubject(trust.Allow, v.Operator, v.V2)
			m := migrate.ToV3(p, &migrate.Options{Layout: layoutOf(t, v.ExtraFields...)})
			if !m.Before.Equal(p) {
				t.Errorf("Before differs from the policy:\n%s", m.Before)
			}
			if v.V3 != nil {
				checkMigrated(t, v, m)
				return
			}
			if len(m.Problems) != 1 || len(m.After.Statements) != 0 || !m.Both.Equal(p) || m.Exact() {
				t.Errorf("Problems = %+v, After = %s, Both = %s; want one problem and no V3 value", m.Problems, m.After, m.Both)
			}
		})
	}
}

// checkMigrated checks the migration of a value that has V3 values.
func checkMigrated(t *testing.T, v valueVector, m migrate.Migration) {
	t.Helper()
	if diff := cmp.Diff(v.V3, m.After.Statements[0].Conditions[0].Values); diff != "" {
		t.Errorf("After (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(append([]string{v.V2}, v.V3...), m.Both.Statements[0].Conditions[0].Values); diff != "" {
		t.Errorf("Both (-want +got):\n%s", diff)
	}
	for _, q := range []trust.Policy{m.Both, m.After} {
		if back := policies.Parse(t, []byte(q.String())); !back.Equal(q) {
			t.Errorf("the policy prints as another policy: %s", q)
		}
		for _, f := range lint.Policy(q) {
			if f.Severity == lint.Error || f.ID == lint.UserText || f.ID == lint.DefaultSubject {
				t.Errorf("lint finds %s: %s", f.ID, f.Message)
			}
		}
	}
	for _, s := range m.Samples {
		if s.Differs() {
			t.Errorf("%s: before %s, both %s and %s, after %s", s.Principal, s.Before, s.BothV2, s.BothV3, s.After)
		}
	}
}

// The proof uses pattern inclusion, not samples.
func TestMigratedValuesStayInTheOrganization(t *testing.T) {
	t.Parallel()
	m := migrate.ToV3(policies.OnSubject(trust.Allow, "StringLike", v2Project, v2Org+"/env:*", v2User), nil)
	inside := pattern.Compile(v3Org + ":*")
	for _, v := range m.After.Statements[0].Conditions[0].Values {
		if ok, example := inside.Covers(pattern.Compile(v)); !ok {
			t.Errorf("%s also matches %q", v, example)
		}
		if !slices.Contains(m.Both.Statements[0].Conditions[0].Values, v) {
			t.Errorf("%s is in After and not in Both", v)
		}
	}
}

func TestStringEqualsBecomesStringLikeWhenAValueNeedsIt(t *testing.T) {
	t.Parallel()
	m := migrate.ToV3(policies.OnSubject(trust.Allow, "StringEquals", v2Org+"/env:"+policies.Environment, "literal*"), nil)
	c := m.Both.Statements[0].Conditions[0]
	if c.Operator != "StringLike" || !slices.Contains(c.Values, "literal${*}") {
		t.Errorf("Both has %s %q; want StringLike with the * of the other value escaped", c.Operator, c.Values)
	}
}

func TestStringEqualsStaysWhenEveryValueIsExact(t *testing.T) {
	t.Parallel()
	m := migrate.ToV3(policies.OnSubject(trust.Allow, "StringEquals", v2InProject), &migrate.Options{Layout: layoutOf(t, "environment_id")})
	if c := m.Both.Statements[0].Conditions[0]; c.Operator != "StringEquals" {
		t.Errorf("Both has %s %q, want StringEquals", c.Operator, c.Values)
	}
}

func TestConditionsWithTheSameOperatorAreNotMerged(t *testing.T) {
	t.Parallel()
	p := policies.OnSubject(trust.Allow, "StringEquals", v2Org+"/env:"+policies.Environment)
	p.Statements[0].Conditions = append(p.Statements[0].Conditions,
		trust.Condition{Operator: "StringLike", Key: "app.gitpod.io:sub", Values: []string{"org:*"}})
	m := migrate.ToV3(p, nil)
	if m.Exact() || m.Both.Statements[0].Conditions[0].Operator != "StringEquals" {
		t.Errorf("Problems = %+v, Both = %s", m.Problems, m.Both)
	}
}

func TestDenyWithoutExactValueDeniesMore(t *testing.T) {
	t.Parallel()
	p := policies.OnSubject(trust.Allow, "StringLike", v2Project)
	p.Statements = append(p.Statements, policies.OnSubject(trust.Deny, "StringLike", v2InProject).Statements...)
	m := migrate.ToV3(p, nil)
	r := trust.Request{
		Issuer: "https://app.gitpod.io", ProviderARN: policies.ProviderARN,
		Context: map[string][]string{"app.gitpod.io:sub": {v3Project}},
	}
	for name, q := range map[string]trust.Policy{"Both": m.Both, "After": m.After} {
		if d := q.Evaluate(r); d.Allowed() {
			t.Errorf("%s allows the V3 token of an environment that was denied:\n%s", name, q)
		}
	}
	if len(m.Problems) != 1 || !m.Problems[0].Applied || m.Exact() {
		t.Errorf("Problems = %+v, want one that is applied", m.Problems)
	}
}

func TestGuardingDenyIsMigrated(t *testing.T) {
	t.Parallel()
	m := migrate.ToV3(policies.OnSubject(trust.Deny, "StringNotLike", v2Project), nil)
	if diff := cmp.Diff([]string{v3Project, v3Project + ":*"}, m.After.Statements[0].Conditions[0].Values); diff != "" {
		t.Errorf("After (-want +got):\n%s", diff)
	}
}

func TestPolicyForV3DoesNotChange(t *testing.T) {
	t.Parallel()
	p := policies.OnSubject(trust.Allow, "StringLike", v3Org+":*")
	m := migrate.ToV3(p, nil)
	if !m.Both.Equal(p) || !m.After.Equal(p) || !m.Exact() || len(m.Notes) != 1 {
		t.Errorf("ToV3 changed it: %+v", m)
	}
}

// A policy that accepts both formats already contains the V3 values.
func TestSecondMigrationChangesNothing(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ operator, v2 string }{{"StringLike", v2Org + "/*"}, {"StringLike", v2Project}, {"StringEquals", v2User}} {
		once := migrate.ToV3(policies.OnSubject(trust.Allow, tt.operator, tt.v2), nil)
		twice := migrate.ToV3(once.Both, nil)
		if got, want := twice.After.String(), once.After.String(); got != want {
			t.Errorf("%s %q: After of Both is %s, want %s", tt.operator, tt.v2, got, want)
		}
		if got, want := twice.Both.String(), once.Both.String(); got != want {
			t.Errorf("%s %q: Both of Both is %s, want %s", tt.operator, tt.v2, got, want)
		}
	}
}

// If the statement already has the operator that V3 values need, excluded principals stay excluded.
func TestExcludedPrincipalsStayExcludedBesideAnotherPattern(t *testing.T) {
	t.Parallel()
	exclude := policies.OnSubject(trust.Allow, "StringNotEquals", v2User).Statements[0].Conditions[0]
	other := trust.Condition{Operator: "StringNotLike", Key: exclude.Key, Values: []string{"org:" + policies.OtherOrg + "/*"}}
	allow := policies.OnSubject(trust.Allow, "StringLike", v2Org+"/*")
	allow.Statements[0].Conditions = append(allow.Statements[0].Conditions, exclude, other)

	deny := policies.OnSubject(trust.Allow, "StringLike", v2Org+"/*")
	deny.Statements = append(deny.Statements, policies.OnSubject(trust.Deny, "StringEquals", v2User).Statements...)
	deny.Statements[1].Conditions = append(deny.Statements[1].Conditions,
		trust.Condition{Operator: "StringLike", Key: exclude.Key, Values: []string{"*"}})

	for name, p := range map[string]trust.Policy{"in an Allow": allow, "by a Deny": deny} {
		m := migrate.ToV3(p, nil)
		if !m.Exact() {
			t.Errorf("%s: Problems = %v, want none", name, m.Problems)
		}
		for _, s := range m.Samples {
			if s.SubjectV3 == v3Org+":user_id:"+policies.User && (s.Before != trust.Denied || s.BothV3 != trust.Denied || s.After != trust.Denied) {
				t.Errorf("%s: the user is allowed: %+v\n%s", name, s, m.Both)
			}
		}
	}
}

// A negated condition without values holds for every subject, so a Deny with it denies everybody.
// It is not a condition that lost its values.
func TestEmptyListsStay(t *testing.T) {
	t.Parallel()
	p := policies.OnSubject(trust.Allow, "StringLike", v2Org+"/*")
	p.Statements = append(p.Statements, policies.OnSubject(trust.Deny, "StringNotLike").Statements...)
	p.Statements[1].Conditions[0].Values = []string{}
	m := migrate.ToV3(p, nil)
	if len(m.After.Statements) != 2 || !m.After.Statements[1].Equal(p.Statements[1]) {
		t.Errorf("After has no Deny:\n%s", m.After)
	}
}

// Readers in other languages do not expect null in place of a list.
func TestEmptyListsInJSON(t *testing.T) {
	t.Parallel()
	p := policies.Parse(t, []byte(`{"Statement":{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}}`))
	if data, err := json.Marshal(migrate.ToV3(p, nil)); err != nil || strings.Contains(string(data), "null") {
		t.Errorf("Marshal = %s, %v, want no null", data, err)
	}
}

// The JSON of a migration whose policies IAM would reject has the problems and no such policy.
func TestJSONWithoutPoliciesThatIAMRejects(t *testing.T) {
	t.Parallel()
	var long []string
	for i := range 60 {
		long = append(long, v2Org+"/prj:"+fmt.Sprintf("019527e4-75d5-704d-a5a4-%012d", i)+"/*")
	}
	for name, tt := range map[string]struct {
		p       trust.Policy
		members []string // among both and after
	}{
		"one statement that cannot be migrated": {policies.OnSubject(trust.Allow, "StringEquals", v2Org+"/*"), []string{"both"}},
		"one environment of a project":          {policies.OnSubject(trust.Allow, "StringLike", v2InProject), []string{"both"}},
		"an exact migration":                    {policies.OnSubject(trust.Allow, "StringLike", v2Project), []string{"both", "after"}},
		"policies that are too long":            {policies.OnSubject(trust.Allow, "StringLike", long...), nil},
	} {
		m := migrate.ToV3(tt.p, nil)
		data, err := json.Marshal(m)
		if err != nil {
			t.Errorf("%s: Marshal: %v", name, err)
			continue
		}
		back := map[string]json.RawMessage{"problems": json.RawMessage("null")}
		if err := json.Unmarshal(data, &back); err != nil {
			t.Fatal(err)
		}
		for _, member := range []string{"both", "after"} {
			if _, ok := back[member]; ok != slices.Contains(tt.members, member) {
				t.Errorf("%s: JSON has the member %s: %v, want %v", name, member, ok, !ok)
			}
		}
		var problems []migrate.Problem
		if err := json.Unmarshal(back["problems"], &problems); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(m.Problems, problems); diff != "" {
			t.Errorf("%s: problems (-want +got):\n%s", name, diff)
		}
	}
}

func TestMigrationText(t *testing.T) {
	t.Parallel()
	m := migrate.ToV3(policies.OnSubject(trust.Allow, "StringLike", v2Project, v2InProject, "org:x\x1b[31m"), nil)
	text := m.Text()
	for _, want := range []string{
		"not migrated", "configure  environment_id", "CloudTrail no longer shows the environment",
		"before   both/V2", "environment " + policies.Environment,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("Text has no %q:\n%s", want, text)
		}
	}
	if strings.ContainsRune(text, '\x1b') {
		t.Errorf("Text has a control character: %q", text)
	}
	if m.Exact() {
		t.Error("Exact() = true")
	}
}

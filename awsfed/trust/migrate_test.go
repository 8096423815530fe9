package trust_test

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/awsfed/trust/pattern"
	"github.com/onafed/onafed/claims"
)

func subPolicy(effect trust.Effect, operator string, values ...string) trust.Policy {
	s := trust.Statement{
		Effect: effect, Actions: []string{"sts:AssumeRoleWithWebIdentity"},
		Principal:  trust.Principal{Federated: []string{"arn:aws:iam::123456789012:oidc-provider/app.gitpod.io"}},
		Conditions: []trust.Condition{{Operator: operator, Key: "app.gitpod.io:sub", Values: values}},
	}
	return trust.Policy{Version: "2012-10-17", Statements: []trust.Statement{s}}
}

func layoutOf(tb testing.TB, extra ...string) claims.Layout {
	tb.Helper()
	l, err := claims.NewLayout(extra...)
	if err != nil {
		tb.Fatal(err)
	}
	return l
}

func TestMigrateValues(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/migrate/values.json")
	if err != nil {
		t.Fatal(err)
	}
	var tests []struct {
		Name, Operator, V2 string
		ExtraFields, V3    []string
	}
	if err := json.Unmarshal(data, &tests); err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		t.Run(tt.Name, func(t *testing.T) {
			t.Parallel()
			p := subPolicy(trust.Allow, tt.Operator, tt.V2)
			m := trust.Migrate(p, &trust.MigrateOptions{Layout: layoutOf(t, tt.ExtraFields...)})
			if !m.Before.Equal(p) {
				t.Errorf("Before is not the policy:\n%s", m.Before)
			}
			if tt.V3 == nil {
				if len(m.Problems) != 1 || len(m.After.Statements) != 0 || !m.Both.Equal(p) || m.Exact() {
					t.Errorf("Problems = %+v, After = %s, Both = %s; want one problem and no V3 value", m.Problems, m.After, m.Both)
				}
				return
			}
			if diff := cmp.Diff(tt.V3, m.After.Statements[0].Conditions[0].Values); diff != "" {
				t.Errorf("After (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(append([]string{tt.V2}, tt.V3...), m.Both.Statements[0].Conditions[0].Values); diff != "" {
				t.Errorf("Both (-want +got):\n%s", diff)
			}
			for _, q := range []trust.Policy{m.Both, m.After} {
				if back := mustParse(t, []byte(q.String())); !back.Equal(q) {
					t.Errorf("does not survive printing: %s", q)
				}
				for _, f := range trust.Lint(q) {
					if f.Severity == trust.SeverityError || f.ID == trust.LintUserText || f.ID == trust.LintDefaultSubject {
						t.Errorf("Lint finds %s: %s", f.ID, f.Message)
					}
				}
			}
			for _, s := range m.Samples {
				if s.Differs() {
					t.Errorf("%s: before %s, both %s and %s, after %s", s.Principal, s.Before, s.BothV2, s.BothV3, s.After)
				}
			}
		})
	}
}

// Every V3 value that comes out stays inside of the organization, and After is
// covered by Both: shown with patterns, not with samples.
func TestMigratedValuesStayInTheOrganization(t *testing.T) {
	t.Parallel()
	p := subPolicy(trust.Allow, "StringLike", "org:"+ownOrg+"/prj:"+ownProject+"/*", "org:"+ownOrg+"/env:*", "org:"+ownOrg+"/user:"+ownUser)
	m := trust.Migrate(p, nil)
	inside := pattern.Compile("organization_id:" + ownOrg + ":*")
	for _, v := range m.After.Statements[0].Conditions[0].Values {
		if ok, example := inside.Covers(pattern.Compile(v)); !ok {
			t.Errorf("%s also accepts %q", v, example)
		}
		if !slices.Contains(m.Both.Statements[0].Conditions[0].Values, v) {
			t.Errorf("%s is in After and not in Both", v)
		}
	}
}

func TestMigrateOperators(t *testing.T) {
	t.Parallel()
	prj := "org:" + ownOrg + "/prj:" + ownProject + "/*"
	envOf := "org:" + ownOrg + "/prj:" + ownProject + "/env:" + ownEnv
	t.Run("StringEquals becomes StringLike when a value needs it", func(t *testing.T) {
		t.Parallel()
		m := trust.Migrate(subPolicy(trust.Allow, "StringEquals", "org:"+ownOrg+"/env:"+ownEnv, "literal*"), nil)
		c := m.Both.Statements[0].Conditions[0]
		if c.Operator != "StringLike" || !slices.Contains(c.Values, "literal${*}") {
			t.Errorf("Both has %s %q; want StringLike with the other value's * escaped", c.Operator, c.Values)
		}
	})
	t.Run("StringEquals stays when every value is exact", func(t *testing.T) {
		t.Parallel()
		m := trust.Migrate(subPolicy(trust.Allow, "StringEquals", envOf), &trust.MigrateOptions{Layout: layoutOf(t, "environment_id")})
		if c := m.Both.Statements[0].Conditions[0]; c.Operator != "StringEquals" {
			t.Errorf("Both has %s %q, want StringEquals", c.Operator, c.Values)
		}
	})
	t.Run("a second operator on the same key is not merged", func(t *testing.T) {
		t.Parallel()
		p := subPolicy(trust.Allow, "StringEquals", "org:"+ownOrg+"/env:"+ownEnv)
		p.Statements[0].Conditions = append(p.Statements[0].Conditions, trust.Condition{Operator: "StringLike", Key: "app.gitpod.io:sub", Values: []string{"org:*"}})
		m := trust.Migrate(p, nil)
		if m.Exact() || m.Both.Statements[0].Conditions[0].Operator != "StringEquals" {
			t.Errorf("Problems = %+v, Both = %s", m.Problems, m.Both)
		}
	})
	t.Run("a Deny that cannot be carried over denies more", func(t *testing.T) {
		t.Parallel()
		p := subPolicy(trust.Allow, "StringLike", prj)
		p.Statements = append(p.Statements, subPolicy(trust.Deny, "StringLike", envOf).Statements...)
		m := trust.Migrate(p, nil)
		r := trust.Request{
			Issuer: "https://app.gitpod.io", ProviderARN: "arn:aws:iam::123456789012:oidc-provider/app.gitpod.io",
			Context: map[string][]string{"app.gitpod.io:sub": {"organization_id:" + ownOrg + ":project_id:" + ownProject}},
		}
		for name, q := range map[string]trust.Policy{"Both": m.Both, "After": m.After} {
			if d := q.Evaluate(r); d.Allowed() {
				t.Errorf("%s lets in the V3 token of an environment that was denied:\n%s", name, q)
			}
		}
		if len(m.Problems) != 1 || !m.Problems[0].Applied || m.Exact() {
			t.Errorf("Problems = %+v, want one that says so", m.Problems)
		}
	})
	t.Run("a guarding Deny is carried over", func(t *testing.T) {
		t.Parallel()
		m := trust.Migrate(subPolicy(trust.Deny, "StringNotLike", prj), nil)
		want := []string{"organization_id:" + ownOrg + ":project_id:" + ownProject, "organization_id:" + ownOrg + ":project_id:" + ownProject + ":*"}
		if diff := cmp.Diff(want, m.After.Statements[0].Conditions[0].Values); diff != "" {
			t.Errorf("After (-want +got):\n%s", diff)
		}
	})
	t.Run("a policy for V3 stays as it is", func(t *testing.T) {
		t.Parallel()
		p := subPolicy(trust.Allow, "StringLike", "organization_id:"+ownOrg+":*")
		m := trust.Migrate(p, nil)
		if !m.Both.Equal(p) || !m.After.Equal(p) || !m.Exact() || len(m.Notes) != 1 {
			t.Errorf("Migrate changed it: %+v", m)
		}
	})
}

// Whatever a policy for V2 subjects is, no principal gets in with a V3 token
// that was kept out with its V2 token, and Both does to V2 tokens what Before
// did.
// A policy that accepts both already has each V3 value once, whichever stands first.
func TestMigrateTwice(t *testing.T) {
	t.Parallel()
	const org = "0191e223-1c3c-7607-badf-303c98b52d2f"
	for _, tt := range []struct{ operator, v2 string }{
		{"StringLike", "org:" + org + "/*"},
		{"StringLike", "org:" + org + "/prj:019527e4-75d5-704d-a5a4-a2b52cf56198/*"},
		{"StringEquals", "org:" + org + "/user:01975431-b5e6-7f07-8cda-59a96bcb1b56"},
	} {
		once := trust.Migrate(subPolicy(trust.Allow, tt.operator, tt.v2), nil)
		twice := trust.Migrate(once.Both, nil)
		if got, want := twice.After.String(), once.After.String(); got != want {
			t.Errorf("%s %q: After of Both is %s, want %s", tt.operator, tt.v2, got, want)
		}
		if got, want := twice.Both.String(), once.Both.String(); got != want {
			t.Errorf("%s %q: Both of Both is %s, want %s", tt.operator, tt.v2, got, want)
		}
	}
}

func TestMigrateNeverOpens(t *testing.T) {
	t.Parallel()
	r := randomPolicies{rand.New(rand.NewPCG(3, 4))}
	layouts := [][]string{nil, {"environment_id"}, {"creator_name"}, {"creator_id", "environment_id", "creator_name"}, {"creator_name", "environment_id"}, {"environment_id", "runner_id"}}
	exact := 0
	for range 250 {
		var p trust.Policy
		for range 1 + r.IntN(3) {
			p.Statements = append(p.Statements, subPolicy(pick(r, trust.Allow, trust.Allow, trust.Deny),
				pick(r, "StringLike", "StringLike", "StringEquals", "StringNotLike", "StringNotEquals", "StringEqualsIgnoreCase"), r.v2(), r.v2()).Statements...)
		}
		p.Version = "2012-10-17"
		extra := pick(r, layouts...)
		m := trust.Migrate(p, &trust.MigrateOptions{Layout: layoutOf(t, extra...)})
		if m.Exact() {
			exact++
		}
		for _, s := range m.Samples {
			if s.SubjectV2 == "" {
				continue
			}
			if s.Before != s.BothV2 {
				t.Fatalf("Both treats the V2 token of %s differently: %s, before %s\n%s", s.Principal, s.BothV2, s.Before, p)
			}
			if s.SubjectV3 != "" && s.Before != trust.Allowed && (s.BothV3 == trust.Allowed || s.After == trust.Allowed) {
				t.Fatalf("layout %v: %s gets in: before %s, both %s, after %s\n%s\n%s\n%s", extra, s.Principal, s.Before, s.BothV3, s.After, s.SubjectV3, p, m.After)
			}
		}
	}
	if exact < 20 {
		t.Errorf("%d exact migrations: the generator is lopsided", exact)
	}
}

// Where the operator that V3 values need is there already, those that a
// condition keeps out stay out all the same.
func TestMigrateKeepsOutBesideAnotherPattern(t *testing.T) {
	t.Parallel()
	for name, statement := range map[string]trust.Statement{
		"allow": subPolicy(trust.Allow, "StringNotEquals", "org:"+ownOrg+"/user:"+ownUser).Statements[0],
		"deny":  subPolicy(trust.Deny, "StringEquals", "org:"+ownOrg+"/user:"+ownUser).Statements[0],
	} {
		p := subPolicy(trust.Allow, "StringLike", "org:"+ownOrg+"/*")
		other := trust.Condition{Operator: "StringNotLike", Key: statement.Conditions[0].Key, Values: []string{"org:" + strangeOrg + "/*"}}
		if name == "deny" {
			p.Statements = append(p.Statements, statement)
			other.Operator, other.Values = "StringLike", []string{"*"}
			p.Statements[1].Conditions = append(p.Statements[1].Conditions, other)
		} else {
			p.Statements[0].Conditions = append(p.Statements[0].Conditions, statement.Conditions[0], other)
		}
		m := trust.Migrate(p, nil)
		if !m.Exact() {
			t.Errorf("%s: problems %v", name, m.Problems)
		}
		for _, s := range m.Samples {
			if s.SubjectV3 == "organization_id:"+ownOrg+":user_id:"+ownUser && (s.Before != trust.Denied || s.BothV3 != trust.Denied || s.After != trust.Denied) {
				t.Errorf("%s: the user gets in: %+v\n%s", name, s, m.Both)
			}
		}
	}
}

// A negated condition without values holds for everybody, so a Deny with one
// keeps everybody out; it must not be taken for one that lost its values.
func TestMigrateKeepsEmptyLists(t *testing.T) {
	t.Parallel()
	p := subPolicy(trust.Allow, "StringLike", "org:"+ownOrg+"/*")
	p.Statements = append(p.Statements, subPolicy(trust.Deny, "StringNotLike").Statements...)
	p.Statements[1].Conditions[0].Values = []string{}
	m := trust.Migrate(p, nil)
	if len(m.After.Statements) != 2 || !m.After.Statements[1].Equal(p.Statements[1]) {
		t.Errorf("After lost the Deny:\n%s", m.After)
	}
}

func (r randomPolicies) v2() string {
	id := pick(r, ownOrg, ownOrg, strangeOrg)
	return "org:" + id + pick(r, "/*", "*", "/prj:*", "/env:*", "/user:*", "/prj:"+ownProject+"/*", "/prj:"+ownProject+"/env:*",
		"/prj:"+ownProject+"/env:"+ownEnv, "/*/env:"+ownEnv, "/env:"+ownEnv, "/user:"+ownUser, "/rnr:"+otherID, "/prj:"+otherID+"*", "/prj:0195*", "")
}

func TestMigrationText(t *testing.T) {
	t.Parallel()
	m := trust.Migrate(subPolicy(trust.Allow, "StringLike", "org:"+ownOrg+"/prj:"+ownProject+"/*", "org:"+ownOrg+"/prj:"+ownProject+"/env:"+ownEnv, "org:x\x1b[31m"), nil)
	text := m.Text()
	for _, want := range []string{"not carried over", "configure  environment_id", "CloudTrail loses the environment", "before   both/V2", "environment " + ownEnv} {
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

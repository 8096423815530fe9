package trust_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/awsfed/trust/pattern"
	"github.com/onafed/onafed/claims"
)

const (
	otherOrg     = "0191e223-1c3c-7607-badf-0000000000ff"
	otherProject = "019527e4-75d5-704d-a5a4-0000000000ff"
	otherEnv     = "019527e4-75d5-704d-a5a4-0000000000fe"
	otherUser    = "0191e223-1c3c-7607-badf-0000000000fd"
	runner       = "0191e223-1c3c-7607-badf-0000000000fc"
	anyID        = "????????-????-????-????-????????????"
)

func layout(tb testing.TB, extra ...string) claims.Layout {
	tb.Helper()
	l, err := claims.NewLayout(extra...)
	if err != nil {
		tb.Fatal(err)
	}
	return l
}

// subjectCondition returns operator and values of the only condition on sub.
func subjectCondition(tb testing.TB, p trust.Policy) (operator string, values []string) {
	tb.Helper()
	for _, s := range p.Statements {
		for _, c := range s.Conditions {
			if strings.HasSuffix(c.Key, ":sub") {
				if operator != "" {
					tb.Fatalf("two conditions on sub:\n%s", p)
				}
				operator, values = c.Operator, c.Values
			}
		}
	}
	return operator, values
}

// subjectCase is a rule, and the condition on sub that Build makes from it.
type subjectCase struct {
	name     string
	rule     trust.Rule
	operator string
	values   []string
}

const (
	orgV2     = "org:" + org
	orgV3     = "organization_id:" + org
	projectV3 = orgV3 + ":project_id:" + project
)

func TestBuildSubjectsV2(t *testing.T) {
	t.Parallel()
	testSubjects(t, []subjectCase{
		{"organization", trust.Rule{}, "StringLike", []string{orgV2 + "/*"}},
		{"project", trust.Rule{Project: project}, "StringLike", []string{orgV2 + "/prj:" + project + "/*"}},
		{"the environment of a project is exact", trust.Rule{Project: project, Environment: env}, "StringEquals", []string{subV2}},
		{"an environment in any project or none", trust.Rule{Environment: env}, "StringLike", []string{orgV2 + "/env:" + env, orgV2 + "/prj:" + anyID + "/env:" + env}},
		{"a user is exact", trust.Rule{User: user}, "StringEquals", []string{orgV2 + "/user:" + user}},
	})
}

func TestBuildSubjectsV3WithoutExtraFields(t *testing.T) {
	t.Parallel()
	const envV3, userV3 = orgV3 + ":environment_id:" + env, orgV3 + ":user_id:" + user
	testSubjects(t, []subjectCase{
		{"organization", trust.Rule{Format: trust.FormatV3}, "StringLike", []string{orgV3 + ":*"}},
		{"a project has an exact value and a pattern", trust.Rule{Format: trust.FormatV3, Project: project}, "StringLike", []string{projectV3, projectV3 + ":*"}},
		{"a user has an exact value and a pattern", trust.Rule{Format: trust.FormatV3, User: user}, "StringLike", []string{userV3, userV3 + ":*"}},
		{"an environment without a project", trust.Rule{Format: trust.FormatV3, Environment: env}, "StringLike", []string{envV3, envV3 + ":*"}},
		{"both formats", trust.Rule{Format: trust.FormatBoth, Project: project}, "StringLike", []string{orgV2 + "/prj:" + project + "/*", projectV3, projectV3 + ":*"}},
	})
}

func TestBuildSubjectsV3WithEnvironment(t *testing.T) {
	t.Parallel()
	const envV3, inProject = orgV3 + ":environment_id:" + env, projectV3 + ":environment_id:" + env
	rule := func(format trust.Format, projectID string, extra ...string) trust.Rule {
		return trust.Rule{Format: format, Project: projectID, Environment: env, Layout: layout(t, extra...)}
	}
	testSubjects(t, []subjectCase{
		{"exact as the last extra field", rule(trust.FormatV3, project, "environment_id"), "StringEquals", []string{inProject}},
		{"with more fields after it", rule(trust.FormatV3, project, "environment_id", "creator_name"), "StringLike", []string{inProject, inProject + ":*"}},
		{"in any project or none", rule(trust.FormatV3, "", "environment_id"), "StringLike", []string{envV3, envV3 + ":*", orgV3 + ":project_id:" + anyID + ":environment_id:" + env}},
		{"in both formats", rule(trust.FormatBoth, project, "environment_id"), "StringEquals", []string{subV2, inProject}},
	})
}

func TestBuildSubjectsV3WithCreator(t *testing.T) {
	t.Parallel()
	const creator = ":creator_id:" + user
	rule := func(projectID, who string, extra ...string) trust.Rule {
		return trust.Rule{Format: trust.FormatV3, Project: projectID, Creator: who, Layout: layout(t, extra...)}
	}
	testSubjects(t, []subjectCase{
		{"in a project", rule(project, user, "creator_id"), "StringEquals", []string{projectV3 + creator}},
		{"by e-mail", rule(project, "a.b+c@example.com", "creator_email"), "StringEquals", []string{projectV3 + ":creator_email:a.b+c@example.com"}},
		{"in any project or none", rule("", user, "creator_id"), "StringLike", []string{orgV3 + ":environment_id:" + anyID + creator, orgV3 + ":project_id:" + anyID + creator}},
		{"an ID before the creator is present", rule(project, user, "environment_id", "creator_id"), "StringLike", []string{projectV3 + ":environment_id:" + anyID + creator}},
		{"known values are written", rule(project, user, "organization_id", "project_id", "creator_id"), "StringEquals", []string{projectV3 + ":organization_id:" + org + ":project_id:" + project + creator}},
		{"a runner may be absent", rule(project, user, "runner_id", "creator_id"), "StringLike", []string{projectV3 + creator, projectV3 + ":runner_id:" + anyID + creator}},
	})
}

func testSubjects(t *testing.T, cases []subjectCase) {
	t.Helper()
	wholeV2, wholeV3 := pattern.Compile(orgV2+"/*"), pattern.Compile(orgV3+":*")
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.rule.Account, tt.rule.Organization = "123456789012", org
			p, err := trust.Build(tt.rule)
			if err != nil {
				t.Fatalf("Build: %v", err)
			}
			operator, values := subjectCondition(t, p)
			if operator != tt.operator {
				t.Errorf("operator %s, want %s", operator, tt.operator)
			}
			if diff := cmp.Diff(tt.values, values); diff != "" {
				t.Errorf("values (-want +got):\n%s", diff)
			}
			checkPrinting(t, p)
			for _, v := range values {
				q := pattern.Compile(v)
				inV2, _ := wholeV2.Covers(q)
				inV3, _ := wholeV3.Covers(q)
				if !inV2 && !inV3 {
					t.Errorf("%q matches subjects of other organizations", v)
				}
			}
		})
	}
}

// environments returns tokens of every kind. Some contain text that imitates other fields.
func environments() []claims.Claims {
	var out []claims.Claims
	names := []string{
		"", "Ann", "x:creator_id:" + user, "x:creator_id:" + user + ":y", "x:environment_id:" + env + ":creator_id:" + user + ":z",
		"creator_id:" + user, "x:project_id:" + project + ":creator_id:" + user + ":environment_id:" + env,
		":environment_id:" + env + ":", "x:creator_email:a@example.com",
	}
	for _, o := range []string{org, otherOrg} {
		for _, prj := range []string{"", project, otherProject} {
			for _, e := range []string{env, otherEnv} {
				for _, u := range []string{user, otherUser} {
					for i, name := range names {
						c := claims.Claims{
							OrganizationID: o, ProjectID: prj, EnvironmentID: e, CreatorPrincipal: "user", CreatorID: u,
							CreatorName: name, CreatorEmail: "b@example.com", CreatorIDP: "https://idp.example",
						}
						if u == user {
							c.CreatorEmail = "a@example.com"
						}
						if i%2 == 1 {
							c.RunnerID = runner
						}
						out = append(out, c)
					}
				}
			}
		}
		for _, u := range []string{user, otherUser} {
			for _, name := range names {
				out = append(out, claims.Claims{OrganizationID: o, UserID: u, Name: name, Email: "a@example.com"})
			}
		}
	}
	return out
}

func permutations(fields []string) [][]string {
	if len(fields) == 0 {
		return [][]string{nil}
	}
	var out [][]string
	for i, f := range fields {
		rest := slices.Delete(slices.Clone(fields), i, i+1)
		for _, p := range permutations(rest) {
			out = append(out, append([]string{f}, p...))
		}
	}
	return out
}

// exactCase is a rule, and the tokens of the organization that it allows.
type exactCase struct {
	rule   trust.Rule
	allows func(claims.Claims) bool
}

func exactCases() map[string]exactCase {
	return map[string]exactCase{
		"organization": {trust.Rule{}, func(claims.Claims) bool { return true }},
		"project":      {trust.Rule{Project: project}, func(c claims.Claims) bool { return c.ProjectID == project }},
		"user":         {trust.Rule{User: user}, func(c claims.Claims) bool { return c.UserID == user }},
		"environment in a project": {trust.Rule{Project: project, Environment: env}, func(c claims.Claims) bool {
			return c.ProjectID == project && c.EnvironmentID == env
		}},
		"environment": {trust.Rule{Environment: env}, func(c claims.Claims) bool { return c.EnvironmentID == env }},
		"creator":     {trust.Rule{Creator: user}, func(c claims.Claims) bool { return c.CreatorID == user }},
		"creator in a project": {trust.Rule{Creator: user, Project: project}, func(c claims.Claims) bool {
			return c.CreatorID == user && c.ProjectID == project
		}},
		"creator by e-mail": {trust.Rule{Creator: "a@example.com", Project: project}, func(c claims.Claims) bool {
			return c.CreatorEmail == "a@example.com" && c.ProjectID == project
		}},
		"creator of one environment": {trust.Rule{Creator: user, Environment: env}, func(c claims.Claims) bool {
			return c.CreatorID == user && c.EnvironmentID == env
		}},
	}
}

func extraFields() [][]string {
	var layouts [][]string
	for _, set := range [][]string{
		{},
		{"environment_id"},
		{"creator_id", "creator_name"},
		{"creator_id", "creator_name", "environment_id"},
		{"runner_id", "creator_id", "name"},
		{"creator_email", "creator_id", "creator_name"},
		{"environment_id", "creator_id", "creator_principal"},
		{"project_id", "runner_id", "creator_id"},
		{"user_id", "runner_id", "environment_id", "creator_id"},
	} {
		layouts = append(layouts, permutations(set)...)
	}
	return layouts
}

// For every order of extra fields, a V3 policy allows exactly the tokens that its rule describes,
// whatever users write into their names, or Build rejects the rule.
func TestBuildIsExact(t *testing.T) {
	t.Parallel()
	built, rejected := 0, 0
	for name, tt := range exactCases() {
		for _, fields := range extraFields() {
			l := layout(t, fields...)
			r := tt.rule
			r.Account, r.Organization, r.Format, r.Layout = "123456789012", org, trust.FormatV3, l
			p, err := trust.Build(r)
			if err != nil {
				rejected++
				continue
			}
			built++
			allows := tt.allows
			if name == "environment" && !slices.Contains(fields, "environment_id") {
				// The subject of an environment in a project does not show the environment.
				allows = func(c claims.Claims) bool { return tt.allows(c) && c.ProjectID == "" }
			}
			checkExact(t, p, l, allows)
		}
	}
	if built < 150 || rejected < 100 {
		t.Errorf("%d policies built, %d rules rejected: the test needs more of both", built, rejected)
	}
}

// checkExact checks that the condition on sub matches exactly the tokens of org that allows accepts.
func checkExact(t *testing.T, p trust.Policy, l claims.Layout, allows func(claims.Claims) bool) {
	t.Helper()
	_, values := subjectCondition(t, p)
	var patterns []pattern.Pattern
	for _, v := range values {
		patterns = append(patterns, pattern.Compile(v))
	}
	for _, c := range environments() {
		sub, err := l.Build(c)
		if err != nil {
			t.Fatal(err)
		}
		got := slices.ContainsFunc(patterns, func(p pattern.Pattern) bool { return p.Match(sub) })
		if want := c.OrganizationID == org && allows(c); got != want {
			t.Errorf("layout %v: %s is allowed: %v, want %v\n%s", l.Extra(), sub, got, want, strings.Join(values, "\n"))
			return
		}
	}
}

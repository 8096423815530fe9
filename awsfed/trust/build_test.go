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

// The policies of Ona's page for V2 come out to the byte.
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
			t.Errorf("%s reads as another policy than the one built: %v, %v", file, read, err)
		}
	}
}

func layout(tb testing.TB, extra ...string) claims.Layout {
	tb.Helper()
	l, err := claims.NewLayout(extra...)
	if err != nil {
		tb.Fatal(err)
	}
	return l
}

// subjectCondition gives operator and values of the only condition on sub.
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

func TestBuildSubjects(t *testing.T) {
	t.Parallel()
	const (
		o2 = "org:" + org
		o3 = "organization_id:" + org
		p3 = o3 + ":project_id:" + project
		e3 = o3 + ":environment_id:" + env
	)
	tests := []struct {
		name     string
		rule     trust.Rule
		operator string
		values   []string
	}{
		{"V2 organization", trust.Rule{}, "StringLike", []string{o2 + "/*"}},
		{"V2 project", trust.Rule{Project: project}, "StringLike", []string{o2 + "/prj:" + project + "/*"}},
		{"V2 environment of a project is exact", trust.Rule{Project: project, Environment: env}, "StringEquals", []string{subV2}},
		{"V2 environment of any project or none", trust.Rule{Environment: env}, "StringLike", []string{o2 + "/env:" + env, o2 + "/prj:" + anyID + "/env:" + env}},
		{"V2 user is exact", trust.Rule{User: user}, "StringEquals", []string{o2 + "/user:" + user}},
		{"V3 organization", trust.Rule{Format: trust.FormatV3}, "StringLike", []string{o3 + ":*"}},
		{"V3 project takes both forms", trust.Rule{Format: trust.FormatV3, Project: project}, "StringLike", []string{p3, p3 + ":*"}},
		{"V3 user takes both forms", trust.Rule{Format: trust.FormatV3, User: user}, "StringLike", []string{o3 + ":user_id:" + user, o3 + ":user_id:" + user + ":*"}},
		{"V3 environment without a project", trust.Rule{Format: trust.FormatV3, Environment: env}, "StringLike", []string{e3, e3 + ":*"}},
		{
			"V3 environment of a project is exact as the last extra field",
			trust.Rule{Format: trust.FormatV3, Project: project, Environment: env, Layout: layout(t, "environment_id")},
			"StringEquals",
			[]string{p3 + ":environment_id:" + env},
		},
		{
			"V3 environment of a project with more fields behind",
			trust.Rule{Format: trust.FormatV3, Project: project, Environment: env, Layout: layout(t, "environment_id", "creator_name")},
			"StringLike",
			[]string{p3 + ":environment_id:" + env, p3 + ":environment_id:" + env + ":*"},
		},
		{
			"V3 environment of any project or none",
			trust.Rule{Format: trust.FormatV3, Environment: env, Layout: layout(t, "environment_id")},
			"StringLike",
			[]string{e3, e3 + ":*", o3 + ":project_id:" + anyID + ":environment_id:" + env},
		},
		{
			"V3 creator in a project",
			trust.Rule{Format: trust.FormatV3, Project: project, Creator: user, Layout: layout(t, "creator_id")},
			"StringEquals",
			[]string{p3 + ":creator_id:" + user},
		},
		{
			"V3 creator by e-mail",
			trust.Rule{Format: trust.FormatV3, Project: project, Creator: "a.b+c@example.com", Layout: layout(t, "creator_email")},
			"StringEquals",
			[]string{p3 + ":creator_email:a.b+c@example.com"},
		},
		{
			"V3 creator in any project or none",
			trust.Rule{Format: trust.FormatV3, Creator: user, Layout: layout(t, "creator_id")},
			"StringLike",
			[]string{o3 + ":environment_id:" + anyID + ":creator_id:" + user, o3 + ":project_id:" + anyID + ":creator_id:" + user},
		},
		{
			"V3 ids before what is looked for are there",
			trust.Rule{Format: trust.FormatV3, Project: project, Creator: user, Layout: layout(t, "environment_id", "creator_id")},
			"StringLike",
			[]string{p3 + ":environment_id:" + anyID + ":creator_id:" + user},
		},
		{
			"V3 known values are written out",
			trust.Rule{Format: trust.FormatV3, Project: project, Creator: user, Layout: layout(t, "organization_id", "project_id", "creator_id")},
			"StringEquals",
			[]string{p3 + ":organization_id:" + org + ":project_id:" + project + ":creator_id:" + user},
		},
		{
			"V3 a runner may be named or not",
			trust.Rule{Format: trust.FormatV3, Project: project, Creator: user, Layout: layout(t, "runner_id", "creator_id")},
			"StringLike",
			[]string{p3 + ":creator_id:" + user, p3 + ":runner_id:" + anyID + ":creator_id:" + user},
		},
		{
			"both formats",
			trust.Rule{Format: trust.FormatBoth, Project: project},
			"StringLike",
			[]string{o2 + "/prj:" + project + "/*", p3, p3 + ":*"},
		},
		{
			"both formats of an environment",
			trust.Rule{Format: trust.FormatBoth, Project: project, Environment: env, Layout: layout(t, "environment_id")},
			"StringEquals",
			[]string{subV2, p3 + ":environment_id:" + env},
		},
	}
	for _, tt := range tests {
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
			whole := pattern.Compile("org:" + org + "/*")
			wholeV3 := pattern.Compile("organization_id:" + org + ":*")
			for _, v := range values {
				q := pattern.Compile(v)
				in2, _ := whole.Covers(q)
				in3, _ := wholeV3.Covers(q)
				if !in2 && !in3 {
					t.Errorf("%q reaches out of the organization", v)
				}
			}
		})
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

func TestBuildRefuses(t *testing.T) {
	t.Parallel()
	good := trust.Rule{Account: "123456789012", Organization: org}
	tests := []struct {
		name   string
		change func(*trust.Rule)
		want   string
	}{
		{"no organization", func(r *trust.Rule) { r.Organization = "" }, "Organization: is required"},
		{"an organization that is a wildcard", func(r *trust.Rule) { r.Organization = "*" }, "Organization"},
		{"an organization that is a prefix", func(r *trust.Rule) { r.Organization = org[:35] + "*" }, "Organization"},
		{"an organization in capitals", func(r *trust.Rule) { r.Organization = strings.ToUpper(org) }, "Organization"},
		{"a project that is a wildcard", func(r *trust.Rule) { r.Project = "*" }, "Project"},
		{"an environment with a slash", func(r *trust.Rule) { r.Environment = env + "/" }, "Environment"},
		{"a user that is a variable", func(r *trust.Rule) { r.User = "${aws:username}" }, "User"},
		{"a user and a project", func(r *trust.Rule) { r.User, r.Project = user, project }, "User: cannot be combined"},
		{"a user and a creator", func(r *trust.Rule) { r.User, r.Creator, r.Format = user, user, trust.FormatV3 }, "User: cannot be combined"},
		{"no account", func(r *trust.Rule) { r.Account = "" }, "12 digits"},
		{"an account of wildcards", func(r *trust.Rule) { r.Account = "????????????" }, "12 digits"},
		{"another partition", func(r *trust.Rule) { r.Partition = "*" }, "partition"},
		{"an issuer over http", func(r *trust.Rule) { r.Issuer = "http://app.gitpod.io" }, "https://"},
		{"an issuer with a port", func(r *trust.Rule) { r.Issuer = "https://app.gitpod.io:8443" }, "port"},
		{"an issuer with a wildcard", func(r *trust.Rule) { r.Issuer = "https://*.gitpod.io" }, "host"},
		{"an audience with a wildcard", func(r *trust.Rule) { r.Audience = "sts*" }, "wildcard"},
		{"an audience with a variable", func(r *trust.Rule) { r.Audience = "${app.gitpod.io:aud}" }, "variable"},
		{"a Sid with a hyphen", func(r *trust.Rule) { r.Sid = "a-b" }, "Sid"},
		{"an action of another kind", func(r *trust.Rule) { r.MoreActions = []string{"sts:*"} }, "MoreActions"},
		{"an unknown format", func(r *trust.Rule) { r.Format = 9 }, "Format"},
		{"a creator in V2", func(r *trust.Rule) { r.Creator = user }, "V2"},
		{"a creator in both formats", func(r *trust.Rule) { r.Creator, r.Format = user, trust.FormatBoth }, "V2"},
		{"a creator who is nobody", func(r *trust.Rule) { r.Creator, r.Format = "me", trust.FormatV3 }, "neither"},
		{"a creator with a wildcard", func(r *trust.Rule) { r.Creator, r.Format = "*@example.com", trust.FormatV3 }, "meaning"},
		{"a creator with a colon", func(r *trust.Rule) { r.Creator, r.Format = "x:creator_id:y@example.com", trust.FormatV3 }, "meaning"},
		{"a creator with a variable", func(r *trust.Rule) { r.Creator, r.Format = "${a}@example.com", trust.FormatV3 }, "meaning"},
		{"a creator without the extra field", func(r *trust.Rule) { r.Creator, r.Format = user, trust.FormatV3 }, "does not contain creator_id"},
		{"an e-mail without the extra field", func(r *trust.Rule) {
			r.Creator, r.Format, r.Layout = "a@example.com", trust.FormatV3, layout(t, "creator_id")
		}, "does not contain creator_email"},
		{"an environment in a project without the extra field", func(r *trust.Rule) {
			r.Project, r.Environment, r.Format = project, env, trust.FormatV3
		}, "does not contain environment_id"},
		{"free text before the creator", func(r *trust.Rule) {
			r.Creator, r.Format, r.Layout = user, trust.FormatV3, layout(t, "creator_name", "creator_id")
		}, "creator_name precedes"},
		{"a URL before the environment", func(r *trust.Rule) {
			r.Project, r.Environment, r.Format, r.Layout = project, env, trust.FormatBoth, layout(t, "environment_initializers.context_url", "environment_id")
		}, "precedes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := good
			tt.change(&r)
			p, err := trust.Build(good, r)
			re, ok := errors.AsType[*trust.RuleError](err)
			if !ok || re.Rule != 1 || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "trust: rule 1: "+re.Field+": ") {
				t.Fatalf("Build = %v, %v, want a *RuleError with %q", p, err, tt.want)
			}
			if !p.Equal(trust.Policy{}) {
				t.Errorf("Build gives a policy with its error: %v", p)
			}
			if strings.Contains(err.Error(), "@") {
				t.Errorf("the error repeats an address: %v", err)
			}
		})
	}
	if _, err := trust.Build(); err == nil {
		t.Error("Build without a rule gives no error")
	}
	one, two := good, good
	one.Sid, two.Sid, two.Audience = "A", "A", "b"
	if _, err := trust.Build(one, two); err == nil {
		t.Error("Build gives two statements one Sid")
	}
}

// environments are tokens of all sorts, some of them made to look like others.
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

// For every order of extra fields a V3 policy lets in exactly what its rule
// says, whatever people write into their names, or is refused.
func TestBuildLetsInWhatTheRuleSays(t *testing.T) {
	t.Parallel()
	tokens := environments()
	rules := map[string]struct {
		rule trust.Rule
		in   func(claims.Claims) bool
	}{
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
	built, refused := 0, 0
	for name, tt := range rules {
		for _, fields := range layouts {
			l := layout(t, fields...)
			r := tt.rule
			r.Account, r.Organization, r.Format, r.Layout = "123456789012", org, trust.FormatV3, l
			p, err := trust.Build(r)
			if err != nil {
				refused++
				continue
			}
			built++
			_, values := subjectCondition(t, p)
			var patterns []pattern.Pattern
			for _, v := range values {
				patterns = append(patterns, pattern.Compile(v))
			}
			for _, c := range tokens {
				sub, err := l.Build(c)
				if err != nil {
					t.Fatal(err)
				}
				got := slices.ContainsFunc(patterns, func(p pattern.Pattern) bool { return p.Match(sub) })
				want := c.OrganizationID == org && tt.in(c)
				if name == "environment" && !slices.Contains(fields, "environment_id") && c.ProjectID != "" {
					want = false // the subject does not tell
				}
				if got != want {
					t.Errorf("%s, layout %v: %s gets in: %v, want %v\n%s", name, fields, sub, got, want, strings.Join(values, "\n"))
					break
				}
			}
		}
	}
	if built < 150 || refused < 100 {
		t.Errorf("%d policies built, %d refused: the test does not try both enough", built, refused)
	}
}

func TestBuildAll(t *testing.T) {
	t.Parallel()
	var rules []trust.Rule
	for i := range 50 {
		rules = append(rules, trust.Rule{Account: "123456789012", Organization: org, Project: fmt.Sprintf("019527e4-75d5-704d-a5a4-%012x", i), Format: trust.FormatBoth})
	}
	policies, err := trust.BuildAll(0, rules...)
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
			t.Errorf("policy %d has a part of a rule: %d subjects", i, len(values))
		}
		got = append(got, values...)
	}
	if len(policies) < 3 || len(got) != 150 || !slices.IsSortedFunc(got, func(a, b string) int { return strings.Compare(idOf(a), idOf(b)) }) {
		t.Errorf("%d policies with %d subjects, or not in order", len(policies), len(got))
	}
	all, err := trust.BuildAll(trust.MaxSize, rules[:20]...)
	if err != nil || len(all) != 1 {
		t.Fatalf("BuildAll(MaxSize) = %d policies, %v", len(all), err)
	}
	one, err := trust.Build(rules[:20]...)
	if err != nil || !one.Equal(all[0]) {
		t.Errorf("BuildAll of what fits into one policy is not Build: %v", err)
	}
	if _, err := trust.Build(rules...); err == nil {
		t.Error("Build of a policy that IAM refuses gives no error")
	}
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
	bad := append(slices.Clone(rules), trust.Rule{})
	if _, err := trust.BuildAll(0, bad...); err == nil || !strings.Contains(err.Error(), "rule 50: ") {
		t.Errorf("BuildAll names the wrong rule: %v", err)
	}
	clash := slices.Clone(rules[:2])
	clash[0].Sid, clash[1].Sid, clash[1].Audience = "A", "A", "other"
	_, err = trust.Build(clash...)
	if _, all := trust.BuildAll(0, clash...); all == nil || err == nil || all.Error() != err.Error() {
		t.Errorf("BuildAll of two statements with one Sid = %v, want the error of Build, %v", all, err)
	}
}

func TestFormatText(t *testing.T) {
	t.Parallel()
	for f, want := range map[trust.Format]string{trust.FormatV2: "V2", trust.FormatV3: "V3", trust.FormatBoth: "V2 and V3"} {
		text, err := f.MarshalText()
		if err != nil || string(text) != want || f.String() != want {
			t.Errorf("Format %d: String %q, MarshalText %q, %v, want %q", uint8(f), f, text, err, want)
		}
		back := trust.Format(9)
		if err := back.UnmarshalText(text); err != nil || back != f {
			t.Errorf("UnmarshalText(%q): %v, %v", text, back, err)
		}
	}
	unknown := trust.Format(9)
	if text, err := unknown.MarshalText(); err == nil || unknown.String() != "Format(9)" {
		t.Errorf("Format 9: String %q, MarshalText %q, %v", unknown, text, err)
	}
	for _, text := range []string{"", "v2", "both", "V2 ", "Format(9)", "\x1b[31m"} {
		if err := unknown.UnmarshalText([]byte(text)); err == nil || unknown != 9 || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("UnmarshalText(%q): %v, %v", text, unknown, err)
		}
	}
}

// idOf cuts the project's id out of a subject.
func idOf(subject string) string {
	i := strings.Index(subject, "019527e4-75d5-704d-a5a4-")
	return subject[i : i+36]
}

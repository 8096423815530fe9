package claims_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/onafed/onafed/claims"
)

const (
	acctID = "0190aaaa-0000-7000-8000-0000000000ac"
	saID   = "0190aaaa-0000-7000-8000-0000000000fa"
	rnrID  = "0190aaaa-0000-7000-8000-0000000000ee"

	baseProject = "organization_id:" + orgID + ":project_id:" + projID
	baseEnv     = "organization_id:" + orgID + ":environment_id:" + envID
	baseUser    = "organization_id:" + orgID + ":user_id:" + userID
)

func mustLayout(tb testing.TB, extra ...string) claims.Layout {
	tb.Helper()
	l, err := claims.NewLayout(extra...)
	if err != nil {
		tb.Fatal(err)
	}
	return l
}

func TestNewLayout(t *testing.T) {
	t.Parallel()
	documented := []string{
		"account_id", "user_id", "organization_id", "project_id", "runner_id", "environment_id",
		"creator_id", "creator_principal", "creator_email", "creator_name", "creator_idp",
		"email", "name", "idp", "runner_name", "service_account_id",
		"environment_initializers.git.remote_uri", "environment_initializers.git.upstream_remote_uri",
		"environment_initializers.context_url",
	}
	l := mustLayout(t, documented...)
	if diff := cmp.Diff(documented, l.Extra()); diff != "" {
		t.Errorf("Extra (-want +got):\n%s", diff)
	}
	l.Extra()[0] = "changed"
	if l.Extra()[0] != "account_id" {
		t.Error("Extra gives access to the layout")
	}
	documented[0] = "changed"
	if l.Extra()[0] != "account_id" {
		t.Error("the layout kept the caller's slice")
	}
	if (claims.Layout{}).Extra() != nil {
		t.Error("the zero Layout has extra fields")
	}

	var many []string
	for i := range maxExtraFields {
		many = append(many, fmt.Sprintf("idp_claims.f%d", i))
	}
	mustLayout(t, many...)
	mustLayout(t, "creator_idp_claims.groups", "idp_claims.a.b-c/d")
	for _, tt := range []struct {
		name  string
		extra []string
	}{
		{"too many", append(many, "email")},
		{"empty", []string{"email", ""}},
		{"twice", []string{"email", "name", "email"}},
		{"typing mistake", []string{"creator_mail"}},
		{"upper case", []string{"Email"}},
		{"path into a string", []string{"email.domain"}},
		{"object", []string{"idp_claims"}},
		{"empty step", []string{"idp_claims..a"}},
		{"open path", []string{"idp_claims."}},
		{"colon", []string{"idp_claims.a:email"}},
		{"space", []string{"idp_claims.a b"}},
		{"control character", []string{"idp_claims.a\x1b"}},
		{"not ASCII", []string{"idp_claims.é"}},
	} {
		if l, err := claims.NewLayout(tt.extra...); err == nil || l.Extra() != nil {
			t.Errorf("%s: NewLayout = %v, %v, want an error", tt.name, l, err)
		}
	}
}

func TestLayoutBuild(t *testing.T) {
	t.Parallel()
	env := claims.Claims{OrganizationID: orgID, ProjectID: projID, EnvironmentID: envID, CreatorEmail: "jo@example.com", CreatorName: "x:project_id:" + userID, CreatorIDPClaims: []byte(`{"groups":["a"],"department":"r&d","a":{"b":"c"},"n":1,"esc":"\u0041"}`)}
	for _, tt := range []struct {
		name  string
		extra []string
		c     claims.Claims
		want  string
	}{
		{"environment in a project", nil, env, baseProject},
		{"environment without a project", nil, claims.Claims{OrganizationID: orgID, EnvironmentID: envID, UserID: userID, AccountID: acctID, RunnerID: rnrID}, baseEnv},
		{"user", nil, claims.Claims{OrganizationID: orgID, UserID: userID, AccountID: acctID}, baseUser},
		{"service account", nil, claims.Claims{OrganizationID: orgID, ServiceAccountID: saID}, "organization_id:" + orgID + ":service_account_id:" + saID},
		{"account", nil, claims.Claims{AccountID: acctID, OrganizationID: orgID}, "account_id:" + acctID},
		{"extra fields in order", []string{"environment_id", "creator_email"}, env, baseProject + ":environment_id:" + envID + ":creator_email:jo@example.com"},
		{"extra fields in the other order", []string{"creator_email", "environment_id"}, env, baseProject + ":creator_email:jo@example.com:environment_id:" + envID},
		{"absent claims are left out", []string{"email", "creator_email", "idp_claims.a"}, env, baseProject + ":creator_email:jo@example.com"},
		{"nothing is escaped", []string{"creator_name", "environment_id"}, env, baseProject + ":creator_name:x:project_id:" + userID + ":environment_id:" + envID},
		{"base field as an extra one", []string{"organization_id"}, env, baseProject + ":organization_id:" + orgID},
		{"nested", []string{"creator_idp_claims.department", "creator_idp_claims.a.b", "creator_idp_claims.esc"}, env, baseProject + ":creator_idp_claims.department:r&d:creator_idp_claims.a.b:c:creator_idp_claims.esc:A"},
		{"what is not a string is left out", []string{"creator_idp_claims.groups", "creator_idp_claims.a", "creator_idp_claims.n", "creator_idp_claims.n.x", "environment_initializers.git.remote_uri"}, env, baseProject},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := mustLayout(t, tt.extra...).Build(tt.c)
			if err != nil || got != tt.want {
				t.Errorf("Build = %q, %v, want %q", got, err, tt.want)
			}
		})
	}
	empty := mustParse(t, `{"organization_id":"`+orgID+`","user_id":"`+userID+`","email":"","idp_claims":{"x":""}}`)
	if got, err := mustLayout(t, "name", "email", "idp_claims.x").Build(empty); err != nil || got != baseUser+":email::idp_claims.x:" {
		t.Errorf("Build with an empty claim = %q, %v", got, err)
	}
	for _, tt := range []struct {
		name string
		c    claims.Claims
	}{
		{"no principal", claims.Claims{OrganizationID: orgID}},
		{"no claims", claims.Claims{}},
		{"runner", claims.Claims{OrganizationID: orgID, RunnerID: rnrID}},
		{"no organization", claims.Claims{UserID: userID}},
		{"organization that is no id", claims.Claims{UserID: userID, OrganizationID: orgID + ":user_id:x"}},
		{"project that is no id", claims.Claims{EnvironmentID: envID, ProjectID: "p", OrganizationID: orgID}},
	} {
		if got, err := (claims.Layout{}).Build(tt.c); err == nil || got != "" {
			t.Errorf("%s: Build = %q, %v, want an error", tt.name, got, err)
		}
	}
}

// pairs makes pairs of alternating names and values.
func pairs(nv ...string) []claims.Pair {
	var ps []claims.Pair
	for i := 0; i < len(nv); i += 2 {
		ps = append(ps, claims.Pair{Name: nv[i], Value: nv[i+1]})
	}
	return ps
}

// plainPairs are pairs without methods, so that cmp shows their values.
func plainPairs(ps []claims.Pair) [][2]string {
	var out [][2]string
	for _, p := range ps {
		out = append(out, [2]string{p.Name, p.Value})
	}
	return out
}

var inProject = []string{"organization_id", orgID, "project_id", projID}

func withBase(nv ...string) []claims.Pair {
	return pairs(append(append([]string(nil), inProject...), nv...)...)
}

func TestLayoutParse(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		extra []string
		sub   string
		kind  claims.Kind
		want  []claims.Pair
	}{
		{"environment in a project", nil, baseProject, claims.KindEnvironment, withBase()},
		{"environment without a project", nil, baseEnv, claims.KindEnvironment, pairs("organization_id", orgID, "environment_id", envID)},
		{"user", nil, baseUser, claims.KindUser, pairs("organization_id", orgID, "user_id", userID)},
		{"service account", nil, "organization_id:" + orgID + ":service_account_id:" + saID, claims.KindServiceAccount, pairs("organization_id", orgID, "service_account_id", saID)},
		{"account", nil, "account_id:" + acctID, claims.KindAccount, pairs("account_id", acctID)},
		{"runner", nil, "organization_id:" + orgID + ":runner_id:" + rnrID, claims.KindRunner, pairs("organization_id", orgID, "runner_id", rnrID)},
		{"extra fields missing", []string{"email", "environment_id"}, baseProject, claims.KindEnvironment, withBase()},
		{"ids after an e-mail address", []string{"creator_email", "environment_id"}, baseProject + ":creator_email:a@b:environment_id:" + envID, claims.KindEnvironment, withBase("creator_email", "a@b", "environment_id", envID)},
		{"e-mail address before a name", []string{"creator_email", "creator_name"}, baseProject + ":creator_email:a@b:creator_name:Jo: x", claims.KindEnvironment, withBase("creator_email", "a@b", "creator_name", "Jo: x")},
		{"URL before a name", []string{"creator_idp", "creator_name"}, baseProject + ":creator_idp:https://accounts.google.com:creator_name:Jo", claims.KindEnvironment, withBase("creator_idp", "https://accounts.google.com", "creator_name", "Jo")},
		{"URL with a port before a name", []string{"creator_idp", "creator_name"}, baseProject + ":creator_idp:https://idp.example:8443:creator_name:Jo", claims.KindEnvironment, withBase("creator_idp", "https://idp.example:8443", "creator_name", "Jo")},
		{"URL with a path at the end", []string{"creator_idp"}, baseProject + ":creator_idp:https://[::1]:8443/a:b", claims.KindEnvironment, withBase("creator_idp", "https://[::1]:8443/a:b")},
		{"provider that is no URL", []string{"creator_idp", "creator_name"}, baseProject + ":creator_idp:okta:creator_name:Jo", claims.KindEnvironment, withBase("creator_idp", "okta", "creator_name", "Jo")},
		{"principal", []string{"creator_principal", "creator_name"}, baseProject + ":creator_principal:user:creator_name:Jo", claims.KindEnvironment, withBase("creator_principal", "user", "creator_name", "Jo")},
		{"empty value", []string{"creator_name"}, baseProject + ":creator_name:", claims.KindEnvironment, withBase("creator_name", "")},
		{"name that looks like a pair of no extra field", []string{"creator_name"}, baseProject + ":creator_name:x:project_id:" + envID, claims.KindEnvironment, withBase("creator_name", "x:project_id:"+envID)},
		{"name that looks like an earlier pair", []string{"environment_id", "creator_name"}, baseProject + ":creator_name:x:environment_id:" + envID, claims.KindEnvironment, withBase("creator_name", "x:environment_id:"+envID)},
		{"name that looks like a later pair that is no id", []string{"creator_name", "environment_id"}, baseProject + ":creator_name:x:environment_id:y", claims.KindEnvironment, withBase("creator_name", "x:environment_id:y")},
		{"base field as an extra one", []string{"project_id"}, baseProject + ":project_id:" + projID, claims.KindEnvironment, withBase("project_id", projID)},
		{"name that looks like another project", []string{"creator_name", "project_id"}, baseProject + ":creator_name:x:project_id:" + envID, claims.KindEnvironment, withBase("creator_name", "x:project_id:"+envID)},
		{"nested", []string{"creator_idp_claims.team"}, baseProject + ":creator_idp_claims.team:a:b", claims.KindEnvironment, withBase("creator_idp_claims.team", "a:b")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := mustLayout(t, tt.extra...).Parse(tt.sub)
			if err != nil {
				var ae *claims.AmbiguousSubjectError
				if errors.As(err, &ae) {
					for _, r := range ae.Readings {
						t.Log(plainPairs(r.Pairs))
					}
				}
				t.Fatalf("Parse(%q) = %v", tt.sub, err)
			}
			if got.Kind != tt.kind || got.Raw != tt.sub {
				t.Errorf("Parse(%q): kind %v, raw %q", tt.sub, got.Kind, got.Raw)
			}
			if diff := cmp.Diff(plainPairs(tt.want), plainPairs(got.Pairs)); diff != "" {
				t.Errorf("Parse(%q) (-want +got):\n%s", tt.sub, diff)
			}
		})
	}
}

func TestLayoutParseRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		extra  []string
		sub    string
		offset int
	}{
		{"empty", nil, "", 0},
		{"V2", nil, subV2, 0},
		{"V1", nil, "environment:" + orgID + ":" + envID, 0},
		{"name alone", nil, "organization_id", 15},
		{"no id", nil, "organization_id:", 16},
		{"organization alone", nil, "organization_id:" + orgID, 52},
		{"organization that is no id", nil, "organization_id:acme:project_id:" + projID, 18},
		{"upper-case id", nil, "organization_id:" + strings.ToUpper(orgID), 20},
		{"second pair is no base field", nil, "organization_id:" + orgID + ":email:a@b", 53},
		{"second pair has no id", nil, "organization_id:" + orgID + ":project_id", 63},
		{"project that is no id", nil, "organization_id:" + orgID + ":project_id:*", 64},
		{"id goes on", nil, baseProject + "x", 100},
		{"trailing colon", nil, baseProject + ":", 100},
		{"extra field that is not in the layout", nil, baseProject + ":environment_id:" + envID, 100},
		{"extra fields in another order", []string{"environment_id", "creator_email"}, baseProject + ":creator_email:a@b:environment_id:" + envID, 118},
		{"extra field twice", []string{"environment_id"}, baseProject + ":environment_id:" + envID + ":environment_id:" + envID, 152},
		{"extra field that is no id", []string{"environment_id"}, baseProject + ":environment_id:x", 100},
		{"another value for the same claim", []string{"project_id"}, baseProject + ":project_id:" + envID, 100},
		{"principal that is no word", []string{"creator_principal"}, baseProject + ":creator_principal:U1", 100},
		{"empty principal", []string{"creator_principal"}, baseProject + ":creator_principal:", 100},
		{"URL with two ports", []string{"creator_idp", "creator_name"}, baseProject + ":creator_idp:https://h:80:90:creator_name:Jo", 125},
		{"too long", []string{"creator_name"}, baseProject + ":creator_name:" + strings.Repeat("x", claims.MaxTokenSize), claims.MaxTokenSize},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := mustLayout(t, tt.extra...).Parse(tt.sub)
			var se *claims.SubjectError
			if !errors.As(err, &se) || got.Pairs != nil {
				t.Fatalf("Parse(%q) = %v, %v, want a *SubjectError", tt.sub, got.Pairs, err)
			}
			if se.Offset != tt.offset || se.Input != tt.sub {
				t.Errorf("Parse(%q): %v, want offset %d", tt.sub, se, tt.offset)
			}
		})
	}
}

func TestLayoutParseAmbiguous(t *testing.T) {
	t.Parallel()
	victim := "0190bbbb-0000-7000-8000-000000000bad"
	for _, tt := range []struct {
		name  string
		extra []string
		sub   string
		want  [][]claims.Pair
	}{
		{
			"display name that names a project",
			[]string{"creator_name", "project_id"},
			baseEnv + ":creator_name:x:project_id:" + victim,
			[][]claims.Pair{
				pairs("organization_id", orgID, "environment_id", envID, "creator_name", "x:project_id:"+victim),
				pairs("organization_id", orgID, "environment_id", envID, "creator_name", "x", "project_id", victim),
			},
		},
		{
			"two texts",
			[]string{"creator_name", "runner_name"},
			baseProject + ":creator_name:a:runner_name:b:runner_name:c",
			[][]claims.Pair{
				withBase("creator_name", "a:runner_name:b:runner_name:c"),
				withBase("creator_name", "a", "runner_name", "b:runner_name:c"),
				withBase("creator_name", "a:runner_name:b", "runner_name", "c"),
			},
		},
		{
			"e-mail address with a quoted colon",
			[]string{"creator_email", "project_id", "creator_name"},
			baseEnv + `:creator_email:"a@x:project_id:` + victim + `:creator_name:"@y`,
			[][]claims.Pair{
				pairs("organization_id", orgID, "environment_id", envID, "creator_email", `"a@x:project_id:`+victim+`:creator_name:"@y`),
				pairs("organization_id", orgID, "environment_id", envID, "creator_email", `"a@x`, "project_id", victim, "creator_name", `"@y`),
				pairs("organization_id", orgID, "environment_id", envID, "creator_email", `"a@x:project_id:`+victim, "creator_name", `"@y`),
			},
		},
		{
			"e-mail address without a domain",
			[]string{"creator_email", "project_id"},
			baseEnv + ":creator_email:a:project_id:" + victim,
			[][]claims.Pair{
				pairs("organization_id", orgID, "environment_id", envID, "creator_email", "a:project_id:"+victim),
				pairs("organization_id", orgID, "environment_id", envID, "creator_email", "a", "project_id", victim),
			},
		},
		{
			"URL whose path has a colon",
			[]string{"idp", "name"},
			baseUser + ":idp:https://x/y:name:z",
			[][]claims.Pair{
				pairs("organization_id", orgID, "user_id", userID, "idp", "https://x/y:name:z"),
				pairs("organization_id", orgID, "user_id", userID, "idp", "https://x/y", "name", "z"),
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := mustLayout(t, tt.extra...).Parse(tt.sub)
			var ae *claims.AmbiguousSubjectError
			if !errors.As(err, &ae) || got.Pairs != nil {
				t.Fatalf("Parse(%q) = %v, %v, want an *AmbiguousSubjectError", tt.sub, got.Pairs, err)
			}
			var want, readings [][][2]string
			for _, ps := range tt.want {
				want = append(want, plainPairs(ps))
			}
			for _, r := range ae.Readings {
				readings = append(readings, plainPairs(r.Pairs))
			}
			if diff := cmp.Diff(want, readings); diff != "" || ae.More || ae.Input != tt.sub {
				t.Errorf("Parse(%q), more %v (-want +got):\n%s", tt.sub, ae.More, diff)
			}
		})
	}
}

func TestParseSubjectV3(t *testing.T) {
	t.Parallel()
	sub := baseProject + ":creator_email:a@b:environment_id:" + envID + ":creator_principal:user"
	got, err := claims.ParseSubjectV3(sub)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(plainPairs(withBase("creator_email", "a@b", "environment_id", envID, "creator_principal", "user")), plainPairs(got.Pairs)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if v, ok := got.Lookup("environment_id"); !ok || v != envID {
		t.Errorf("Lookup = %q, %v", v, ok)
	}
	if v, ok := got.Lookup("email"); ok || v != "" {
		t.Errorf("Lookup of a field that is not there = %q, %v", v, ok)
	}
	var ae *claims.AmbiguousSubjectError
	if _, err := claims.ParseSubjectV3(baseProject + ":creator_name:x:environment_id:" + envID); !errors.As(err, &ae) || len(ae.Readings) != 2 {
		t.Errorf("a name and an environment: %v", err)
	}
	var se *claims.SubjectError
	if _, err := claims.ParseSubjectV3(baseProject + ":email:a@x:email:b"); !errors.As(err, &se) {
		t.Errorf("a field twice: %v", err)
	}
}

// Hostile subjects neither take long (a search that tries everything would not
// come to an end) nor make many readings.
func TestLayoutParseHostile(t *testing.T) {
	t.Parallel()
	var many []string
	for i := range 46 {
		many = append(many, fmt.Sprintf("idp_claims.%c%c", 'a'+i%26, 'a'+i/26))
	}
	all := mustLayout(t, append(many, "creator_name", "project_id", "creator_idp", "name")...)
	for _, piece := range []string{
		":project_id:", ":project_id:" + projID, ":creator_idp:https://", ":creator_idp:", ":creator_idp:https://x/",
		":creator_name:", ":name:", ":idp_claims.aa:", ":idp_claims.aa:x:idp_claims.ba:y:idp_claims.ca:z",
		":", "::", ":a:", "x", ":creator_idp:x://h:1", ":creator_idp:x://[", ":email:", ":creator_email:",
	} {
		for _, prefix := range []string{"", ":idp_claims.aa:"} {
			sub := baseProject + prefix
			sub += strings.Repeat(piece, (claims.MaxTokenSize-len(sub))/len(piece))
			for name, parse := range map[string]func(string) (claims.SubjectV3, error){"Parse": all.Parse, "ParseSubjectV3": claims.ParseSubjectV3} {
				got, err := parse(sub)
				var ae *claims.AmbiguousSubjectError
				if errors.As(err, &ae) {
					if n := len(ae.Readings); n < 2 || n > maxReadings || ae.More && n != maxReadings {
						t.Errorf("%d readings, more %v", n, ae.More)
					}
					if v, ok := got.Lookup("project_id"); ok {
						t.Errorf("an ambiguous subject has project %q", v)
					}
				}
				if err != nil && len(err.Error()) > 2000 {
					t.Errorf("%s of %q and many %q: message of %d bytes", name, prefix, piece, len(err.Error()))
				}
			}
		}
	}
}

func TestClaimsSubjectV3(t *testing.T) {
	t.Parallel()
	victim := "0190bbbb-0000-7000-8000-000000000bad"
	c := claims.Claims{OrganizationID: orgID, EnvironmentID: envID, CreatorName: "x:project_id:" + victim, CreatorIDPClaims: []byte(`{"team":"a:b"}`)}
	l := mustLayout(t, "creator_name", "project_id", "creator_idp_claims.team")
	var err error
	if c.Subject, err = l.Build(c); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Parse(c.Subject); err == nil {
		t.Fatalf("Parse(%q) did not notice that there are two readings", c.Subject)
	}
	got, err := c.SubjectV3()
	if err != nil {
		t.Fatal(err)
	}
	want := pairs("organization_id", orgID, "environment_id", envID, "creator_name", "x:project_id:"+victim, "creator_idp_claims.team", "a:b")
	if diff := cmp.Diff(plainPairs(want), plainPairs(got.Pairs)); diff != "" || got.Kind != claims.KindEnvironment || got.Raw != c.Subject {
		t.Errorf("SubjectV3 (-want +got):\n%s", diff)
	}

	for _, tt := range []struct {
		name, sub string
		change    func(*claims.Claims)
	}{
		{"empty", "", nil},
		{"V2", subV2, nil},
		{"no pairs", "x", nil},
		{"another organization", "organization_id:" + victim + ":environment_id:" + envID, nil},
		{"absent claim", baseEnv + ":project_id:" + victim, nil},
		{"another project", baseProject, func(c *claims.Claims) { c.ProjectID = victim }},
		{"value goes on", baseEnv + "0", nil},
		{"value goes on with a pair", baseEnv + "xorganization_id:" + orgID, nil},
		{"value breaks off", baseEnv[:len(baseEnv)-1], nil},
		{"trailing colon", baseEnv + ":", nil},
		{"no base", "creator_name:x:project_id:" + victim, nil},
		{"organization alone", "organization_id:" + orgID, nil},
		{"claim without a subject form", baseEnv + ":aud:x", nil},
		{"forged project is not in the name", baseEnv + ":creator_name:y:project_id:" + victim, nil},
	} {
		c := c
		c.Subject = tt.sub
		if tt.change != nil {
			tt.change(&c)
		}
		got, err := c.SubjectV3()
		var ve *claims.ValidationError
		if !errors.As(err, &ve) || ve.Claim != "sub" || got.Pairs != nil {
			t.Errorf("%s: SubjectV3 = %v, %v, want a *ValidationError", tt.name, got.Pairs, err)
		}
	}
}

func TestClaimsSubjectV3Limit(t *testing.T) {
	t.Parallel()
	c := claims.Claims{OrganizationID: orgID, EnvironmentID: envID, IDPClaims: []byte(`{"a":{"b":""}}`)}
	for extra, ok := range map[int]bool{maxExtraFields: true, maxExtraFields + 1: false} {
		c.Subject = baseEnv + strings.Repeat(":idp_claims.a.b:", extra)
		if s, err := c.SubjectV3(); (err == nil) != ok || ok && len(s.Pairs) != 2+extra {
			t.Errorf("SubjectV3 of %d extra pairs = %d pairs, %v", extra, len(s.Pairs), err)
		}
	}
}

func TestLayoutBuildNested(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, idpClaims, want string }{
		{"absent", ``, ""},
		{"not an object", `"x"`, ""},
		{"null", `null`, ""},
		{"string on the way", `{"a":"x"}`, ""},
		{"array on the way", `{"a":[{"b":"x"}]}`, ""},
		{"string", `{"z":{"a":{"b":"no"}}, "a" : { "c":{"b":"no"}, "b" : "x" }, "b":"no"}`, "x"},
		{"escapes", `{"\u0061":{"b":"\u0078"}}`, "x"},
		{"name with a dot", `{"a.b":"x"}`, ""},
		{"twice", `{"a":{"b":"x"},"a":{"b":"y"}}`, ""},
		{"not JSON", `{"a":{"b":"x"}`, ""},
		{"more than JSON", `{"a":{"b":"x"}}}`, ""},
	} {
		want := baseUser
		if tt.want != "" {
			want += ":idp_claims.a.b:" + tt.want
		}
		c := claims.Claims{OrganizationID: orgID, UserID: userID, IDPClaims: []byte(tt.idpClaims)}
		if got, err := mustLayout(t, "idp_claims.a.b").Build(c); err != nil || got != want {
			t.Errorf("%s: Build = %q, %v, want %q", tt.name, got, err, want)
		}
	}
}

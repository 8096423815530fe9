package claims_test

import (
	"fmt"
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
		{"spelling mistake", []string{"creator_mail"}},
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
		{"values that are not strings are left out", []string{"creator_idp_claims.groups", "creator_idp_claims.a", "creator_idp_claims.n", "creator_idp_claims.n.x", "environment_initializers.git.remote_uri"}, env, baseProject},
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
		{"organization that is not an id", claims.Claims{UserID: userID, OrganizationID: orgID + ":user_id:x"}},
		{"project that is not an id", claims.Claims{EnvironmentID: envID, ProjectID: "p", OrganizationID: orgID}},
	} {
		if got, err := (claims.Layout{}).Build(tt.c); err == nil || got != "" {
			t.Errorf("%s: Build = %q, %v, want an error", tt.name, got, err)
		}
	}
}

func TestLayoutBuildNested(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, idpClaims, want string }{
		{"absent", ``, ""},
		{"not an object", `"x"`, ""},
		{"null", `null`, ""},
		{"path through a string", `{"a":"x"}`, ""},
		{"path through an array", `{"a":[{"b":"x"}]}`, ""},
		{"string", `{"z":{"a":{"b":"no"}}, "a" : { "c":{"b":"no"}, "b" : "x" }, "b":"no"}`, "x"},
		{"escapes", `{"\u0061":{"b":"\u0078"}}`, "x"},
		{"name with a dot", `{"a.b":"x"}`, ""},
		{"repeated name", `{"a":{"b":"x"},"a":{"b":"y"}}`, ""},
		{"not JSON", `{"a":{"b":"x"}`, ""},
		{"text after the JSON", `{"a":{"b":"x"}}}`, ""},
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

package claims_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/onafed/onafed/claims"
)

// v3 returns the payload of a V3 token with the given subject and members.
func v3(sub, members string) string { return `{"sub":"` + sub + `",` + members + `}` }

type identityTest struct {
	name, payload    string
	version          claims.Version
	kind             claims.Kind
	org, project, id string
	session          string
	subV2            string // "" without a V2 subject
	subV3            string
}

func TestIdentity(t *testing.T) {
	t.Parallel()
	orgClaim := `"organization_id":"` + orgID + `"`
	for _, tt := range []identityTest{
		{"V2 environment in a project", payloadV2, claims.V2, claims.KindEnvironment, orgID, projID, envID, "env-" + envID, subV2, baseProject},
		{
			"V2 environment without a project", `{"org":"` + orgID + `","sub":"org:` + orgID + `/env:` + envID + `"}`,
			claims.V2, claims.KindEnvironment, orgID, "", envID, "env-" + envID, "org:" + orgID + "/env:" + envID, baseEnv,
		},
		{"V2 user", `{"sub":"org:` + orgID + `/user:` + userID + `"}`, claims.V2, claims.KindUser, orgID, "", userID, "user-" + userID, "org:" + orgID + "/user:" + userID, baseUser},
		{"V2 usr", `{"sub":"org:` + orgID + `/usr:` + userID + `"}`, claims.V2, claims.KindUser, orgID, "", userID, "user-" + userID, "org:" + orgID + "/user:" + userID, baseUser},
		{"V2 runner", `{"sub":"org:` + orgID + `/rnr:` + rnrID + `"}`, claims.V2, claims.KindRunner, orgID, "", rnrID, "rnr-" + rnrID, "org:" + orgID + "/rnr:" + rnrID, ""},
		{"V3 environment in a project", payloadV3, claims.V3, claims.KindEnvironment, orgID, projID, envID, "env-" + envID, subV2, baseProject},
		{
			"V3 environment without a project, its user named", v3(baseEnv, orgClaim+`,"environment_id":"`+envID+`","user_id":"`+userID+`","account_id":"`+acctID+`","runner_id":"`+rnrID+`"`),
			claims.V3, claims.KindEnvironment, orgID, "", envID, "env-" + envID, "org:" + orgID + "/env:" + envID, baseEnv,
		},
		{
			"V3 environment whose subject is the organization alone", v3("organization_id:"+orgID, orgClaim+`,"environment_id":"`+envID+`"`),
			claims.V3, claims.KindEnvironment, orgID, "", envID, "env-" + envID, "org:" + orgID + "/env:" + envID, baseEnv,
		},
		{
			"V3 with a forged name", v3(baseEnv+":creator_name:x:project_id:"+projID, orgClaim+`,"environment_id":"`+envID+`","creator_name":"x:project_id:`+projID+`"`),
			claims.V3, claims.KindEnvironment, orgID, "", envID, "env-" + envID, "org:" + orgID + "/env:" + envID, baseEnv,
		},
		{
			"V3 environment with the ID of a user", v3(baseProject+":user_id:"+userID, orgClaim+`,"project_id":"`+projID+`","environment_id":"`+envID+`","user_id":"`+userID+`"`),
			claims.V3, claims.KindEnvironment, orgID, projID, envID, "env-" + envID, subV2, baseProject,
		},
		{"V3 user", v3(baseUser, orgClaim+`,"user_id":"`+userID+`","account_id":"`+acctID+`"`), claims.V3, claims.KindUser, orgID, "", userID, "user-" + userID, "org:" + orgID + "/user:" + userID, baseUser},
		{
			"V3 service account", v3("organization_id:"+orgID+":service_account_id:"+saID, orgClaim+`,"service_account_id":"`+saID+`"`),
			claims.V3, claims.KindServiceAccount, orgID, "", saID, "sa-" + saID, "", "organization_id:" + orgID + ":service_account_id:" + saID,
		},
		{"V3 account", v3("account_id:"+acctID, `"account_id":"`+acctID+`"`), claims.V3, claims.KindAccount, "", "", acctID, "acct-" + acctID, "", "account_id:" + acctID},
		{"V3 account of an organization", v3("account_id:"+acctID, orgClaim+`,"account_id":"`+acctID+`"`), claims.V3, claims.KindAccount, orgID, "", acctID, "acct-" + acctID, "", "account_id:" + acctID},
		{"V3 runner", `{` + orgClaim + `,"runner_id":"` + rnrID + `"}`, claims.V3, claims.KindRunner, orgID, "", rnrID, "rnr-" + rnrID, "org:" + orgID + "/rnr:" + rnrID, ""},
		{
			"V1 environment", `{"org":"` + orgID + `","gsub":{"principal":"environment","id":"` + envID + `"},"sub":"environment:` + orgID + `:` + envID + `"}`,
			claims.V1, claims.KindEnvironment, orgID, "", envID, "env-" + envID, "", "",
		},
		{"V1 user", `{"sub":"user:` + orgID + `:` + userID + `"}`, claims.V1, claims.KindUser, orgID, "", userID, "user-" + userID, "org:" + orgID + "/user:" + userID, baseUser},
		{"V1 service account", `{"sub":"serviceaccount:` + orgID + `:` + saID + `"}`, claims.V1, claims.KindServiceAccount, orgID, "", saID, "sa-" + saID, "", "organization_id:" + orgID + ":service_account_id:" + saID},
		{"V1 account", `{"sub":"account:` + orgID + `:` + acctID + `"}`, claims.V1, claims.KindAccount, orgID, "", acctID, "acct-" + acctID, "", "account_id:" + acctID},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			checkIdentity(t, tt)
		})
	}
}

func checkIdentity(t *testing.T, tt identityTest) {
	t.Helper()
	c := mustParse(t, tt.payload)
	if got := c.Version(); got != tt.version {
		t.Errorf("Version() = %v, want %v", got, tt.version)
	}
	id, err := c.Identity()
	if err != nil {
		t.Fatalf("Identity() = %v", err)
	}
	if id.Kind() != tt.kind || id.Organization() != tt.org || id.Project() != tt.project || id.ID() != tt.id || id.IsZero() {
		t.Errorf("Identity() = %v", id)
	}
	for _, s := range []string{id.String(), fmt.Sprint(id)} {
		if !strings.Contains(s, tt.kind.String()) || !strings.Contains(s, tt.id) || !strings.Contains(s, tt.org) ||
			strings.Contains(s, " in project "+tt.project+" of") != (tt.project != "") {
			t.Errorf("String() = %q", s)
		}
	}
	if got := id.SessionName(); got != tt.session {
		t.Errorf("SessionName() = %q, want %q", got, tt.session)
	}
	if kind, sid, err := claims.ParseSessionName(id.SessionName()); err != nil || kind != tt.kind || sid != tt.id {
		t.Errorf("ParseSessionName = %v, %q, %v", kind, sid, err)
	}
	if got, err := id.SubjectV2(); got.String() != tt.subV2 || (err == nil) != (tt.subV2 != "") {
		t.Errorf("SubjectV2() = %q, %v, want %q", got, err, tt.subV2)
	}
	if got, err := id.SubjectV3(claims.Layout{}); got != tt.subV3 || (err == nil) != (tt.subV3 != "") {
		t.Errorf("SubjectV3() = %q, %v, want %q", got, err, tt.subV3)
	}
	if s, err := id.SubjectV2(); err == nil {
		if back, err := s.Identity(); err != nil || back != id {
			t.Errorf("%q.Identity() = %v, %v, want %v", s, back, err, id)
		}
	}
}

func TestIdentityRefuses(t *testing.T) {
	t.Parallel()
	other := "0190bbbb-0000-7000-8000-000000000bad"
	orgClaim := `"organization_id":"` + orgID + `"`
	for _, tt := range []struct {
		name, payload string
		version       claims.Version
		claim         string // of the *ValidationError
	}{
		{"no claims", `{}`, claims.VersionUnknown, "sub"},
		{"token of another issuer", `{"iss":"https://token.actions.githubusercontent.com","sub":"repo:o/r:ref:refs/heads/main"}`, claims.VersionUnknown, "sub"},
		{"V2 of another organization", `{"org":"` + other + `","sub":"` + subV2 + `"}`, claims.V2, "sub"},
		{"V2 with two organizations", `{"org":"` + orgID + `","organization_id":"` + other + `","sub":"` + subV2 + `"}`, claims.V2, "org"},
		{"V2 with another project", `{"project_id":"` + other + `","sub":"` + subV2 + `"}`, claims.V2, "project_id"},
		{"V2 of a user with a project", `{"project_id":"` + projID + `","sub":"org:` + orgID + `/user:` + userID + `"}`, claims.V2, "project_id"},
		{"V2 with another environment", `{"environment_id":"` + other + `","sub":"` + subV2 + `"}`, claims.V2, "environment_id"},
		{"V2 with an undocumented principal", `{"sub":"org:` + orgID + `/sa:` + saID + `"}`, claims.V2, "sub"},
		{"V2 without a principal", `{"sub":"org:` + orgID + `/prj:` + projID + `"}`, claims.V2, "sub"},
		{"damaged V2 with claims of V3", v3(subV2+"/", orgClaim+`,"environment_id":"`+envID+`"`), claims.VersionUnknown, "sub"},
		{"V3 of another organization", v3(baseEnv, `"organization_id":"`+other+`","environment_id":"`+envID+`"`), claims.V3, "sub"},
		{"V3 of another project", v3(baseProject, orgClaim+`,"project_id":"`+other+`","environment_id":"`+envID+`"`), claims.V3, "sub"},
		{"V3 with a project in sub alone", v3(baseProject, orgClaim+`,"environment_id":"`+envID+`"`), claims.V3, "sub"},
		{"V3 of another kind", v3(baseUser, orgClaim+`,"user_id":"`+userID+`","environment_id":"`+envID+`"`), claims.V3, "sub"},
		{"V3 without claims of a principal", v3(baseProject, orgClaim), claims.V3, "sub"},
		{"V3 without an organization", `{"environment_id":"` + envID + `"}`, claims.V3, "organization_id"},
		{"V3 whose project is not an id", v3("", orgClaim+`,"environment_id":"`+envID+`","project_id":"p"`), claims.V3, "project_id"},
		{"V3 whose environment is not an id", v3("", orgClaim+`,"environment_id":"e/../x"`), claims.V3, "environment_id"},
		{"V3 organization that is not an id", v3("organization_id:acme:environment_id:"+envID, orgClaim+`,"environment_id":"`+envID+`"`), claims.V3, "sub"},
		{"V3 by claims only", v3("auth0|1234", orgClaim+`,"user_id":"`+userID+`"`), claims.V3, "sub"},
		{"V3 whose subject does not begin with an id", v3("creator_name:x:"+baseUser, orgClaim+`,"user_id":"`+userID+`"`), claims.V3, "sub"},
		{"V1 of another organization", `{"org":"` + other + `","sub":"user:` + orgID + `:` + userID + `"}`, claims.V1, "sub"},
		{"V1 with another gsub", `{"gsub":{"principal":"user","id":"` + other + `"},"sub":"user:` + orgID + `:` + userID + `"}`, claims.V1, "gsub"},
		{"V1 with another kind", `{"gsub":{"principal":"account","id":"` + userID + `"},"sub":"user:` + orgID + `:` + userID + `"}`, claims.V1, "gsub"},
		{"V1 by gsub only", `{"gsub":{"principal":"user","id":"` + userID + `"}}`, claims.V1, "sub"},
		{"V1 with an unknown kind", `{"sub":"runner:` + orgID + `:` + rnrID + `"}`, claims.VersionUnknown, "sub"},
		{"V1 without an id", `{"sub":"user:` + orgID + `"}`, claims.VersionUnknown, "sub"},
		{"V1 with a fourth part", `{"sub":"user:` + orgID + `:` + userID + `:x"}`, claims.VersionUnknown, "sub"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := mustParse(t, tt.payload)
			if got := c.Version(); got != tt.version {
				t.Errorf("Version() = %v, want %v", got, tt.version)
			}
			id, err := c.Identity()
			if err == nil || !id.IsZero() {
				t.Fatalf("Identity() = %v, %v, want an error", id, err)
			}
			var ve *claims.ValidationError
			if !errors.As(err, &ve) || ve.Claim != tt.claim {
				t.Errorf("Identity() = %v (%T), want an error about %q", err, err, tt.claim)
			}
		})
	}
}

func TestIdentityZero(t *testing.T) {
	t.Parallel()
	var id claims.Identity
	if !id.IsZero() || id.Kind() != claims.KindUnknown || id.SessionName() != "" || id.String() != "unknown principal" {
		t.Errorf("zero Identity: %v, %q", id, id.SessionName())
	}
	if s, err := id.SubjectV2(); err == nil {
		t.Errorf("SubjectV2() = %q", s)
	}
	if s, err := id.SubjectV3(claims.Layout{}); err == nil {
		t.Errorf("SubjectV3() = %q", s)
	}
}

// A field that an identity does not know is an error, and not a missing pair.
func TestIdentitySubjectV3Extra(t *testing.T) {
	t.Parallel()
	env, err := mustParse(t, payloadV3).Identity()
	if err != nil {
		t.Fatal(err)
	}
	user, err := claims.MustParseSubject("org:" + orgID + "/user:" + userID).Identity()
	if err != nil {
		t.Fatal(err)
	}
	runner, err := claims.MustParseSubject("org:" + orgID + "/rnr:" + rnrID).Identity()
	if err != nil {
		t.Fatal(err)
	}
	sa, err := mustParse(t, `{"sub":"serviceaccount:`+orgID+`:`+saID+`"}`).Identity()
	if err != nil {
		t.Fatal(err)
	}
	acct, err := mustParse(t, `{"sub":"account:`+orgID+`:`+acctID+`"}`).Identity()
	if err != nil {
		t.Fatal(err)
	}
	baseSA := "organization_id:" + orgID + ":service_account_id:" + saID
	for _, tt := range []struct {
		id    claims.Identity
		extra []string
		want  string
	}{
		{sa, []string{"environment_id", "project_id", "runner_id", "user_id", "account_id", "email", "idp", "creator_name", "runner_name", "idp_claims.a", "organization_id"}, baseSA + ":organization_id:" + orgID},
		{sa, []string{"name"}, ""},
		{acct, []string{"user_id", "service_account_id", "creator_id", "organization_id"}, "account_id:" + acctID + ":organization_id:" + orgID},
		{acct, []string{"email"}, ""},
		{acct, []string{"name"}, ""},
		{acct, []string{"idp_claims.a"}, ""},
		{runner, nil, ""},
		{runner, []string{"runner_name"}, ""},
		{env, []string{"runner_name"}, ""},
		{env, []string{"name", "idp"}, baseProject},
		{env, []string{"environment_id", "service_account_id", "email"}, baseProject + ":environment_id:" + envID},
		{user, []string{"environment_id", "project_id", "creator_email", "user_id"}, baseUser + ":user_id:" + userID},
		{env, []string{"creator_email"}, ""},
		{env, []string{"creator_idp_claims.team"}, ""},
		{env, []string{"user_id"}, ""},
		{env, []string{"runner_id"}, ""},
		{user, []string{"email"}, ""},
		{user, []string{"account_id"}, ""},
		{user, []string{"name"}, ""},
	} {
		if got, err := tt.id.SubjectV3(mustLayout(t, tt.extra...)); got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("%v under %q: %q, %v, want %q", tt.id, tt.extra, got, err, tt.want)
		}
	}
}

func TestParseSessionNameRefuses(t *testing.T) {
	t.Parallel()
	for _, in := range []string{"", "env", "env-", "env-x", "env" + envID, "ENV-" + envID, "env-" + strings.ToUpper(envID), "env-" + envID + "x", "-" + envID, "usr-" + envID, "env-" + envID + "\n", "jo@example.com", "unknown-" + envID} {
		kind, id, err := claims.ParseSessionName(in)
		if err == nil || kind != claims.KindUnknown || id != "" {
			t.Errorf("ParseSessionName(%q) = %v, %q, %v, want an error", in, kind, id, err)
		}
		if err != nil && strings.Contains(err.Error(), "jo@") {
			t.Errorf("the error shows the name: %v", err)
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	if got := fmt.Sprint(claims.V1, claims.V2, claims.V3, claims.VersionUnknown, claims.Version(7)); got != "V1 V2 V3 unknown unknown" {
		t.Errorf("versions print as %s", got)
	}
	if got := fmt.Sprint(claims.KindEnvironment, claims.KindUser, claims.KindRunner, claims.KindServiceAccount, claims.KindAccount, claims.KindUnknown, claims.Kind(-1)); got != "environment user runner serviceaccount account unknown unknown" {
		t.Errorf("kinds print as %s", got)
	}
}

// A subject of another form has the version V3 if the token has the claims of V3.
func TestVersionByClaims(t *testing.T) {
	t.Parallel()
	for payload, want := range map[string]claims.Version{
		`{"sub":"a"}`: claims.VersionUnknown,
		`{"sub":"a","organization_id":"` + orgID + `"}`:                               claims.V3,
		`{"sub":"a","org":"` + orgID + `"}`:                                           claims.VersionUnknown,
		`{"sub":"a","org":"` + orgID + `","organization_id":"` + orgID + `"}`:         claims.VersionUnknown,
		`{"sub":"a","user_id":"` + userID + `"}`:                                      claims.V3,
		`{"sub":"a","iss":"https://gitlab.com","organization_id":"` + orgID + `"}`:    claims.VersionUnknown,
		`{"sub":"a","iss":"https://app.gitpod.io","organization_id":"` + orgID + `"}`: claims.V3,
	} {
		if got := mustParse(t, payload).Version(); got != want {
			t.Errorf("Version of %s = %v, want %v", payload, got, want)
		}
	}
}

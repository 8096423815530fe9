package subject_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/onafed/onafed/internal/subject"
)

type reading struct {
	Version subject.Version
	Claims  string
	IDs     string
	Rest    string

	Complete, Incomplete bool
}

func read(s string) reading {
	r := subject.Read(s)
	var ids []string
	for _, p := range r.Pairs {
		ids = append(ids, p.ID+p.Wildcards)
	}
	return reading{r.Version, r.Claims(), strings.Join(ids, " "), r.Rest, r.Complete(), r.Incomplete()}
}

func TestRead(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		want       reading
	}{
		{
			"V2 environment of a project", "org:" + org + "/prj:" + prj + "/env:" + env,
			reading{Version: subject.V2, Claims: "organization_id/project_id/environment_id", IDs: org + " " + prj + " " + env, Complete: true},
		},
		{"V2 project", "org:" + org + "/prj:" + prj, reading{Version: subject.V2, Claims: "organization_id/project_id", IDs: org + " " + prj, Incomplete: true}},
		{"V2 organization", "org:" + org, reading{Version: subject.V2, Claims: "organization_id", IDs: org, Incomplete: true}},
		{"V2 with a final slash", "org:" + org + "/", reading{Version: subject.V2, Claims: "organization_id", IDs: org, Rest: "/"}},
		{"V2 pattern for a project", "org:" + org + "/prj:" + prj + "/*", reading{Version: subject.V2, Claims: "organization_id/project_id/*", IDs: org + " " + prj + " **"}},
		{"V2 asterisk in place of a pair", "org:" + org + "/*/env:" + env, reading{Version: subject.V2, Claims: "organization_id/*/environment_id", IDs: org + " ** " + env}},
		{"V2 asterisk in place of an ID", "org:" + org + "/prj:*", reading{Version: subject.V2, Claims: "organization_id/project_id", IDs: org + " **"}},
		{"V2 wildcards behind an ID", "org:" + org + "?*", reading{Version: subject.V2, Claims: "organization_id", IDs: org + "?*"}},
		{"V2 half an ID", "org:" + org + "/prj:0195*", reading{Version: subject.V2, Claims: "organization_id", IDs: org, Rest: "/prj:0195*"}},
		{"V2 unknown name", "org:" + org + "/sa:" + prj, reading{Version: subject.V2, Claims: "organization_id", IDs: org, Rest: "/sa:" + prj}},
		{"V3 project", "organization_id:" + org + ":project_id:" + prj, reading{Version: subject.V3, Claims: "organization_id/project_id", IDs: org + " " + prj, Complete: true}},
		{"V3 account", "account_id:" + org, reading{Version: subject.V3, Claims: "account_id", IDs: org, Complete: true}},
		{"V3 any project", "organization_id:" + org + ":project_id:" + subject.AnyID, reading{Version: subject.V3, Claims: "organization_id/project_id", IDs: org + " *"}},
		// In V3 an asterisk also matches separators, so what follows it is not at a known position.
		{"V3 asterisk in place of an ID", "organization_id:" + org + ":project_id:*", reading{Version: subject.V3, Claims: "organization_id", IDs: org, Rest: ":project_id:*"}},
		{"V3 text of a user", "organization_id:" + org + ":name:x", reading{Version: subject.V3, Claims: "organization_id", IDs: org, Rest: ":name:x"}},
		{"V3 text that is a UUID", "organization_id:" + org + ":name:" + prj, reading{Version: subject.V3, Claims: "organization_id", IDs: org, Rest: ":name:" + prj}},
		{"V3 asterisk in place of a pair", "organization_id:" + org + ":*", reading{Version: subject.V3, Claims: "organization_id", IDs: org, Rest: ":*"}},
		{"V3 empty pair", "organization_id:" + org + "::project_id:" + prj, reading{Version: subject.V3, Claims: "organization_id", IDs: org, Rest: "::project_id:" + prj}},
		{"V2 name of V3", "org:" + org + "/project_id:" + prj, reading{Version: subject.V2, Claims: "organization_id", IDs: org, Rest: "/project_id:" + prj}},
		{"V2 empty pair", "org:" + org + "//prj:" + prj, reading{Version: subject.V2, Claims: "organization_id", IDs: org, Rest: "//prj:" + prj}},
		{"not a subject", "repo:octo-org/octo-repo", reading{Rest: "repo:octo-org/octo-repo"}},
		{"asterisk alone", "*", reading{Rest: "*"}},
		{"empty", "", reading{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, read(tt.text), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("Read(%q) (-want +got):\n%s", tt.text, diff)
			}
		})
	}
}

func TestReadingID(t *testing.T) {
	t.Parallel()
	r := subject.Read("org:" + org + "/prj:*/env:" + env)
	for claim, want := range map[string]string{"organization_id": org, "project_id": "", "environment_id": "", "user_id": ""} {
		if got := r.ID(claim); got != want {
			t.Errorf("ID(%s) = %q, want %q", claim, got, want)
		}
	}
	if got := subject.Read("org:" + org + "*/prj:" + prj).ID("project_id"); got != "" {
		t.Errorf("ID(project_id) behind a wildcard = %q, want none", got)
	}
}

// Read loses no text and reads only IDs, whatever it gets.
func FuzzRead(f *testing.F) {
	for _, s := range []string{
		"org:" + org + "/prj:" + prj + "/env:" + env, "org:" + org + "*", "org:" + org + "/*/env:" + env, "org:" + org + "/",
		"organization_id:" + org + ":project_id:" + subject.AnyID + ":*", "account_id:" + org, "", "*", "org:", "environment:" + org + ":" + env,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r := subject.Read(s)
		if !strings.HasSuffix(s, r.Rest) {
			t.Errorf("Read(%q).Rest = %q, which is not its end", s, r.Rest)
		}
		for _, p := range r.Pairs {
			if p.ID != subject.Any && !subject.IsUUID(p.ID) || strings.Trim(p.Wildcards, "*?") != "" || p.Claim == "" {
				t.Errorf("Read(%q) has the pair %+v", s, p)
			}
		}
		if r.Complete() && r.Incomplete() {
			t.Errorf("Read(%q) is complete and incomplete", s)
		}
		// A complete subject belongs to the tenant that it names.
		if tenant := subject.TenantOf("app.gitpod.io", "sub", s, true); r.Complete() && (tenant.Binding != subject.Exact || tenant.Name != r.Pairs[0].ID) {
			t.Errorf("TenantOf(%q) = %+v, want the first pair of %+v", s, tenant, r.Pairs)
		}
	})
}

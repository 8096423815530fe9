package subject_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/onafed/onafed/internal/subject"
)

const (
	user   = "0191e223-1c3c-7607-badf-303c98b52d30"
	baseV3 = "organization_id:" + org + ":project_id:" + prj
)

func TestSelectionV3(t *testing.T) {
	t.Parallel()
	inProject := subject.Selection{Organization: org, Project: prj, Environment: env}
	tests := []struct {
		name  string
		s     subject.Selection
		extra []string
		want  []string // nil: refused
	}{
		{"organization", subject.Selection{Organization: org}, nil, []string{"organization_id:" + org + ":*"}},
		{"user", subject.Selection{Organization: org, User: user}, nil, subject.OpenEnd("organization_id:" + org + ":user_id:" + user)},
		{"project", subject.Selection{Organization: org, Project: prj}, []string{"name"}, subject.OpenEnd(baseV3)},
		{"environment without its field", inProject, nil, nil},
		{"environment as the last field", inProject, []string{"environment_id"}, []string{baseV3 + ":environment_id:" + env}},
		{"field behind the environment", inProject, []string{"environment_id", "name"}, subject.OpenEnd(baseV3 + ":environment_id:" + env)},
		{"ID before the environment", inProject, []string{"creator_id", "environment_id"}, []string{baseV3 + ":creator_id:" + subject.AnyID + ":environment_id:" + env}},
		{
			"ID that may be missing", inProject,
			[]string{"runner_id", "environment_id"},
			[]string{baseV3 + ":environment_id:" + env, baseV3 + ":runner_id:" + subject.AnyID + ":environment_id:" + env},
		},
		{"text before the environment", inProject, []string{"creator_name", "environment_id"}, nil},
		{"path before the environment", inProject, []string{"idp_claims.team", "environment_id"}, nil},
		{
			"environment outside of projects",
			subject.Selection{Organization: org, Environment: env},
			nil,
			subject.OpenEnd("organization_id:" + org + ":environment_id:" + env),
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.s.Extra = tt.extra
			got, err := tt.s.V3()
			if (err != nil) != (tt.want == nil) {
				t.Fatalf("V3: %v, want values %q", err, tt.want)
			}
			slices.Sort(got)
			slices.Sort(tt.want)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("V3 (-want +got):\n%s", diff)
			}
		})
	}
}

// Every value of V2 and V3 belongs to the organization of the selection.
func TestSelectionIsBound(t *testing.T) {
	t.Parallel()
	for _, s := range []subject.Selection{
		{}, {Project: prj}, {Environment: env}, {Project: prj, Environment: env}, {User: user}, {Creator: user}, {Creator: "bob@example.com"},
	} {
		s.Organization, s.Extra = org, []string{"environment_id", "creator_id", "creator_email"}
		v3, err := s.V3()
		if err != nil {
			t.Fatalf("%+v: V3: %v", s, err)
		}
		for _, v := range append(s.V2(), v3...) {
			if got := subject.Read(v).ID("organization_id"); got != org {
				t.Errorf("%+v: the value %q belongs to %q", s, v, got)
			}
		}
	}
}

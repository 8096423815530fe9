package trust

import (
	"strings"

	"github.com/onafed/onafed/internal/subject"
)

// value returns the values for V3 subjects that mean the same as v, a value for V2 subjects.
func (m *migrator) value(v string, op operator) ([]string, *MigrationProblem) {
	if !op.wildcards() && strings.ContainsAny(v, "*?") || strings.Contains(v, "${") {
		return nil, unreadable("")
	}
	r := subject.Read(v)
	org := r.ID("organization_id")
	if org == "" || !onlyIDs(r) {
		return nil, unreadable(org)
	}
	base := "organization_id:" + org
	last := r.Pairs[len(r.Pairs)-1]
	switch claims := r.Claims(); claims {
	case "organization_id", "organization_id/*":
		if last.Wildcards != "" {
			m.wholeOrganization = true
			return []string{base + ":*"}, nil
		}
	case "organization_id/project_id", "organization_id/project_id/*", "organization_id/*/*",
		"organization_id/project_id/environment_id", "organization_id/*/environment_id":
		project := r.Pairs[1].ID
		if last.Claim == "environment_id" && last.ID != subject.Any {
			return m.environment(org, project, last.ID)
		}
		if last.Wildcards != "" || last.ID == subject.Any && last.Claim == "environment_id" {
			m.project = true
			return subject.OpenEnd(base + ":project_id:" + idPattern(project)), nil
		}
	case "organization_id/environment_id", "organization_id/user_id":
		return subject.OpenEnd(base + ":" + last.Claim + ":" + idPattern(last.ID)), nil
	case "organization_id/usr":
		return nil, &MigrationProblem{
			Why:   "V2 subjects of users have user:<id>; that any has usr: is not documented, so the value may let nobody in",
			Wider: subject.OpenEnd(base + ":user_id:" + idPattern(last.ID)),
		}
	case "organization_id/runner_id":
		return nil, &MigrationProblem{
			Why:   "the subject of a runner's V3 token is not documented",
			Wider: []string{base + ":*"},
		}
	}
	return nil, unreadable(org)
}

// onlyIDs reports whether a value consists of IDs and asterisks, with no asterisk behind the
// organization's ID unless the value ends there.
func onlyIDs(r subject.Reading) bool {
	for i, p := range r.Pairs {
		if strings.Contains(p.Wildcards, "?") || i == 0 && len(r.Pairs) > 1 && p.Wildcards != "" {
			return false
		}
	}
	return r.Rest == ""
}

// unreadable is the problem of a value whose meaning is not known beyond its organization.
func unreadable(organization string) *MigrationProblem {
	wider := []string{"organization_id:*", "account_id:*"}
	if organization != "" {
		wider = []string{"organization_id:" + organization + ":*"}
	}
	return &MigrationProblem{
		Why:   "the value cannot be read as ids of an organization, a project, an environment or a user",
		Wider: wider,
	}
}

// environment returns the values for one environment of a project, which the default V3 subject does
// not contain.
func (m *migrator) environment(org, project, environment string) ([]string, *MigrationProblem) {
	s := subject.Selection{Organization: org, Environment: environment, Extra: m.layout.Extra()}
	if project != subject.Any {
		s.Project = project
	}
	values, err := s.V3InProject()
	if err != nil {
		return nil, &MigrationProblem{
			Why: err.Error(), Configure: []string{"environment_id"},
			Wider: subject.OpenEnd("organization_id:" + org + ":project_id:" + idPattern(project)),
		}
	}
	return values, nil
}

func idPattern(id string) string {
	if id == subject.Any {
		return subject.AnyID
	}
	return id
}

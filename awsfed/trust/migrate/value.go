package migrate

import (
	"strings"

	"github.com/onafed/onafed/internal/condition"
	"github.com/onafed/onafed/internal/subject"
)

// value returns the values for V3 subjects that match the same principals as v, a value for V2
// subjects.
func (m *migrator) value(v string, op condition.Operator) ([]string, *Problem) {
	if !op.Wildcards() && strings.ContainsAny(v, "*?") || strings.Contains(v, "${") {
		return nil, unreadable(v, op)
	}
	r := subject.Read(v)
	org := r.ID("organization_id")
	if org == "" || !onlyIDs(r) {
		return nil, unreadable(v, op)
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
		return nil, &Problem{
			Why:   "V2 subjects of users contain user:<id>; no documented subject contains usr:<id>, so the value may match nothing",
			Wider: subject.OpenEnd(base + ":user_id:" + idPattern(last.ID)),
		}
	case "organization_id/runner_id":
		return nil, &Problem{
			Why:   "the V3 subject of a runner is not documented",
			Wider: []string{base + ":*"},
		}
	}
	return nil, unreadable(v, op)
}

// onlyIDs reports whether a value consists of IDs and asterisks, with no asterisk directly after
// the organization's ID unless the value ends there.
func onlyIDs(r subject.Reading) bool {
	for i, p := range r.Pairs {
		if strings.Contains(p.Wildcards, "?") || i == 0 && len(r.Pairs) > 1 && p.Wildcards != "" {
			return false
		}
	}
	return r.Rest == ""
}

// unreadable returns the problem of a value that does not consist of known IDs.
func unreadable(v string, op condition.Operator) *Problem {
	return &Problem{
		Why:   "the value does not consist of the IDs of an organization and a project, an environment or a user",
		Wider: organizations(v, op),
	}
}

// organizations returns the V3 patterns for all principals of the organizations that v can match.
// They begin with the text that v has at the place of the organization's ID before the first
// wildcard or variable. Only a value without such text gets the patterns for all organizations.
func organizations(v string, op condition.Operator) []string {
	id := strings.TrimPrefix(v, "org:")
	if op.Family == condition.Fold {
		id = strings.ToLower(id) // as in tokens: the operator of the pattern does not ignore letter case
	}
	id, _, open := strings.Cut(id, "${")
	if i := strings.IndexAny(id, "/*?"); i >= 0 {
		id, open = id[:i], id[i] != '/'
	}
	switch {
	case id == "":
		return []string{"organization_id:*", "account_id:*"}
	case open && (len(id) != subject.UUIDLen || !subject.StartsWithUUID(id)):
		return []string{"organization_id:" + id + "*"}
	}
	return []string{"organization_id:" + id + ":*"}
}

// environment returns the values for one environment of a project, which the default V3 subject
// does not contain.
func (m *migrator) environment(org, project, environment string) ([]string, *Problem) {
	s := subject.Selection{Organization: org, Environment: environment, Extra: m.layout.Extra()}
	if project != subject.Any {
		s.Project = project
	}
	values, err := s.V3InProject()
	if err != nil {
		return nil, &Problem{
			Why: err.Error(), Configure: []string{"environment_id"},
			Wider: subject.OpenEnd("organization_id:" + org + ":project_id:" + idPattern(project)),
		}
	}
	return values, nil
}

// idPattern returns the V3 pattern for an ID of a V2 value.
func idPattern(id string) string {
	if id == subject.Any {
		return subject.AnyID
	}
	return id
}

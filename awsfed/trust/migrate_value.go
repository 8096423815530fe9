package trust

import "strings"

// A v2Pattern is a value for V2 subjects taken apart. An id is a UUID, "*" for
// any, or "" where the value does not speak of it.
type v2Pattern struct {
	organization, project, environment, user, runner string
	// all: everything of the organization; inProject: everything of the
	// project.
	all, inProject bool
	// oddUser: the user is written with usr, which no documented token has.
	oddUser bool
}

// readV2 takes a value apart. ok is false for values that mean something that
// cannot be said in ids, such as half of one.
func readV2(v string, op operator) (v2Pattern, bool) {
	var p v2Pattern
	parts := strings.Split(v, "/")
	if !op.wildcards() && strings.ContainsAny(v, "*?") || strings.Contains(v, "${") {
		return p, false
	}
	key, id, _ := strings.Cut(parts[0], ":")
	if key != "org" {
		return p, false
	}
	if base, ok := strings.CutSuffix(id, "*"); ok && len(parts) == 1 && isID(base) {
		// org:<id>* without a slash: only ids with one go on.
		p.organization, p.all = base, true
		return p, true
	}
	p.organization = id
	if !isID(id) || len(parts) == 1 {
		return p, false
	}
	return p.rest(parts[1:])
}

// rest reads what stands behind the organization.
func (p v2Pattern) rest(parts []string) (v2Pattern, bool) {
	switch {
	case len(parts) == 1 && isStars(parts[0]):
		p.all = true
		return p, true
	case len(parts) == 1:
		key, id, ok := v2Segment(parts[0])
		switch key {
		case "prj":
			// prj:<id>* and prj:* go on with the environment.
			p.project, p.inProject = id, true
			return p, ok && strings.HasSuffix(parts[0], "*")
		case "env":
			p.environment = id
		case "user", "usr":
			p.user, p.oddUser = id, key == "usr"
		case "rnr":
			p.runner = id
		default:
			return p, false
		}
		return p, ok
	case len(parts) == 2:
		last, id, ok := v2Segment(parts[1])
		first, project, okFirst := v2Segment(parts[0])
		if isStars(parts[0]) {
			// Only a project can stand between organization and environment.
			first, project, okFirst = "prj", "*", true
		}
		p.project = project
		switch {
		case first != "prj" || !okFirst:
			return p, false
		case isStars(parts[1]), last == "env" && id == "*":
			p.inProject = true
			return p, true
		default:
			p.environment = id
			return p, ok && last == "env"
		}
	default:
		return p, false
	}
}

// v2Segment reads key:<id>, key:<id>* and key:*. The id is "*" for any.
func v2Segment(s string) (key, id string, ok bool) {
	key, id, ok = strings.Cut(s, ":")
	switch {
	case id == anyID, isStars(id):
		return key, "*", ok
	case isID(strings.TrimRight(id, "*")):
		return key, strings.TrimRight(id, "*"), ok
	default:
		return key, "", false
	}
}

// value gives the values for V3 subjects that mean the same as one for V2
// subjects.
func (m *migrator) value(v string, op operator) ([]string, *MigrationProblem) {
	p, ok := readV2(v, op)
	if !ok {
		wider := []string{"organization_id:*", "account_id:*"}
		if isID(p.organization) {
			wider = []string{"organization_id:" + p.organization + ":*"}
		}
		return nil, &MigrationProblem{
			Why:   "the value cannot be read as ids of an organization, a project, an environment or a user",
			Wider: wider,
		}
	}
	organization := "organization_id:" + p.organization
	rule := Rule{Organization: p.organization, Layout: m.layout}
	switch {
	case p.all:
		m.wholeOrganization = true
	case p.oddUser:
		return nil, &MigrationProblem{
			Why:   "V2 subjects of users have user:<id>; that any has usr: is not documented, so the value may let nobody in",
			Wider: openEnd(organization + ":user_id:" + idPattern(p.user)),
		}
	case p.user != "":
		return openEnd(organization + ":user_id:" + idPattern(p.user)), nil
	case p.runner != "":
		return nil, &MigrationProblem{
			Why:   "the subject of a runner's V3 token is not documented",
			Wider: []string{organization + ":*"},
		}
	case p.inProject:
		m.project = true
		return openEnd(organization + ":project_id:" + idPattern(p.project)), nil
	case p.environment == "*" && p.project == "":
		return openEnd(organization + ":environment_id:" + anyID), nil
	case p.environment != "" && p.project == "":
		return openEnd(organization + ":environment_id:" + p.environment), nil
	default:
		return m.environment(p, rule)
	}
	values, err := rule.subjectsV3()
	if err != nil {
		return nil, &MigrationProblem{Why: err.Error()}
	}
	return values, nil
}

// environment is the case of one environment of a project, which the default
// V3 subject does not name.
func (m *migrator) environment(p v2Pattern, rule Rule) ([]string, *MigrationProblem) {
	rule.Environment = p.environment
	organization := "organization_id:" + p.organization
	if p.project != "*" {
		rule.Project = p.project
	}
	inProject := organization + ":project_id:" + idPattern(p.project)
	values, err := rule.extend(inProject, true)
	if err != nil {
		return nil, &MigrationProblem{Why: err.Error(), Configure: []string{"environment_id"}, Wider: openEnd(inProject)}
	}
	return values, nil
}

func idPattern(id string) string {
	if id == "*" {
		return anyID
	}
	return id
}

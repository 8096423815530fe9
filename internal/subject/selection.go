package subject

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/onafed/onafed/internal/quote"
)

// Selection selects principals of an organization. With only an Organization it selects all of
// them. Project, Environment and Creator select environments; User excludes them.
//
// A Creator is a user ID or an e-mail address. The values must be valid: nothing is escaped.
type Selection struct {
	Organization, Project, Environment, User, Creator string
	// Extra are the extra fields of the organization's V3 subjects, in order.
	Extra []string
}

// V2 returns the subjects and patterns that match the V2 subjects of the selected principals. V2
// subjects do not contain the creator.
func (s Selection) V2() []string {
	org := "org:" + s.Organization
	switch {
	case s.User != "":
		return []string{org + "/user:" + s.User}
	case s.Project != "" && s.Environment != "":
		return []string{org + "/prj:" + s.Project + "/env:" + s.Environment}
	case s.Project != "":
		return []string{org + "/prj:" + s.Project + "/*"}
	case s.Environment != "":
		return []string{org + "/env:" + s.Environment, org + "/prj:" + AnyID + "/env:" + s.Environment}
	}
	return []string{org + "/*"}
}

// V3 returns the subjects and patterns that match the V3 subjects of the selected principals. It
// fails if Extra lacks a field that the selection needs, or has text of any length before it.
//
// Up to the last field that the selection needs, every value has a fixed length. So no later value
// can imitate a field.
func (s Selection) V3() ([]string, error) {
	org := "organization_id:" + s.Organization
	switch {
	case s.User != "":
		return OpenEnd(org + ":user_id:" + s.User), nil
	case s.Project == "" && s.Environment == "" && s.Creator == "":
		return []string{org + ":*"}, nil
	case s.Project != "":
		return s.V3InProject()
	}
	without, err := s.extend(org+":environment_id:"+cmp.Or(s.Environment, AnyID), false)
	if err != nil {
		return nil, err
	}
	if s.Environment != "" && s.Creator == "" && !slices.Contains(s.Extra, "environment_id") {
		return without, nil // the subjects of other environments do not contain their ID
	}
	within, err := s.V3InProject()
	if err != nil {
		return nil, err
	}
	return append(without, within...), nil
}

// V3InProject is V3 for environments that belong to a project: to any project if Project is empty.
func (s Selection) V3InProject() ([]string, error) {
	return s.extend("organization_id:"+s.Organization+":project_id:"+cmp.Or(s.Project, AnyID), true)
}

// OpenEnd returns a V3 subject and the pattern for its continuations. A pattern that ends in ":*"
// does not match the subject without extra fields.
func OpenEnd(subject string) []string { return []string{subject, subject + ":*"} }

// extend appends to the base fields the extra fields up to the last one that the selection needs.
func (s Selection) extend(base string, inProject bool) ([]string, error) {
	missing := s.needed(inProject)
	subjects := []string{base}
	for i, field := range s.Extra {
		if len(missing) == 0 {
			break
		}
		value := s.value(field)
		switch {
		case value != "":
			subjects = appendPair(subjects, field, value)
		case FormOf(field) != ID:
			return nil, fmt.Errorf("the extra field %s precedes a field that is needed, and its values have no fixed length, "+
				"so a value could imitate that field: configure it after the fields with IDs", quote.Word(field))
		case field == "project_id" && !inProject:
		case field == "creator_id" || field == "environment_id" || field == "project_id":
			subjects = appendPair(subjects, field, AnyID)
		default:
			// The sources disagree whether environments have the field.
			subjects = append(subjects, appendPair(subjects, field, AnyID)...)
		}
		missing = slices.DeleteFunc(missing, func(f string) bool { return f == field })
		if len(missing) == 0 && i == len(s.Extra)-1 {
			return subjects, nil // nothing can follow
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("the V3 subject of an environment does not contain %s: the organization must configure it as an extra field, "+
			"and the layout must list it", slices.Max(missing))
	}
	var open []string
	for _, sub := range subjects {
		open = append(open, OpenEnd(sub)...)
	}
	return open, nil
}

// needed returns the extra fields that the selection depends on.
func (s Selection) needed(inProject bool) []string {
	var fields []string
	if s.Creator != "" {
		fields = append(fields, s.creatorField())
	}
	if s.Environment != "" && inProject {
		fields = append(fields, "environment_id")
	}
	return fields
}

// creatorField returns the field that contains Creator.
func (s Selection) creatorField() string {
	if IsUUID(s.Creator) {
		return "creator_id"
	}
	return "creator_email"
}

// value returns the value that a field has for every selected principal, or "".
func (s Selection) value(field string) string {
	switch field {
	case "organization_id":
		return s.Organization
	case "project_id":
		return s.Project
	case "environment_id":
		return s.Environment
	case "creator_id", "creator_email":
		if field == s.creatorField() {
			return s.Creator
		}
	}
	return ""
}

// appendPair returns the subjects with one more pair each.
func appendPair(subjects []string, field, value string) []string {
	out := make([]string, 0, len(subjects))
	for _, s := range subjects {
		out = append(out, s+":"+field+":"+value)
	}
	return out
}

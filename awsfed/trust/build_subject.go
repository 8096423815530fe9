package trust

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// anyID matches an id. It is longer than an asterisk and it cannot stretch: in
// a V3 subject an asterisk would also match what follows the id, up to some
// free text that its author made to look like the pair that is asked for.
const anyID = "????????-????-????-????-????????????"

// subjects gives the values for the condition on sub.
func (r Rule) subjects() ([]string, error) {
	var subjects []string
	if r.Format != FormatV3 {
		subjects = r.subjectsV2()
	}
	if r.Format != FormatV2 {
		v3, err := r.subjectsV3()
		if err != nil {
			return nil, err
		}
		subjects = append(subjects, v3...)
	}
	return subjects, nil
}

// subjectsV2 writes what claims.ParseSubject reads.
func (r Rule) subjectsV2() []string {
	org := "org:" + r.Organization
	switch {
	case r.User != "":
		return []string{org + "/user:" + r.User}
	case r.Project != "" && r.Environment != "":
		return []string{org + "/prj:" + r.Project + "/env:" + r.Environment}
	case r.Project != "":
		return []string{org + "/prj:" + r.Project + "/*"}
	case r.Environment != "":
		return []string{org + "/env:" + r.Environment, org + "/prj:" + anyID + "/env:" + r.Environment}
	}
	return []string{org + "/*"}
}

// subjectsV3 writes base fields and then, if the rule needs them, extra fields
// up to the last one that the rule looks at. What follows it may be anything:
// the text before is fixed in length, so nothing later can take its place.
func (r Rule) subjectsV3() ([]string, error) {
	org := "organization_id:" + r.Organization
	switch {
	case r.User != "":
		return openEnd(org + ":user_id:" + r.User), nil
	case r.Project == "" && r.Environment == "" && r.Creator == "":
		return []string{org + ":*"}, nil
	}
	var subjects []string
	if r.Project == "" {
		without, err := r.extend(org+":environment_id:"+cmp.Or(r.Environment, anyID), false)
		if err != nil {
			return nil, err
		}
		subjects = without
		if r.Environment != "" && r.Creator == "" && !slices.Contains(r.Layout.Extra(), "environment_id") {
			// One without a project is all that can be told apart.
			return subjects, nil
		}
	}
	within, err := r.extend(org+":project_id:"+cmp.Or(r.Project, anyID), true)
	if err != nil {
		return nil, err
	}
	return append(subjects, within...), nil
}

// openEnd gives the subject itself and what goes on after it: a pattern that
// ends in ":*" alone does not match the subject without extra fields.
func openEnd(subject string) []string { return []string{subject, subject + ":*"} }

// extend adds the extra fields that the rule needs to base fields.
func (r Rule) extend(base string, inProject bool) ([]string, error) {
	wanted := make(map[string]string)
	if r.Creator != "" {
		wanted[r.creatorField()] = r.Creator
	}
	if r.Environment != "" && inProject {
		wanted["environment_id"] = r.Environment
	}
	if len(wanted) == 0 {
		return openEnd(base), nil
	}
	subjects := []string{base}
	extra := r.Layout.Extra()
	for i, field := range extra {
		value, ok := wanted[field]
		if !ok {
			value, ok = r.known(field)
		}
		if ok {
			subjects = appendPairs(subjects, field, value)
			delete(wanted, field)
			if len(wanted) > 0 {
				continue
			}
			if i == len(extra)-1 {
				return subjects, nil
			}
			var open []string
			for _, s := range subjects {
				open = append(open, openEnd(s)...)
			}
			return open, nil
		}
		switch fieldOfEnvironment(field, inProject) {
		case neverThere:
		case alwaysID:
			subjects = appendPairs(subjects, field, anyID)
		case sometimesID:
			subjects = append(subjects, appendPairs(subjects, field, anyID)...)
		case freeText:
			return nil, fmt.Errorf("the extra field %s stands before what the rule looks for, and its length is not fixed: "+
				"a value could be made to look like the rest; put it after the ids in the organization's configuration", quoteKey(field))
		}
	}
	return nil, missingField(wanted)
}

// known gives the value of a field that follows from the rule although the rule
// does not depend on it.
func (r Rule) known(field string) (string, bool) {
	switch field {
	case "organization_id":
		return r.Organization, true
	case "project_id":
		return r.Project, r.Project != ""
	case "environment_id":
		return r.Environment, r.Environment != ""
	}
	return "", false
}

// missingField names one of the fields that are missing, the same each time.
func missingField(wanted map[string]string) error {
	field := slices.Max(slices.Collect(maps.Keys(wanted)))
	return fmt.Errorf("the V3 subject of an environment does not hold %s: it has to be among the organization's extra fields and in Layout", field)
}

// appendPairs gives the subjects with one more pair.
func appendPairs(subjects []string, field, value string) []string {
	out := make([]string, 0, len(subjects))
	for _, s := range subjects {
		out = append(out, s+":"+field+":"+value)
	}
	return out
}

// presence says what is known of an extra field in the subjects of
// environments.
type presence uint8

const (
	freeText    presence = iota // perhaps there, of any length
	neverThere                  // not a claim of environments
	alwaysID                    // there, an id
	sometimesID                 // an id, but sources disagree whether it is there
)

func fieldOfEnvironment(field string, inProject bool) presence {
	switch field {
	case "environment_id", "creator_id":
		return alwaysID
	case "project_id":
		if inProject {
			return alwaysID
		}
		return neverThere
	case "runner_id", "user_id", "account_id", "service_account_id":
		return sometimesID
	}
	return freeText
}

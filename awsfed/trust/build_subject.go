package trust

import "github.com/onafed/onafed/internal/subject"

// subjects returns the values for the condition on sub.
func (r Rule) subjects() ([]string, error) {
	s := subject.Selection{
		Organization: r.Organization, Project: r.Project, Environment: r.Environment,
		User: r.User, Creator: r.Creator, Extra: r.Layout.Extra(),
	}
	var subjects []string
	if r.Format != FormatV3 {
		subjects = s.V2()
	}
	if r.Format == FormatV2 {
		return subjects, nil
	}
	v3, err := s.V3()
	if err != nil {
		return nil, err
	}
	return append(subjects, v3...), nil
}

package trust

import "strings"

// A shape is what can be told of a subject or of a pattern for subjects by its
// beginning. Ids are there only where the text spells them out in full.
type shape struct {
	version                            int // 2, 3, or 0 if it is neither
	organization, project, environment string
}

const uuidLength = 36

// readShape reads the base fields of a subject or a pattern. It stops at the
// first thing that it does not know: what follows may be anybody's text.
func readShape(s string) shape {
	var sh shape
	switch {
	case strings.HasPrefix(s, "org:"):
		sh.version = 2
		for part := range strings.SplitSeq(s, "/") {
			key, value, _ := strings.Cut(part, ":")
			id, rest := value, ""
			if len(value) > uuidLength {
				id, rest = value[:uuidLength], value[uuidLength:]
			}
			if !isID(id) || strings.Trim(rest, "*?") != "" || !sh.set(key, id) || rest != "" {
				return sh
			}
		}
	case strings.HasPrefix(s, "organization_id:"):
		sh.version = 3
		for s != "" {
			key, rest, _ := strings.Cut(s, ":")
			if len(rest) < uuidLength || !isID(rest[:uuidLength]) || !sh.set(key, rest[:uuidLength]) {
				return sh
			}
			rest = rest[uuidLength:]
			if rest != "" && rest[0] != ':' {
				return sh
			}
			s = strings.TrimPrefix(rest, ":")
		}
	case strings.HasPrefix(s, "account_id:"):
		sh.version = 3
	}
	return sh
}

func (sh *shape) set(key, id string) bool {
	switch key {
	case "org", "organization_id":
		sh.organization = id
	case "prj", "project_id":
		sh.project = id
	case "env", "environment_id":
		sh.environment = id
	default:
		return false
	}
	return true
}

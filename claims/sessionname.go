package claims

import (
	"errors"
	"strings"
)

// sessionWord returns the word that session names of kind k begin with.
func (k Kind) sessionWord() string {
	switch k {
	case KindEnvironment:
		return "env"
	case KindUser:
		return "user"
	case KindRunner:
		return "rnr"
	case KindServiceAccount:
		return "sa"
	case KindAccount:
		return "acct"
	default:
		return ""
	}
}

// SessionName returns the name that i goes by in AWS: "env-", "user-", "rnr-",
// "sa-" or "acct-" and the id, such as
// env-019527e4-75d5-704d-a5a4-a2b52cf56196. It is "" for the zero Identity. The
// form will not change, as people write it into conditions on
// sts:RoleSessionName and look for it in CloudTrail.
//
// Whoever assumes a role chooses the session name. It says who somebody claims
// to be; only the "sub" claim of the token is evidence.
func (i Identity) SessionName() string {
	if i.id == "" {
		return ""
	}
	return i.kind.sessionWord() + "-" + i.id
}

// ParseSessionName reads a name that [Identity.SessionName] made: the kind of
// principal and its id. Every other name is an error, which does not show the
// name: people put their own into it.
//
// What it returns is what the caller of STS said of itself, so it must not
// decide what anybody may do.
func ParseSessionName(name string) (kind Kind, id string, err error) {
	word, id, _ := strings.Cut(name, "-")
	for k := KindEnvironment; k <= KindAccount; k++ {
		if k.sessionWord() == word && isUUID(id) {
			return k, id, nil
		}
	}
	return KindUnknown, "", errors.New("claims: session name is not one of env-, user-, rnr-, sa- and acct- followed by a UUID")
}

package claims

import (
	"errors"
	"strings"

	"github.com/onafed/onafed/internal/subject"
)

// SessionName returns the name of i in AWS: "env-", "user-", "rnr-", "sa-" or "acct-" and the id,
// such as env-019527e4-75d5-704d-a5a4-a2b52cf56196. It is "" for the zero Identity. The form will
// not change, because people write it into conditions on sts:RoleSessionName and search for it in
// CloudTrail.
//
// The caller that assumes a role chooses the session name, so the name proves nothing. Only the
// "sub" claim of the token is evidence.
func (i Identity) SessionName() string {
	if i.id == "" {
		return ""
	}
	return i.kind.names().session + "-" + i.id
}

// ParseSessionName reads a name that [Identity.SessionName] built, and returns the kind of
// principal and its id. Every other name is an error. The error does not show the name, because
// people put their own names into session names.
//
// The caller of STS chose the name, so do not use the result to grant permissions.
func ParseSessionName(name string) (kind Kind, id string, err error) {
	word, id, _ := strings.Cut(name, "-")
	for k := KindEnvironment; k <= KindAccount; k++ {
		if k.names().session == word && subject.IsUUID(id) {
			return k, id, nil
		}
	}
	return KindUnknown, "", errors.New("claims: session name is not one of env-, user-, rnr-, sa- and acct- followed by a UUID")
}

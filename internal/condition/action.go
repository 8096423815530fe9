package condition

import "strings"

// The actions of STS that a trust policy decides.
const (
	AssumeRole                = "sts:AssumeRole"
	AssumeRoleWithWebIdentity = "sts:AssumeRoleWithWebIdentity"
	TagSession                = "sts:TagSession"
	SetSourceIdentity         = "sts:SetSourceIdentity"
)

// ActionForKey returns the action, besides AssumeRoleWithWebIdentity, that must be allowed for a
// request that has the condition key. It is empty if the key needs no other action.
func ActionForKey(key string) string {
	key = strings.ToLower(key)
	switch {
	case strings.HasPrefix(key, "aws:requesttag/"), key == "aws:tagkeys", key == "sts:transitivetagkeys":
		return TagSession
	case key == "sts:sourceidentity":
		return SetSourceIdentity
	default:
		return ""
	}
}

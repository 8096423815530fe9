package awsfedtest

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/internal/arn"
	"github.com/onafed/onafed/internal/quote"
	"github.com/onafed/onafed/internal/sessiontag"
)

// The claims that AWS defines for tokens of all issuers ("Pass session tags in AWS STS", IAM User
// Guide).
const (
	claimRoles          = "https://aws.amazon.com/roles"
	claimTags           = "https://aws.amazon.com/tags"
	claimSourceIdentity = "https://aws.amazon.com/source_identity"
)

// readSessionClaims returns a session with the session tags in the claims of a token, in the nested
// or the flat form, and the source identity, and checks IAM's limits. It refuses a token that lists
// roles if roleARN is not one of them.
func readSessionClaims(c claims.Claims, roleARN string) (session, *apiError) {
	var members map[string]json.RawMessage
	if err := c.Decode(&members); err != nil {
		return session{}, badToken(notAJWT).because("%v", err)
	}
	if raw, ok := members[claimRoles]; ok && !slices.Contains(listOf(raw, ";"), roleARN) {
		return session{}, badToken("The role is not authorized by the identity provider").because("%s does not list %s", claimRoles, roleARN)
	}
	var nested struct {
		Tags       map[string]json.RawMessage `json:"principal_tags"`
		Transitive json.RawMessage            `json:"transitive_tag_keys"`
	}
	if raw, ok := members[claimTags]; ok {
		if err := json.Unmarshal(raw, &nested); err != nil {
			return session{}, badToken("The session tags are not valid").because("%s is not an object of tags", claimTags)
		}
	}
	values := nested.Tags
	if values == nil {
		values = map[string]json.RawMessage{}
	}
	for member, raw := range members {
		if key, ok := strings.CutPrefix(member, claimTags+"/principal_tags/"); ok {
			values[key] = raw
		}
	}
	s := session{Tags: map[string]string{}}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		list := listOf(values[key], "")
		if len(list) != 1 {
			return session{}, badToken("The session tags are not valid").because("tag %s does not have exactly one value", quote.Text(key, sessiontag.MaxKey))
		}
		s.Tags[key] = list[0]
	}
	s.Transitive = append(listOf(nested.Transitive, ""), listOf(members[claimTags+"/transitive_tag_keys"], "")...)
	if why := sessiontag.Check(s.Tags, s.Transitive); why != "" {
		return session{}, badToken("The session tags are not valid").because("%s", why)
	}
	if raw, ok := members[claimSourceIdentity]; ok {
		if json.Unmarshal(raw, &s.SourceIdentity) != nil || !arn.IsSessionName(s.SourceIdentity) {
			return session{}, badToken("The source identity is not valid").because(`%s is not a string of 2 to 64 characters of [\w+=,.@-]`, claimSourceIdentity)
		}
	}
	return s, nil
}

// listOf returns the strings of a JSON array, or one JSON string, split at sep unless sep is "".
func listOf(raw json.RawMessage, sep string) []string {
	var list []string
	if len(raw) == 0 || json.Unmarshal(raw, &list) == nil {
		return list
	}
	var one string
	if json.Unmarshal(raw, &one) != nil {
		return nil
	}
	if sep == "" {
		return []string{one}
	}
	return strings.Split(one, sep)
}

package awsfedtest

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/internal/arn"
	"github.com/onafed/onafed/internal/quote"
)

// The claims that AWS defines for tokens of all issuers ("Pass session tags in AWS STS", IAM User
// Guide).
const (
	claimRoles          = "https://aws.amazon.com/roles"
	claimTags           = "https://aws.amazon.com/tags"
	claimSourceIdentity = "https://aws.amazon.com/source_identity"
)

// IAM's limits on session tags.
const (
	maxTags     = 50
	maxTagKey   = 128
	maxTagValue = 256
)

// sessionClaims are the attributes of a session in the claims of a token.
type sessionClaims struct {
	tags           map[string]string
	transitive     []string
	sourceIdentity string
}

// readSessionClaims returns the session tags, in the nested or the flat form, and the source
// identity, and checks IAM's limits. It refuses a token that lists roles if roleARN is not one of
// them.
func readSessionClaims(c claims.Claims, roleARN string) (sessionClaims, *apiError) {
	var members map[string]json.RawMessage
	if err := c.Decode(&members); err != nil {
		return sessionClaims{}, badToken(notAJWT).because("%v", err)
	}
	if raw, ok := members[claimRoles]; ok && !slices.Contains(listOf(raw, ";"), roleARN) {
		return sessionClaims{}, badToken("The role is not authorized by the identity provider").because("%s does not list %s", claimRoles, roleARN)
	}
	var nested struct {
		Tags       map[string]json.RawMessage `json:"principal_tags"`
		Transitive json.RawMessage            `json:"transitive_tag_keys"`
	}
	if raw, ok := members[claimTags]; ok {
		if err := json.Unmarshal(raw, &nested); err != nil {
			return sessionClaims{}, badToken("The session tags are not valid").because("%s is not an object of tags", claimTags)
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
	s := sessionClaims{tags: map[string]string{}}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		list := listOf(values[key], "")
		if len(list) != 1 {
			return sessionClaims{}, badToken("The session tags are not valid").because("tag %s does not have exactly one value", quote.Text(key, maxTagKey))
		}
		s.tags[key] = list[0]
	}
	s.transitive = append(listOf(nested.Transitive, ""), listOf(members[claimTags+"/transitive_tag_keys"], "")...)
	if why := checkTags(s.tags, s.transitive); why != "" {
		return sessionClaims{}, badToken("The session tags are not valid").because("%s", why)
	}
	if raw, ok := members[claimSourceIdentity]; ok {
		if json.Unmarshal(raw, &s.sourceIdentity) != nil || !arn.IsSessionName(s.sourceIdentity) {
			return sessionClaims{}, badToken("The source identity is not valid").because(`%s is not a string of 2 to 64 characters of [\w+=,.@-]`, claimSourceIdentity)
		}
	}
	return s, nil
}

// checkTags returns what is wrong with session tags, or "". The letter case of keys does not
// matter.
func checkTags(tags map[string]string, transitive []string) string {
	if len(tags) > maxTags {
		return "more than 50 tags"
	}
	seen := map[string]bool{}
	for key, value := range tags {
		lower := strings.ToLower(key)
		switch {
		case key == "" || utf8.RuneCountInString(key) > maxTagKey:
			return "a tag key does not have 1 to 128 characters"
		case utf8.RuneCountInString(value) > maxTagValue:
			return "a tag value has more than 256 characters"
		case strings.ContainsFunc(key+value, notInTag):
			return `a tag has a character that is not in [\p{L}\p{Z}\p{N}_.:/=+\-@]`
		case strings.HasPrefix(lower, "aws:"):
			return "a tag key starts with aws:, which is reserved"
		case seen[lower]:
			return "two tag keys differ only in letter case"
		}
		seen[lower] = true
	}
	for _, key := range transitive {
		if !seen[strings.ToLower(key)] {
			return "a transitive tag key is not the key of a tag"
		}
	}
	return ""
}

// notInTag reports whether r is not in [\p{L}\p{Z}\p{N}_.:/=+\-@], the characters of tags.
func notInTag(r rune) bool {
	return !unicode.In(r, unicode.L, unicode.Z, unicode.N) && !strings.ContainsRune("_.:/=+-@", r)
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

// Package sessiontag has the rules of AWS for session tags.
package sessiontag

import (
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/onafed/onafed/internal/quote"
)

// The limits of AWS STS ("Pass session tags in AWS STS", IAM User Guide; STS API Reference, Tag).
const (
	Max      = 50  // tags of a session
	MaxKey   = 128 // characters
	MaxValue = 256 // characters
)

// Check returns what is wrong with session tags, or "" if they are valid. transitive are the keys
// of the transitive tags, in any letter case.
func Check(tags map[string]string, transitive []string) string {
	if len(tags) > Max {
		return "more than 50 tags"
	}
	seen := map[string]bool{}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		value, shown := tags[key], quote.Text(key, 60)
		lower := strings.ToLower(key)
		switch {
		case key == "" || utf8.RuneCountInString(key) > MaxKey:
			return "the tag key " + shown + " does not have 1 to 128 characters"
		case utf8.RuneCountInString(value) > MaxValue:
			return "the value of tag " + shown + " has more than 256 characters"
		case strings.ContainsFunc(key+value, isForbidden):
			return "the tag " + shown + ` has a character that is not in [\p{L}\p{Z}\p{N}_.:/=+\-@]`
		case strings.HasPrefix(lower, "aws:"):
			return "the tag key " + shown + " starts with aws:, which is reserved"
		case seen[lower]:
			return "the key of tag " + shown + " differs from another one only in letter case"
		}
		seen[lower] = true
	}
	for _, key := range transitive {
		if !seen[strings.ToLower(key)] {
			return "the transitive tag key " + quote.Text(key, 60) + " is not the key of a tag"
		}
	}
	return ""
}

// isForbidden reports whether r is not in [\p{L}\p{Z}\p{N}_.:/=+\-@], the characters of tags.
func isForbidden(r rune) bool {
	return !unicode.In(r, unicode.L, unicode.Z, unicode.N) && !strings.ContainsRune("_.:/=+-@", r)
}

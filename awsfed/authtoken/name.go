package authtoken

import "strings"

// isName reports whether s has 1 to most characters: letters, digits and, except at the start, those
// in more.
func isName(s, more string, most int) bool {
	const alphanumeric = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	return s != "" && len(s) <= most && !strings.ContainsAny(s[:1], more) && strings.Trim(s, alphanumeric+more) == ""
}

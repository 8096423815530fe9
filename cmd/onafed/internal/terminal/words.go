package terminal

import "strings"

// OneLine replaces each run of white space by one space, so that one message cannot look like two.
func OneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// ShellWord returns s as one word of a POSIX shell: unchanged, or in single quotes.
func ShellWord(s string) string {
	ordinary := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' ||
			strings.ContainsRune("-_./:@%+=,", r)
	}
	if s != "" && strings.TrimFunc(s, ordinary) == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

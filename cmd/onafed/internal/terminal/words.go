package terminal

import (
	"os"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"
)

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

// WithoutHome replaces the user's home folder by ~ in every path of a text, because its name is
// often the name of a person.
func WithoutHome(text string) string {
	home, err := os.UserHomeDir()
	if err != nil {
		return text
	}
	home = filepath.Clean(home)
	if len(home) < 2 { // every absolute path begins with "/"
		return text
	}
	home += string(os.PathSeparator)
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, home)
		b.WriteString(before)
		if !found {
			return b.String()
		}
		if endsInPath(before) {
			b.WriteString(home)
		} else {
			b.WriteString("~" + string(os.PathSeparator))
		}
		text = after
	}
}

// endsInPath reports whether a text ends within a path, so that what follows is a part of it.
func endsInPath(text string) bool {
	r, n := utf8.DecodeLastRuneInString(text)
	return n > 0 && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune(`/\._-`, r))
}

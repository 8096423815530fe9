package terminal

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// WithoutHome replaces the user's home folder by ~ in every path of a text, because its name is
// often the name of a person. It finds the folder as it is, with its links resolved, and in the
// forms in which messages quote it.
func WithoutHome(text string) string {
	home, err := os.UserHomeDir()
	if err != nil {
		return text
	}
	folders := []string{filepath.Clean(home)}
	if resolved, err := filepath.EvalSymlinks(home); err == nil {
		folders = append(folders, resolved)
	}
	var forms []string
	for _, folder := range folders {
		if len(folder) < 2 { // every absolute path begins with "/"
			continue
		}
		for _, form := range []string{folder, strconv.Quote(folder), strconv.QuoteToASCII(folder)} {
			forms = append(forms, strings.Trim(form, `"`))
		}
	}
	slices.SortFunc(forms, func(a, b string) int { return len(b) - len(a) }) // one may begin with another
	for _, form := range slices.Compact(forms) {
		text = withoutFolder(text, form)
	}
	return text
}

// withoutFolder replaces a folder by ~ where it is a whole path, or the beginning of one.
func withoutFolder(text, folder string) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, folder)
		b.WriteString(before)
		switch {
		case !found:
			return b.String()
		case endsInPath(before) || beginsInName(after):
			b.WriteString(folder)
		default:
			b.WriteByte('~')
		}
		text = after
	}
}

// endsInPath reports whether a text ends within a path, so that what follows is a part of it.
func endsInPath(text string) bool {
	r, n := utf8.DecodeLastRuneInString(text)
	return n > 0 && (isNameRune(r) || r == '/' || r == '\\' || r == '.')
}

// beginsInName reports whether a text begins within the name of a file. A period at the end of a
// sentence is not a part of a name.
func beginsInName(text string) bool {
	r, _ := utf8.DecodeRuneInString(strings.TrimLeft(text, "."))
	return isNameRune(r)
}

func isNameRune(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' || r == '-')
}

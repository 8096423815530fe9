package quote

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxPath is the longest path of Linux.
const maxPath = 4096

// Path returns the path of a file in double quotes, in a form that a person can copy: it does not
// double backslashes and does not escape letters outside ASCII. A path with a character that is not
// printable, such as a control character or a bidirectional mark, or with a double quote, is
// escaped as by [Text]. It shows at most the first 4,096 bytes.
func Path(path string) string {
	shown, cut := head(path, maxPath)
	if !utf8.ValidString(shown) || strings.ContainsFunc(shown, func(c rune) bool { return c == '"' || !unicode.IsPrint(c) }) {
		return Text(path, maxPath)
	}
	q := `"` + shown + `"`
	if cut {
		q += cutMark
	}
	return q
}

// PathError returns the text of an error that may contain paths: printable text stays, as in [Path],
// other text is escaped as by [Clean].
func PathError(err error) string {
	s := err.Error()
	if utf8.ValidString(s) && len(s) <= maxPath && !strings.ContainsFunc(s, func(c rune) bool { return !unicode.IsPrint(c) }) {
		return s
	}
	return Clean(s, maxPath)
}

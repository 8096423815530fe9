package export

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// cutLineEnd removes "\n" or "\r\n" from a line and returns it.
func cutLineEnd(line string) (rest, eol string) {
	rest, ok := strings.CutSuffix(line, "\n")
	if !ok {
		return line, ""
	}
	rest = strings.TrimSuffix(rest, "\r")
	return rest, line[len(rest):]
}

// checkText refuses characters that a reader cannot decode, or that only one reader treats as a
// line end or a blank. line has no line end.
func checkText(text string, line int, isComment bool) *FileError {
	if isPrintable(text) {
		return nil
	}
	for i, c := range text {
		switch {
		case ' ' <= c && c < 0x7f, c == '\t':
		case c == '\r':
			return refuse(line, "a carriage return without a line feed: botocore reads a line end, the Go SDK does not", "remove it")
		case c < ' ', c == 0x7f:
			return refuse(line, "a control character", "remove it")
		case c == utf8.RuneError && !strings.HasPrefix(text[i:], string(utf8.RuneError)):
			return refuse(line, "text that is not UTF-8: botocore refuses the whole file", "save the file as UTF-8")
		case !isComment && unicode.IsSpace(c):
			// To botocore it indents a line and ends a word. The Go SDK treats only some so.
			return refuse(line, "a blank other than the ASCII space and tab, which SDKs read differently", "replace it with a space")
		}
	}
	return nil
}

// goValue returns the value that the Go SDK reads from the text after the delimiter. A comment at
// the end is removed already. The SDK trims the text and removes a pair of quotes. A value of a
// single quote makes it panic (config v1.33.15), so that is refused.
func goValue(text string, e *entry) (string, *FileError) {
	v := trim(text)
	if v == `"` || v == `'` {
		return "", refuse(e.line, "a value of one quote character: the Go SDK panics", "correct it")
	}
	if len(v) >= 2 && v[0] == v[len(v)-1] && (v[0] == '"' || v[0] == '\'') {
		v = v[1 : len(v)-1]
	}
	if e.indent != "" {
		v = trim(cutComment(v))
	}
	return v, nil
}

// cutComment removes what the Go SDK reads as a comment after a value.
func cutComment(s string) string {
	if strings.IndexByte(s, '#') < 0 && strings.IndexByte(s, ';') < 0 {
		return s
	}
	for i := 1; i < len(s); i++ {
		if (s[i] == '#' || s[i] == ';') && isBlank(s[i-1]) {
			return s[:i-1]
		}
	}
	return s
}

// delimiter returns the offset at which a key ends and its value begins, -1 without a delimiter. A
// loop is faster than strings.IndexAny for a short key, as it is for trim.
func delimiter(s string) int {
	for i := range len(s) {
		if s[i] == '=' || s[i] == ':' {
			return i
		}
	}
	return -1
}

// trim removes spaces and tabs from both ends.
func trim(s string) string {
	for s != "" && isBlank(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return trimLeft(s)
}

func trimLeft(s string) string {
	for s != "" && isBlank(s[0]) {
		s = s[1:]
	}
	return s
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// isPrintable reports whether s is printable ASCII, as most lines are.
func isPrintable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

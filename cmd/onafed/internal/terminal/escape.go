package terminal

import (
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// Escaping returns a writer that passes text on to w with [Escape] applied. The library quotes text
// that others wrote; this writer protects the terminal from all other text.
func Escaping(w io.Writer) io.Writer { return escaping{w} }

type escaping struct{ io.Writer }

// Write implements io.Writer.
func (e escaping) Write(p []byte) (int, error) {
	if _, err := e.Writer.Write(Escape(p)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Escape replaces characters that change a terminal or the display of other text by escape
// sequences: control, format and bidirectional characters, and bytes that are not UTF-8. Newlines
// and tabs stay. JSON means the same afterwards, because such characters occur only in its strings.
func Escape(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		switch {
		case r == utf8.RuneError && n == 1:
			out = fmt.Appendf(out, `\x%02x`, text[0])
		case r == '\n' || r == '\t' || strconv.IsPrint(r):
			out = append(out, text[:n]...)
		case r > 0xffff: // a surrogate pair, as in JSON
			r -= 0x10000
			out = fmt.Appendf(out, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		text = text[n:]
	}
	return out
}

// EscapeString is [Escape] for a string.
func EscapeString(text string) string { return string(Escape([]byte(text))) }

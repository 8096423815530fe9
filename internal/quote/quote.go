// Package quote makes text that somebody else wrote fit for an error message or a log line.
//
// Tokens, policies and servers can put anything into the text that we repeat: escape sequences that repaint a terminal, line
// breaks that forge log lines, bidirectional marks that reorder what a reader sees. strconv.Quote leaves some of the last kind as
// they are, so everything outside printable ASCII is escaped here, and the result is cut.
package quote

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Ellipsis is what stands in a redacted text for what was left out of it. [Redacted] shows it as it is.
const Ellipsis = "…"

// cutMark follows text that was cut. It stands outside the quotes, so it cannot be mistaken for a part of the text.
const cutMark = "..."

// Text returns s in double quotes with everything outside printable ASCII escaped as a Go string literal does. At most the first
// limit bytes of s are shown, never a part of a UTF-8 sequence; "..." behind the closing quote tells that there was more.
func Text(s string, limit int) string {
	shown, cut := head(s, limit)
	q := strconv.QuoteToASCII(shown)
	if cut {
		q += cutMark
	}
	return q
}

// Redacted is [Text] for a text that was redacted and that has to look the same in every message: [Ellipsis] is not escaped. A text
// that has one of its own cannot be told from a redacted one.
func Redacted(s string, limit int) string {
	shown, cut := head(s, limit)
	var b strings.Builder
	b.WriteByte('"')
	for i, part := range strings.Split(shown, Ellipsis) {
		if i > 0 {
			b.WriteString(Ellipsis)
		}
		q := strconv.QuoteToASCII(part)
		b.WriteString(q[1 : len(q)-1])
	}
	b.WriteByte('"')
	if cut {
		b.WriteString(cutMark)
	}
	return b.String()
}

// Clean is [Text] for a sentence inside a sentence, as the text of another error is: the same escapes and the same cut, but no
// quotes around it, and quotes inside stay as they are. Text that is printable ASCII already comes back unchanged.
func Clean(s string, limit int) string {
	shown, cut := head(s, limit)
	if !printable(shown) {
		q := strconv.QuoteToASCII(shown)
		shown = strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`)
	}
	if cut {
		shown += cutMark
	}
	return shown
}

// head cuts s to at most limit bytes without breaking a UTF-8 sequence.
func head(s string, limit int) (shown string, cut bool) {
	if len(s) <= limit {
		return s, false
	}
	if limit <= 0 {
		return "", true
	}
	// A sequence has at most three bytes behind its first. Going back further would throw away text that is not UTF-8 at all.
	for i := limit; i > 0 && i > limit-utf8.UTFMax; i-- {
		if utf8.RuneStart(s[i]) {
			return s[:i], true
		}
	}
	return s[:limit], true
}

// printable reports whether s is made of the bytes from space to tilde only.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

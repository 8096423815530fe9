// Package quote prepares untrusted text for error messages and log lines.
//
// Text from tokens, policies and servers may contain escape sequences that change a terminal, line
// breaks that forge log lines, and bidirectional marks that reorder what a reader sees. strconv.Quote
// keeps some of those marks. So this package escapes everything except printable ASCII, and cuts the
// result.
package quote

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Ellipsis replaces the removed parts of a redacted text. [Redacted] does not escape it.
const Ellipsis = "…"

// cutMark follows text that was cut. It is outside the quotes, so it cannot be part of the text.
const cutMark = "..."

// Text returns s in double quotes, with everything except printable ASCII escaped as in a Go string
// literal. It shows at most the first limit bytes of s, and does not cut inside a UTF-8 sequence.
// If s is longer, "..." follows the closing quote.
func Text(s string, limit int) string {
	shown, cut := head(s, limit)
	q := strconv.QuoteToASCII(shown)
	if cut {
		q += cutMark
	}
	return q
}

// Redacted is [Text] for a redacted text: it does not escape [Ellipsis]. An ellipsis in the original
// text looks the same.
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

// Clean is [Text] without quotes, for the text of another error. It does not escape quotes in s, and
// returns printable ASCII unchanged, unless it is too long.
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

// head cuts s to at most limit bytes, not inside a UTF-8 sequence.
func head(s string, limit int) (shown string, cut bool) {
	if len(s) <= limit {
		return s, false
	}
	limit = max(limit, 0)
	// A sequence has at most three bytes after its first. If there is no first byte among the last
	// four, the text is not UTF-8.
	for i := limit; i > 0 && i > limit-utf8.UTFMax; i-- {
		if utf8.RuneStart(s[i]) {
			return s[:i], true
		}
	}
	return s[:limit], true
}

// printable reports whether s contains only printable ASCII.
func printable(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c > '~' })
}

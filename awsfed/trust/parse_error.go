package trust

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// ParseError says what IAM would refuse in a policy document and where.
//
// Match it with errors.As:
//
//	var pe *trust.ParseError
//	if errors.As(err, &pe) {
//		fmt.Println(pe.Line, pe.Column, pe.Element)
//	}
//
// The text of Error is for people and may change.
type ParseError struct {
	// Line and Column are where the reader stood, counted from 1. A column
	// is a character, not a byte. Both are 0 for a policy that was put
	// together in Go code and read nowhere.
	Line, Column int
	// Element is the path of the element, for example
	// "Statement[0].Condition.StringEquals"; it is empty for the document
	// as a whole. Names that came from the document are quoted when they
	// hold anything but letters, digits and a few signs.
	Element string
	// Reason says what is wrong, in words for a person.
	Reason string
}

// Error gives position, element and reason.
func (e *ParseError) Error() string {
	var b strings.Builder
	b.WriteString("trust: ")
	if e.Line > 0 {
		fmt.Fprintf(&b, "line %d, column %d: ", e.Line, e.Column)
	}
	if e.Element != "" {
		b.WriteString(e.Element)
		b.WriteString(": ")
	}
	b.WriteString(e.Reason)
	return b.String()
}

// quote prints text that came from a document: escaped to ASCII, so that it
// cannot move a terminal's cursor or turn the reading direction, and cut.
func quote(s string) string {
	const limit = 64
	if len(s) <= limit {
		return strconv.QuoteToASCII(s)
	}
	cut := limit
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return strconv.QuoteToASCII(s[:cut]) + "..."
}

// pathName prints a member name as part of ParseError.Element.
func pathName(s string) string {
	if s == "" || len(s) > 64 {
		return quote(s)
	}
	for i := range len(s) {
		if !isPathChar(s[i]) {
			return quote(s)
		}
	}
	return s
}

func isPathChar(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	return strings.IndexByte(":/_-", c) >= 0
}

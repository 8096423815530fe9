package trust

import (
	"fmt"
	"strings"

	"github.com/onafed/onafed/internal/quote"
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

// maxName is how many bytes of a name from a document are shown.
const maxName = 64

// quoteName prints a name that came from a document, quoted, escaped and cut.
func quoteName(s string) string { return quote.Text(s, maxName) }

// pathName prints a member name as part of ParseError.Element.
func pathName(s string) string {
	if s == "" || len(s) > maxName {
		return quoteName(s)
	}
	for i := range len(s) {
		if !isPathChar(s[i]) {
			return quoteName(s)
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

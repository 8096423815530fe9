package trust

import (
	"fmt"
	"strings"

	"github.com/onafed/onafed/internal/quote"
)

// ParseError reports what IAM would reject in a policy document and where.
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
	// Line and Column are the position in the document, counted from 1. A column is a character,
	// not a byte. Both are 0 for a policy that was made in Go code.
	Line, Column int
	// Element is the path of the element, for example "Statement[0].Condition.StringEquals". It is
	// empty for the document as a whole. A name from the document is quoted if it contains anything
	// except ASCII letters, digits and the characters : / _ -
	Element string
	// Reason states what is wrong, in words for a person.
	Reason string
}

// Error returns the position, the element and the reason.
func (e *ParseError) Error() string {
	text := "trust: "
	if e.Line > 0 {
		text += fmt.Sprintf("line %d, column %d: ", e.Line, e.Column)
	}
	if e.Element != "" {
		text += e.Element + ": "
	}
	return text + e.Reason
}

// pathName returns the name of a member for ParseError.Element.
func pathName(s string) string {
	if s == "" || len(s) > 64 || strings.Contains(s, ".") {
		return quote.Name(s)
	}
	return quote.Word(s)
}

package trust

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/onafed/onafed/internal/quote"
	"github.com/onafed/onafed/internal/strictjson"
)

const (
	// maxDepth bounds the nesting of a document. A trust policy needs 6 levels.
	maxDepth = 512
	// maxPolicyRune is the largest character that the pattern of IAM for policy documents allows.
	maxPolicyRune = 0xFF
)

// reader reads JSON and reports errors with the line, the column and the path of the element.
//
// encoding/json is not used, because it ignores letter case in member names, keeps the last of two
// members with the same name, replaces invalid UTF-8, and gives no position for well-formed JSON
// that is not a policy. IAM distinguishes all of these.
type reader struct {
	lex  *strictjson.Lexer
	text string
	path []string            // of the current element
	base strictjson.Position // a position before all later errors
}

// newReader returns a reader of a policy document. It rejects characters that the pattern of IAM
// for policy documents excludes.
func newReader(text string) *reader {
	return &reader{
		lex:  strictjson.New(text, strictjson.Limits{Depth: maxDepth, MaxRune: maxPolicyRune}),
		text: text,
	}
}

// fail returns an error at the offset. Parse adds the line, the column and the element.
func fail(offset int, reason string) error {
	return &strictjson.Error{Offset: offset, Reason: reason}
}

// parseError returns the error that ended the reading as a *[ParseError]. The element is the one
// that was being read.
func (r *reader) parseError(err error) error {
	e, ok := errors.AsType[*strictjson.Error](err)
	if !ok {
		return err
	}
	at := r.base
	if e.Offset < at.Offset {
		at = strictjson.Position{}
	}
	at = at.Forward(r.text, e.Offset)
	return &ParseError{Line: at.Line(), Column: at.Column(), Element: r.element(), Reason: e.Reason}
}

// element returns the path of the element that is being read.
func (r *reader) element() string {
	var b strings.Builder
	for _, p := range r.path {
		if b.Len() > 0 && !strings.HasPrefix(p, "[") {
			b.WriteByte('.')
		}
		b.WriteString(p)
	}
	return b.String()
}

// want returns an error unless the next value has one of the kinds, which needed names. It reads
// nothing.
func (r *reader) want(needed string, kinds ...strictjson.Kind) error {
	switch kind := r.lex.Kind(); {
	case slices.Contains(kinds, kind):
		return nil
	case kind == 0:
		return r.lex.Skip() // returns the reason why no value begins here
	default:
		return fail(r.lex.Offset(), fmt.Sprintf("%s is required, not %v", needed, kind))
	}
}

func (r *reader) wantText() (string, error) {
	if err := r.want("a string", strictjson.String); err != nil {
		return "", err
	}
	return r.lex.Text()
}

// oneOrList calls read for the next value or, if that is a list, for each of its items.
func (r *reader) oneOrList(read func() error) (list bool, err error) {
	if r.lex.Kind() == strictjson.Array {
		return true, r.lex.Array(read)
	}
	return false, read()
}

// wantTexts reads a string or a list of strings. list reports that it was a list. check returns the
// reason to reject a string, or "".
func (r *reader) wantTexts(check func(string) string) (texts []string, list bool, err error) {
	if err := r.want("a string or a list of strings", strictjson.String, strictjson.Array); err != nil {
		return nil, false, err
	}
	texts = []string{}
	list, err = r.oneOrList(func() error {
		at := r.lex.Offset()
		s, err := r.wantText()
		if err != nil {
			return err
		}
		if reason := check(s); reason != "" {
			return fail(at, reason)
		}
		texts = append(texts, s)
		return nil
	})
	return texts, list, err
}

// members reads an object that has only known members, and appends their names to order. of names
// the object in errors.
func (r *reader) members(of string, known []string, order *[]string, member func(name string) error) error {
	return r.lex.Object(func(name string, at int) error {
		if !slices.Contains(known, name) {
			return fail(at, unknownElement(of, known, name))
		}
		*order = append(*order, name)
		r.path = append(r.path, name)
		if err := member(name); err != nil {
			return err
		}
		r.path = r.path[:len(r.path)-1]
		return nil
	})
}

// unknownElement returns an error text for an unknown element.
func unknownElement(of string, known []string, name string) string {
	for _, k := range known {
		if strings.EqualFold(k, name) {
			return fmt.Sprintf("unknown element %s: IAM requires the letter case %s", quote.Name(name), k)
		}
	}
	switch name {
	case "NotPrincipal":
		return "a trust policy cannot have NotPrincipal"
	case "Resource", "NotResource":
		return "a trust policy cannot have " + name + ": the role is the resource"
	}
	return fmt.Sprintf("unknown element %s in a %s", quote.Name(name), of)
}

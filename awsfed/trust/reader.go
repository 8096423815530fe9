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

// fail reports reason at the offset.
func (r *reader) fail(offset int, reason string) error {
	at := r.base
	if offset < at.Offset {
		at = strictjson.Position{}
	}
	at = at.Forward(r.text, offset)
	return &ParseError{Line: at.Line(), Column: at.Column(), Element: r.element(), Reason: reason}
}

// failHere reports reason at the next byte.
func (r *reader) failHere(reason string) error { return r.fail(r.offset(), reason) }

// parseError adds the position and the element to an error of the lexer. It returns other errors
// unchanged.
func (r *reader) parseError(err error) error {
	if e, ok := errors.AsType[*strictjson.Error](err); ok {
		return r.fail(e.Offset, e.Reason)
	}
	return err
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

// offset returns the offset of the next value.
func (r *reader) offset() int {
	r.lex.Kind() // skips white space
	return r.lex.Offset()
}

// kind returns the kind of the next value without reading it.
func (r *reader) kind() (strictjson.Kind, error) {
	if kind := r.lex.Kind(); kind != 0 {
		return kind, nil
	}
	return 0, r.parseError(r.lex.Skip())
}

// end returns an error unless only white space is left.
func (r *reader) end() error { return r.parseError(r.lex.End()) }

// object reads an object and calls member for each of its members, which must read the value.
func (r *reader) object(member func(name string, at int) error) error {
	return r.parseError(r.lex.Object(member))
}

// array reads a list and calls item for each of its items, which must read it.
func (r *reader) array(item func(i int) error) error {
	i := -1
	return r.parseError(r.lex.Array(func() error {
		i++
		return item(i)
	}))
}

// string reads a string.
func (r *reader) string() (string, error) {
	s, err := r.lex.Text()
	return s, r.parseError(err)
}

// literal reads a number, true, false or null and returns its text.
func (r *reader) literal() (string, error) {
	s, err := r.lex.Raw()
	return s, r.parseError(err)
}

// want checks the kind of the next value. It reads nothing.
func (r *reader) want(want strictjson.Kind) error {
	kind, err := r.kind()
	if err != nil {
		return err
	}
	if kind != want {
		return r.failHere(fmt.Sprintf("%v is required, not %v", want, kind))
	}
	return nil
}

func (r *reader) wantText() (string, error) {
	if err := r.want(strictjson.String); err != nil {
		return "", err
	}
	return r.string()
}

// wantTexts reads a string or a list of strings. list reports that it was a list. check returns the
// reason to reject a string, or "".
func (r *reader) wantTexts(check func(string) string) (texts []string, list bool, err error) {
	kind, err := r.kind()
	if err != nil {
		return nil, false, err
	}
	read := func(int) error {
		at := r.offset()
		s, err := r.wantText()
		if err != nil {
			return err
		}
		if reason := check(s); reason != "" {
			return r.fail(at, reason)
		}
		texts = append(texts, s)
		return nil
	}
	switch kind {
	case strictjson.String:
		err := read(0)
		return texts, false, err
	case strictjson.Array:
		texts = []string{}
		err := r.array(read)
		return texts, true, err
	default:
		return nil, false, r.failHere(fmt.Sprintf("a string or a list of strings is required, not %v", kind))
	}
}

// members reads an object that has only known members, and appends their names to order. of names
// the object in errors.
func (r *reader) members(of string, known []string, order *[]string, member func(name string) error) error {
	return r.object(func(name string, at int) error {
		if !slices.Contains(known, name) {
			return r.fail(at, unknownElement(of, known, name))
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

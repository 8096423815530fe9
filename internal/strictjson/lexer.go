package strictjson

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// fewNames is the number of member names that a Lexer stores in an array and compares one by one.
// Ona's V3 tokens have about 20. Further names go into a map, so that the time to read many names
// does not grow with the square of their number.
const fewNames = 48

// Limits bounds what a [Lexer] reads. The time is linear in the length of the text, which the
// caller bounds.
type Limits struct {
	// Depth is how deeply objects and arrays may be nested. The outermost one counts.
	Depth int
	// MaxRune is the largest character that a string may contain unescaped. 0 allows all.
	MaxRune rune
}

// Error states why a text was refused. It contains no part of the text.
type Error struct {
	Offset int    // in bytes from the start of the text
	Reason string // for people; the wording may change
}

// Error returns the reason and the offset.
func (e *Error) Error() string { return e.Reason + " at offset " + strconv.Itoa(e.Offset) }

// Kind is the kind of a JSON value. The zero Kind means that no value begins here.
type Kind byte

// The kinds of JSON values.
const (
	Object Kind = '{'
	Array  Kind = '['
	String Kind = '"'
	Number Kind = '0'
	True   Kind = 't'
	False  Kind = 'f'
	Null   Kind = 'n'
)

// String returns the kind with its article, for messages: "an object".
func (k Kind) String() string {
	return cmp.Or(map[Kind]string{
		Object: "an object",
		Array:  "a list",
		String: "a string",
		Number: "a number",
		True:   "a boolean",
		False:  "a boolean",
		Null:   "null",
	}[k], "no value")
}

// Lexer reads one JSON text. Each of its methods reads the next value. A method that returns an
// error has found a fault, and the Lexer must not be used any more.
//
// A Lexer is not safe for concurrent use.
type Lexer struct {
	text   string
	pos    int // of the next byte
	depth  int // number of objects and arrays that are open
	limits Limits

	names [fewNames]string // of the members of the open objects, outermost object first
	n     int              // number of names
}

// New returns a Lexer at the start of text. Strings that it returns may share memory with text.
func New(text string, limits Limits) *Lexer { return &Lexer{text: text, limits: limits} }

// fail returns an error at the given offset.
func fail(offset int, reason string) error { return &Error{offset, reason} }

// Offset returns the offset of the next byte. In the functions that [Lexer.Object] and
// [Lexer.Array] call, that is the first byte of the value.
func (l *Lexer) Offset() int { return l.pos }

// Seek moves the Lexer to the first byte of a value that was skipped, or back again. Reading at any
// other offset gives wrong results.
func (l *Lexer) Seek(offset int) { l.pos = offset }

// Kind skips white space and returns the kind of the next value, without reading the value. It
// reads only the first byte, so the rest of the value may be invalid.
func (l *Lexer) Kind() Kind {
	switch c := l.peek(); c {
	case '{', '[', '"', 't', 'f', 'n':
		return Kind(c)
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return Number
	}
	return 0
}

// space skips white space.
func (l *Lexer) space() {
	for l.pos < len(l.text) {
		switch l.text[l.pos] {
		case ' ', '\t', '\n', '\r':
			l.pos++
		default:
			return
		}
	}
}

// peek returns the next byte after white space, or 0 at the end of the text.
func (l *Lexer) peek() byte {
	l.space()
	if l.pos < len(l.text) {
		return l.text[l.pos]
	}
	return 0
}

// Document reads a text that is one object and nothing else. It calls member as [Lexer.Object]
// does.
func (l *Lexer) Document(member func(name string, offset int) error) error {
	if err := l.Object(member); err != nil {
		return err
	}
	return l.End()
}

// End returns an error unless only white space is left.
func (l *Lexer) End() error {
	if l.space(); l.pos < len(l.text) {
		return fail(l.pos, "text follows the end of the JSON value")
	}
	return nil
}

// items reads an object or an array. It calls item at each member or element.
func (l *Lexer) items(kind string, begin, end byte, item func() error) error {
	switch {
	case l.peek() != begin:
		return fail(l.pos, "not a JSON "+kind)
	case l.depth == l.limits.Depth:
		return fail(l.pos, "nested too deeply")
	}
	l.depth++
	l.pos++
	for more := l.peek() != end; more; {
		if err := item(); err != nil {
			return err
		}
		if more = l.peek() == ','; more {
			l.pos++
			l.space()
		}
	}
	if l.peek() != end {
		return fail(l.pos, "comma or "+string(end)+" expected")
	}
	l.depth--
	l.pos++
	return nil
}

// Object reads an object. It calls member for each member, with the name and its offset; member
// must read the value.
func (l *Lexer) Object(member func(name string, offset int) error) error {
	first := l.n
	var more map[string]struct{} // the names for which l.names has no space
	err := l.items("object", '{', '}', func() error {
		if l.peek() != '"' {
			return fail(l.pos, "member name in double quotes expected")
		}
		offset := l.pos
		name, err := l.Text()
		if err != nil {
			return err
		}
		if _, dup := more[name]; dup || slices.Contains(l.names[first:l.n], name) {
			return fail(offset, "duplicate member name")
		}
		switch {
		case l.n < len(l.names):
			l.names[l.n] = name
			l.n++
		case more == nil:
			more = map[string]struct{}{name: {}}
		default:
			more[name] = struct{}{}
		}
		if l.peek() != ':' {
			return fail(l.pos, "colon expected after the member name")
		}
		l.pos++
		l.space()
		return member(name, offset)
	})
	l.n = first // forgets the names
	return err
}

// Array reads an array. It calls element for each element; element must read it.
func (l *Lexer) Array(element func() error) error {
	return l.items("array", '[', ']', element)
}

// Skip reads a value of any kind. It is as strict as the methods that return the value.
func (l *Lexer) Skip() error {
	switch l.Kind() {
	case Object:
		return l.Object(func(string, int) error { return l.Skip() })
	case Array:
		return l.Array(l.Skip)
	case String:
		_, err := l.Text()
		return err
	case Number:
		_, err := l.Number()
		return err
	case True:
		return l.literal("true")
	case False:
		return l.literal("false")
	case Null:
		return l.literal("null")
	}
	switch {
	case l.pos == len(l.text):
		return fail(l.pos, "the text ends where a value is expected")
	case strings.HasPrefix(l.text[l.pos:], "\ufeff"):
		return fail(l.pos, "byte order mark before the value")
	}
	return fail(l.pos, "not a JSON value")
}

// literal reads the given word.
func (l *Lexer) literal(word string) error {
	if !strings.HasPrefix(l.text[l.pos:], word) {
		return fail(l.pos, "not a JSON value")
	}
	l.pos += len(word)
	return nil
}

// Raw reads a value of any kind and returns its text.
func (l *Lexer) Raw() (string, error) {
	l.space()
	start := l.pos
	if err := l.Skip(); err != nil {
		return "", err
	}
	return l.text[start:l.pos], nil
}

// Extent reads a value of any kind and returns its text. Objects and arrays in it are as package
// json accepts them, and the text after the value is not checked. A caller can therefore skip an
// element of a list that the other methods would reject.
func (l *Lexer) Extent() (string, error) {
	l.space()
	d := json.NewDecoder(strings.NewReader(l.text[l.pos:]))
	var value json.RawMessage
	if d.Decode(&value) != nil {
		return "", fail(l.pos, "not a JSON value")
	}
	start := l.pos
	l.pos += int(d.InputOffset())
	return l.text[start:l.pos], nil
}

package trust

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// maxDepth bounds the nesting of a document. A trust policy needs 6 levels; a
// Terraform plan with deep modules and jsonencoded values some dozens.
const maxDepth = 512

// jsonReader reads JSON in one pass and knows at each moment where it stands.
//
// encoding/json is not used because it takes members in any letter case,
// keeps the last of two members of the same name, replaces bad UTF-8 and
// gives no position for what is well-formed and wrong; IAM tells all of these
// apart.
type jsonReader struct {
	data  []byte
	pos   int
	depth int
	path  []string // of the element being read
	base  place    // a place before which nothing is reported
	// policyText refuses the characters that IAM's pattern for policy
	// documents does not have.
	policyText bool
}

// jsonKind is the first byte of a value, with 'n' for every number.
type jsonKind byte

const (
	jsonObject jsonKind = '{'
	jsonArray  jsonKind = '['
	jsonString jsonKind = '"'
	jsonNumber jsonKind = '0'
	jsonTrue   jsonKind = 't'
	jsonFalse  jsonKind = 'f'
	jsonNull   jsonKind = 'n'
)

func (k jsonKind) String() string {
	switch k {
	case jsonObject:
		return "an object"
	case jsonArray:
		return "a list"
	case jsonString:
		return "a string"
	case jsonNumber:
		return "a number"
	case jsonTrue, jsonFalse:
		return "a boolean"
	default:
		return "null"
	}
}

// fail reports reason at the offset.
func (r *jsonReader) fail(offset int, reason string) error {
	at := r.base
	if offset < at.offset {
		at = place{}
	}
	at = at.forward(r.data, offset)
	return &ParseError{Line: 1 + at.lines, Column: 1 + at.column, Element: r.element(), Reason: reason}
}

// failHere reports reason at the next byte to be read.
func (r *jsonReader) failHere(reason string) error { return r.fail(r.pos, reason) }

func (r *jsonReader) element() string {
	var b strings.Builder
	for _, p := range r.path {
		if b.Len() > 0 && !strings.HasPrefix(p, "[") {
			b.WriteByte('.')
		}
		b.WriteString(p)
	}
	return b.String()
}

// place is an offset with its line and column. Finding them means counting from
// a place before it; with many policies in one input that must not be the start
// each time, nor the start of the line: JSON made by programs has one line.
type place struct {
	offset int
	lines  int // newlines before it
	column int // characters of its line before it
}

// forward gives the place of a later offset.
func (p place) forward(data []byte, offset int) place {
	offset = min(offset, len(data))
	between := data[p.offset:offset]
	if n := bytes.Count(between, []byte{'\n'}); n > 0 {
		p.lines += n
		p.column = 0
		between = between[bytes.LastIndexByte(between, '\n')+1:]
	}
	p.column += utf8.RuneCount(between)
	p.offset = offset
	return p
}

// space skips white space.
func (r *jsonReader) space() {
	for r.pos < len(r.data) {
		switch r.data[r.pos] {
		case ' ', '\t', '\n', '\r':
			r.pos++
		default:
			return
		}
	}
}

// kind tells what value comes next without reading it.
func (r *jsonReader) kind() (jsonKind, error) {
	r.space()
	if r.pos >= len(r.data) {
		return 0, r.failHere("the document ends where a value is needed")
	}
	switch c := r.data[r.pos]; {
	case c == '{', c == '[', c == '"', c == 't', c == 'f', c == 'n':
		return jsonKind(c), nil
	case c == '-', '0' <= c && c <= '9':
		return jsonNumber, nil
	case bytes.HasPrefix(r.data[r.pos:], []byte("\xef\xbb\xbf")):
		return 0, r.failHere("a byte order mark stands before the value")
	}
	return 0, r.failHere("not a JSON value")
}

// end wants nothing but white space up to the end.
func (r *jsonReader) end() error {
	r.space()
	if r.pos < len(r.data) {
		return r.failHere("something follows the end of the document")
	}
	return nil
}

// enter and leave count the nesting.
func (r *jsonReader) enter() error {
	if r.depth++; r.depth > maxDepth {
		return r.failHere("nested too deeply")
	}
	return nil
}

// object reads an object and calls member for each of its members; the member's
// value must be read by the call.
func (r *jsonReader) object(member func(name string, at int) error) error {
	if err := r.enter(); err != nil {
		return err
	}
	r.pos++ // '{'
	for first := true; ; first = false {
		r.space()
		if r.pos < len(r.data) && r.data[r.pos] == '}' && first {
			break
		}
		at := r.pos
		if at >= len(r.data) || r.data[at] != '"' {
			return r.failHere("a member name in double quotes is needed")
		}
		name, err := r.text()
		if err != nil {
			return err
		}
		r.space()
		if r.pos >= len(r.data) || r.data[r.pos] != ':' {
			return r.failHere("a colon is needed after the member name")
		}
		r.pos++
		if err := member(name, at); err != nil {
			return err
		}
		more, err := r.more('}')
		if err != nil {
			return err
		}
		if !more {
			r.depth--
			return nil
		}
	}
	r.pos++
	r.depth--
	return nil
}

// array reads a list and calls item for each of its items, which must read it.
func (r *jsonReader) array(item func(i int) error) error {
	if err := r.enter(); err != nil {
		return err
	}
	r.pos++ // '['
	r.space()
	if r.pos < len(r.data) && r.data[r.pos] == ']' {
		r.pos++
		r.depth--
		return nil
	}
	for i := 0; ; i++ {
		if err := item(i); err != nil {
			return err
		}
		more, err := r.more(']')
		if err != nil {
			return err
		}
		if !more {
			r.depth--
			return nil
		}
	}
}

// more reads a comma (true) or the closing byte (false).
func (r *jsonReader) more(closing byte) (bool, error) {
	r.space()
	if r.pos < len(r.data) {
		switch r.data[r.pos] {
		case ',':
			r.pos++
			return true, nil
		case closing:
			r.pos++
			return false, nil
		}
	}
	return false, r.failHere("a comma or " + string(rune(closing)) + " is needed")
}

// skip reads over one value of any kind.
func (r *jsonReader) skip() error {
	kind, err := r.kind()
	if err != nil {
		return err
	}
	switch kind {
	case jsonObject:
		return r.object(func(string, int) error { return r.skip() })
	case jsonArray:
		return r.array(func(int) error { return r.skip() })
	case jsonString:
		_, err := r.text()
		return err
	default:
		_, err := r.literal()
		return err
	}
}

package claims

import (
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	// maxDepth bounds how deep objects and arrays are nested, the outermost
	// counted. Ona's own claims have three levels.
	maxDepth = 32
	// fewNames is the number of member names that are kept in the scanner
	// itself and compared one by one; V3 tokens have about 20. Further ones go
	// into a map, so that many names do not take quadratic time.
	fewNames = 48
)

// scanner reads one JSON text (RFC 8259) in one pass, more strictly than
// encoding/json: names are unique in each object after unescaping, strings are
// valid UTF-8 and have no lone surrogates. Two readers that see different claims
// in the same token are a way around whichever of them checks.
//
// A method that reports false has recorded the fault; nothing is read after that.
type scanner struct {
	s      string
	i      int // next byte
	at     int // of the fault
	reason string

	names [fewNames]string // of members of the objects that are open, outermost first
	n     int              // number of names
}

// fail records a fault at offset at and reports false.
func (p *scanner) fail(at int, reason string) bool {
	p.at, p.reason = at, reason
	return false
}

// err returns the recorded fault.
func (p *scanner) err(part string) error { return &ParseError{part, p.at, p.reason} }

// space skips white space.
func (p *scanner) space() {
	for p.i < len(p.s) {
		switch p.s[p.i] {
		case ' ', '\t', '\n', '\r':
			p.i++
		default:
			return
		}
	}
}

// peek returns the next byte after white space, or 0 at the end of the text.
func (p *scanner) peek() byte {
	p.space()
	if p.i < len(p.s) {
		return p.s[p.i]
	}
	return 0
}

// text reads a text that is one object and nothing else.
func (p *scanner) text(member func(name string, at int) bool) bool {
	if p.peek() != '{' {
		return p.fail(p.i, "not a JSON object")
	}
	if !p.object(1, member) {
		return false
	}
	if p.space(); p.i < len(p.s) {
		return p.fail(p.i, "something follows the JSON object")
	}
	return true
}

// object reads the object at the next byte, which is at nesting level depth. It
// calls member before each value with the name and its offset; member reads the
// value. If member is nil the values are skipped.
func (p *scanner) object(depth int, member func(name string, at int) bool) bool {
	if depth > maxDepth {
		return p.fail(p.i, "nested too deep")
	}
	p.i++
	base := p.n
	var more map[string]struct{}
	if p.peek() == '}' {
		p.i++
		return true
	}
	for {
		if p.peek() != '"' {
			return p.fail(p.i, "name of a member expected")
		}
		at := p.i
		name, ok := p.str()
		if !ok {
			return false
		}
		_, dup := more[name]
		if dup || slices.Contains(p.names[base:p.n], name) {
			return p.fail(at, "duplicate member name")
		}
		switch {
		case p.n < len(p.names):
			p.names[p.n] = name
			p.n++
		case more == nil:
			more = map[string]struct{}{name: {}}
		default:
			more[name] = struct{}{}
		}
		if p.peek() != ':' {
			return p.fail(p.i, "colon expected")
		}
		p.i++
		p.space()
		if member == nil {
			ok = p.skip(depth)
		} else {
			ok = member(name, at)
		}
		if !ok {
			return false
		}
		switch p.peek() {
		case ',':
			p.i++
		case '}':
			p.i++
			p.n = base
			return true
		default:
			return p.fail(p.i, "comma or closing brace expected")
		}
	}
}

// array reads the array at the next byte, which is at nesting level depth. It
// calls element, which reads the value, or skips the values if element is nil.
func (p *scanner) array(depth int, element func() bool) bool {
	if depth > maxDepth {
		return p.fail(p.i, "nested too deep")
	}
	p.i++
	if p.peek() == ']' {
		p.i++
		return true
	}
	for {
		p.space()
		var ok bool
		if element == nil {
			ok = p.skip(depth)
		} else {
			ok = element()
		}
		if !ok {
			return false
		}
		switch p.peek() {
		case ',':
			p.i++
		case ']':
			p.i++
			return true
		default:
			return p.fail(p.i, "comma or closing bracket expected")
		}
	}
}

// skip reads any value inside an object or array at nesting level depth.
func (p *scanner) skip(depth int) bool {
	if p.i == len(p.s) {
		return p.fail(p.i, "ends early")
	}
	switch c := p.s[p.i]; {
	case c == '{':
		return p.object(depth+1, nil)
	case c == '[':
		return p.array(depth+1, nil)
	case c == '"':
		_, ok := p.str()
		return ok
	case c == '-' || '0' <= c && c <= '9':
		_, ok := p.number()
		return ok
	case c == 't':
		return p.literal("true")
	case c == 'f':
		return p.literal("false")
	case c == 'n':
		return p.literal("null")
	}
	return p.fail(p.i, "value expected")
}

// literal reads the given word.
func (p *scanner) literal(word string) bool {
	if !strings.HasPrefix(p.s[p.i:], word) {
		return p.fail(p.i, "value expected")
	}
	p.i += len(word)
	return true
}

// number reads a number and returns its text.
func (p *scanner) number() (string, bool) {
	start := p.i
	if p.i < len(p.s) && p.s[p.i] == '-' {
		p.i++
	}
	switch {
	case p.i < len(p.s) && p.s[p.i] == '0':
		p.i++
	case !p.digits():
		return "", p.fail(p.i, "digit expected")
	}
	if p.i < len(p.s) && p.s[p.i] == '.' {
		p.i++
		if !p.digits() {
			return "", p.fail(p.i, "digit expected")
		}
	}
	if p.i < len(p.s) && (p.s[p.i] == 'e' || p.s[p.i] == 'E') {
		p.i++
		if p.i < len(p.s) && (p.s[p.i] == '+' || p.s[p.i] == '-') {
			p.i++
		}
		if !p.digits() {
			return "", p.fail(p.i, "digit expected")
		}
	}
	return p.s[start:p.i], true
}

// digits skips digits and reports whether there were any.
func (p *scanner) digits() bool {
	start := p.i
	for p.i < len(p.s) && '0' <= p.s[p.i] && p.s[p.i] <= '9' {
		p.i++
	}
	return p.i > start
}

// str reads the string at the next byte, which is a quotation mark. The result
// is a part of the text unless there are escapes.
func (p *scanner) str() (string, bool) {
	start := p.i + 1
	for i := start; i < len(p.s); i++ {
		switch c := p.s[i]; {
		case c == '"':
			p.i = i + 1
			return p.s[start:i], true
		case c == '\\':
			return p.escaped(start, i)
		case c < ' ':
			return "", p.fail(i, "control character in a string")
		case c >= utf8.RuneSelf:
			r, size := utf8.DecodeRuneInString(p.s[i:])
			if r == utf8.RuneError && size == 1 {
				return "", p.fail(i, "invalid UTF-8")
			}
			i += size - 1
		}
	}
	return "", p.fail(len(p.s), "ends in a string")
}

// escaped reads the rest of a string that began at start and has its first
// backslash at i.
func (p *scanner) escaped(start, i int) (string, bool) {
	b := append(make([]byte, 0, i-start+32), p.s[start:i]...)
	for i < len(p.s) {
		switch c := p.s[i]; {
		case c == '"':
			p.i = i + 1
			return string(b), true
		case c == '\\':
			r, size, reason := unescape(p.s[i:])
			if reason != "" {
				return "", p.fail(i, reason)
			}
			b = utf8.AppendRune(b, r)
			i += size
		case c < ' ':
			return "", p.fail(i, "control character in a string")
		case c < utf8.RuneSelf:
			b = append(b, c)
			i++
		default:
			r, size := utf8.DecodeRuneInString(p.s[i:])
			if r == utf8.RuneError && size == 1 {
				return "", p.fail(i, "invalid UTF-8")
			}
			b = append(b, p.s[i:i+size]...)
			i += size
		}
	}
	return "", p.fail(len(p.s), "ends in a string")
}

// unescape returns the character that the escape at the beginning of s stands
// for, and the length of the escape.
func unescape(s string) (r rune, size int, reason string) {
	if len(s) < 2 {
		return 0, 0, "ends in a string"
	}
	switch s[1] {
	case '"', '\\', '/':
		return rune(s[1]), 2, ""
	case 'b':
		return '\b', 2, ""
	case 'f':
		return '\f', 2, ""
	case 'n':
		return '\n', 2, ""
	case 'r':
		return '\r', 2, ""
	case 't':
		return '\t', 2, ""
	case 'u':
	default:
		return 0, 0, "unknown escape"
	}
	r, ok := hex4(s[2:])
	if !ok {
		return 0, 0, "four hexadecimal digits expected"
	}
	if !utf16.IsSurrogate(r) {
		return r, 6, ""
	}
	if strings.HasPrefix(s[6:], `\u`) {
		if low, ok := hex4(s[8:]); ok {
			if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
				return pair, 12, ""
			}
		}
	}
	return 0, 0, "lone surrogate"
}

// hex4 returns the value of the four hexadecimal digits that s begins with.
func hex4(s string) (rune, bool) {
	if len(s) < 4 {
		return 0, false
	}
	var r rune
	for i := range 4 {
		c := s[i]
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

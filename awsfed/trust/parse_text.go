package trust

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// text reads a string.
func (r *jsonReader) text() (string, error) {
	start := r.pos
	r.pos++ // '"'
	plain := r.pos
	for r.pos < len(r.data) && r.data[r.pos] >= 0x20 && r.data[r.pos] < utf8.RuneSelf {
		switch r.data[r.pos] {
		case '"':
			s := string(r.data[plain:r.pos])
			r.pos++
			return s, nil
		case '\\':
			return r.escaped(start, plain)
		}
		r.pos++
	}
	return r.escaped(start, plain)
}

// escaped reads on in a string that is not only printable ASCII.
func (r *jsonReader) escaped(start, plain int) (string, error) {
	b := append([]byte(nil), r.data[plain:r.pos]...)
	for r.pos < len(r.data) {
		switch c := r.data[r.pos]; {
		case c == '"':
			r.pos++
			return string(b), nil
		case c == '\\':
			ch, err := r.escape()
			if err != nil {
				return "", err
			}
			b = utf8.AppendRune(b, ch)
		case c < 0x20:
			return "", r.failHere("a control character stands in a string")
		default:
			ch, size := utf8.DecodeRune(r.data[r.pos:])
			if ch == utf8.RuneError && size == 1 {
				return "", r.failHere("not UTF-8")
			}
			if r.policyText && ch > 0xFF {
				return "", r.failHere("IAM takes no characters beyond U+00FF in a policy")
			}
			b = append(b, r.data[r.pos:r.pos+size]...)
			r.pos += size
		}
	}
	return "", r.fail(start, "the string has no end")
}

// escape reads one escape sequence, or two that are a surrogate pair.
func (r *jsonReader) escape() (rune, error) {
	if r.pos+1 >= len(r.data) {
		return 0, r.failHere("the document ends in an escape sequence")
	}
	if i := strings.IndexByte(`"\/bfnrt`, r.data[r.pos+1]); i >= 0 {
		r.pos += 2
		return rune("\"\\/\b\f\n\r\t"[i]), nil
	}
	ch, ok := hex4(r.data[r.pos:])
	if !ok {
		return 0, r.failHere("unknown escape sequence")
	}
	if utf16.IsSurrogate(ch) {
		low, ok := hex4(r.data[r.pos+6:])
		pair := utf16.DecodeRune(ch, low)
		if !ok || pair == utf8.RuneError {
			return 0, r.failHere("half of a surrogate pair")
		}
		r.pos += 12
		return pair, nil
	}
	r.pos += 6
	return ch, nil
}

// hex4 reads \uXXXX.
func hex4(b []byte) (rune, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	var ch rune
	for _, c := range b[2:6] {
		digit := strings.IndexByte("0123456789abcdef", c|0x20)
		if c < '0' || digit < 0 {
			return 0, false
		}
		ch = ch<<4 | rune(digit)
	}
	return ch, true
}

// literal reads a number, true, false or null and gives its text.
func (r *jsonReader) literal() (string, error) {
	start := r.pos
	for r.pos < len(r.data) && isLiteralChar(r.data[r.pos]) {
		r.pos++
	}
	s := string(r.data[start:r.pos])
	switch {
	case s == "true", s == "false", s == "null", isNumber(s):
		return s, nil
	}
	return "", r.fail(start, "not a JSON value")
}

func isLiteralChar(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '+' || c == '.'
}

// isNumber tells whether s is a number by JSON's grammar (RFC 8259, section 6).
func isNumber(s string) bool {
	s = strings.TrimPrefix(s, "-")
	whole := digits(s)
	if whole == 0 || whole > 1 && s[0] == '0' {
		return false
	}
	s = s[whole:]
	if fraction, ok := strings.CutPrefix(s, "."); ok {
		n := digits(fraction)
		if n == 0 {
			return false
		}
		s = fraction[n:]
	}
	if s == "" {
		return true
	}
	if s[0]|0x20 != 'e' {
		return false
	}
	s = s[1:]
	if s != "" && (s[0] == '+' || s[0] == '-') {
		s = s[1:]
	}
	return s != "" && digits(s) == len(s)
}

// digits counts the digits at the start of s.
func digits(s string) int {
	n := 0
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	return n
}

package strictjson

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Text reads a string. The result shares memory with the text that the Lexer reads, unless the
// string has escapes.
func (l *Lexer) Text() (string, error) {
	if l.peek() != '"' {
		return "", fail(l.pos, "not a string")
	}
	start := l.pos + 1
	var unescaped []byte // nil before the first escape
	done := start        // the text before it is in unescaped
	for i := start; i < len(l.text); {
		switch c := l.text[i]; {
		case c == '"':
			l.pos = i + 1
			if unescaped == nil {
				return l.text[start:i], nil
			}
			return string(append(unescaped, l.text[done:i]...)), nil
		case c == '\\':
			r, size, reason := unescape(l.text[i:])
			if reason != "" {
				return "", fail(i, reason)
			}
			unescaped = utf8.AppendRune(append(unescaped, l.text[done:i]...), r)
			i += size
			done = i
		case c < ' ':
			return "", fail(i, "control character in a string")
		case c < utf8.RuneSelf:
			i++
		default:
			size, err := l.character(i)
			if err != nil {
				return "", err
			}
			i += size
		}
	}
	return "", fail(start-1, "string without an end")
}

// character returns the length of the character at offset i, which is not ASCII.
func (l *Lexer) character(i int) (size int, err error) {
	r, size := utf8.DecodeRuneInString(l.text[i:])
	if r == utf8.RuneError && size == 1 {
		return 0, fail(i, "invalid UTF-8")
	}
	if l.limits.MaxRune > 0 && r > l.limits.MaxRune {
		return 0, fail(i, fmt.Sprintf("character above %U", l.limits.MaxRune))
	}
	return size, nil
}

// unescape returns the character that the escape sequence at the beginning of s represents, and the
// length of the sequence. A surrogate pair is two sequences, and one character.
func unescape(s string) (r rune, size int, reason string) {
	if len(s) < 2 {
		return 0, 0, "escape sequence without an end"
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
		return 0, 0, "unknown escape sequence"
	}
	r, ok := hex4(s[2:])
	if !ok {
		return 0, 0, "escape sequence without four hexadecimal digits"
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

// hex4 returns the value of the four hexadecimal digits at the beginning of s.
func hex4(s string) (rune, bool) {
	if len(s) < 4 {
		return 0, false
	}
	code, err := strconv.ParseUint(s[:4], 16, 16)
	return rune(code), err == nil
}

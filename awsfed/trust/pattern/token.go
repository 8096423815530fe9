package pattern

import (
	"strings"
	"unicode/utf8"
)

// A token is a literal character, a question mark or an asterisk.
type token int32

const (
	anyRun token = -1 // an asterisk
	anyOne token = -2 // a question mark
)

// badByte + b represents the byte b where the text is not UTF-8. Such bytes differ from each other
// and from U+FFFD.
const badByte = utf8.MaxRune + 1

// nextToken returns the literal token at the start of s, and its size in bytes.
func nextToken(s string) (t token, size int) {
	if c := s[0]; c < utf8.RuneSelf {
		return token(c), 1
	}
	r, size := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError && size == 1 {
		return badByte + token(s[0]), 1
	}
	return token(r), size
}

// appendToken appends the bytes of a literal token.
func appendToken(b []byte, t token) []byte {
	if t >= badByte {
		return append(b, byte(t-badByte))
	}
	return utf8.AppendRune(b, rune(t))
}

// tokenize returns the tokens of a value in canonical form: each run of wildcards becomes its
// question marks and then one asterisk. "*?" and "?*" match the same strings, and so do "*" and
// "**".
func tokenize(s string) []token {
	var out []token
	for s != "" {
		if isEscape(s) {
			out = append(out, token(s[2]))
			s = s[len("${*}"):]
			continue
		}
		t, size := nextToken(s)
		s = s[size:]
		afterRun := len(out) > 0 && out[len(out)-1] == anyRun
		switch {
		case t != '*' && t != '?':
			out = append(out, t)
		case t == '?' && afterRun:
			out[len(out)-1] = anyOne
			out = append(out, anyRun)
		case t == '?':
			out = append(out, anyOne)
		case !afterRun:
			out = append(out, anyRun)
		}
	}
	return out
}

// isEscape reports whether s starts with ${*}, ${?} or ${$}.
func isEscape(s string) bool {
	return len(s) >= 4 && s[:2] == "${" && s[3] == '}' && strings.IndexByte("*?$", s[2]) >= 0
}

// text returns the canonical text of tokens.
func text(tokens []token) string {
	var b []byte
	for i, t := range tokens {
		switch {
		case t == anyRun:
			b = append(b, '*')
		case t == anyOne:
			b = append(b, '?')
		case t == '*', t == '?', t == '$' && i+1 < len(tokens) && tokens[i+1] == '{':
			b = append(b, '$', '{', byte(t), '}')
		default:
			b = appendToken(b, t)
		}
	}
	return string(b)
}

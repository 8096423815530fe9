package trust

import (
	"strings"
	"unicode/utf8"
)

// Pattern is a compiled value of StringLike: an asterisk stands for any run of
// characters, also for none and also across slashes and colons, a question mark
// for exactly one character, and everything else for itself, letter case
// included.
//
// The zero Pattern matches the empty string only. A Pattern is immutable and
// safe for concurrent use. Matching allocates nothing and takes time in
// proportion to the length of the string and, for a pattern with question
// marks, of the pattern; there is no pattern that makes it explode.
type Pattern struct {
	source string // with escapes: the canonical text

	// The text before the first wildcard and after the last one, and without
	// question marks what stands between the asterisks. Without a wildcard
	// both are the whole text.
	first, last string
	middle      []string
	wild        bool // there is a wildcard
	min         int  // bytes that the string has at least

	// With question marks, and for text that is not UTF-8, the string between
	// first and last is compared by characters.
	marked *markedPattern
}

// patternPiece is a part of a pattern: text in which * and ? are wildcards, or
// literal text in which they are not.
type patternPiece struct {
	text    string
	literal bool
}

// CompilePattern compiles a value of StringLike as a policy of version
// 2012-10-17 has it: besides the wildcards it knows the escapes ${*}, ${?} and
// ${$} for the characters themselves. Policy variables are not replaced here;
// "${" that begins no escape is plain text. Every string is a pattern.
func CompilePattern(s string) Pattern { return patternFrom(patternPieces(s)...) }

// patternPieces splits s at its escapes.
func patternPieces(s string) []patternPiece {
	var pieces []patternPiece
	for {
		i := indexEscape(s)
		if i < 0 {
			return append(pieces, patternPiece{text: s})
		}
		pieces = append(pieces, patternPiece{text: s[:i]}, patternPiece{text: s[i+2 : i+3], literal: true})
		s = s[i+len("${*}"):]
	}
}

// indexEscape finds the first ${*}, ${?} or ${$}, -1 without one.
func indexEscape(s string) int {
	for from := 0; ; {
		i := strings.Index(s[from:], "${")
		if i < 0 {
			return -1
		}
		i += from
		if i+3 < len(s) && s[i+3] == '}' && strings.IndexByte("*?$", s[i+2]) >= 0 {
			return i
		}
		from = i + 2
	}
}

// String gives a text that compiles to an equal pattern, with asterisks side by
// side as one and with question marks before them.
func (p Pattern) String() string { return p.source }

// Literal gives the only string that p matches; ok is false if p has a
// wildcard.
func (p Pattern) Literal() (s string, ok bool) {
	if p.wild {
		return "", false
	}
	return p.first, true
}

// patternToken is a character, a question mark or an asterisk.
type patternToken int32

const (
	anyRun patternToken = -1
	anyOne patternToken = -2
)

// Characters that are no text are kept apart from each other and from U+FFFD.
const badByte = utf8.MaxRune + 1

// nextSymbol reads the character at the start of s.
func nextSymbol(s string) (symbol patternToken, size int) {
	if c := s[0]; c < utf8.RuneSelf {
		return patternToken(c), 1
	}
	r, size := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError && size == 1 {
		return badByte + patternToken(s[0]), 1
	}
	return patternToken(r), size
}

// tokenize takes the pieces apart. "*?" and "?*" mean the same, and so do one and
// several asterisks; the form kept is question marks, then one asterisk.
func tokenize(pieces []patternPiece) []patternToken {
	var out []patternToken
	for _, piece := range pieces {
		for s := piece.text; s != ""; {
			symbol, size := nextSymbol(s)
			s = s[size:]
			switch {
			case symbol == '*' && !piece.literal:
				if n := len(out); n > 0 && out[n-1] == anyRun {
					continue
				}
				symbol = anyRun
			case symbol == '?' && !piece.literal:
				if n := len(out); n > 0 && out[n-1] == anyRun {
					out[n-1] = anyOne
					symbol = anyRun
				} else {
					symbol = anyOne
				}
			}
			out = append(out, symbol)
		}
	}
	return out
}

// patternFrom compiles a pattern from its pieces. Evaluation builds patterns
// this way, because the value of a policy variable may hold wildcards that must
// not act as such.
func patternFrom(pieces ...patternPiece) Pattern {
	toks := tokenize(pieces)
	p := Pattern{source: patternText(toks)}
	var texts []string
	var text []byte
	marks := 0
	for _, t := range toks {
		if t != anyRun && t != anyOne {
			text = appendSymbol(text, t)
			continue
		}
		if t == anyOne {
			marks++
		}
		texts = append(texts, string(text))
		p.min += len(text)
		text = text[:0]
	}
	texts = append(texts, string(text))
	p.min += len(text) + marks
	last := len(texts) - 1
	p.first, p.last = texts[0], texts[last]
	if p.wild = last > 0; p.wild {
		p.middle = texts[1:last]
	}
	switch {
	case !p.wild:
	case !utf8.ValidString(p.source):
		// Bytes that are no character can be found inside of one.
		p.first, p.last = "", ""
		p.marked = newMarkedPattern(toks)
	case marks > 0:
		// Comparing bytes finds whole characters, but a question mark has to
		// count them.
		first, after := utf8.RuneCountInString(p.first), utf8.RuneCountInString(p.last)
		p.marked = newMarkedPattern(toks[first : len(toks)-after])
	}
	return p
}

// appendSymbol appends the bytes that nextSymbol read as t.
func appendSymbol(b []byte, t patternToken) []byte {
	if t >= badByte {
		return append(b, byte(t-badByte))
	}
	return utf8.AppendRune(b, rune(t))
}

// patternText writes tokens as text.
func patternText(toks []patternToken) string {
	var b []byte
	for i, t := range toks {
		switch {
		case t == anyRun:
			b = append(b, '*')
		case t == anyOne:
			b = append(b, '?')
		case t == '*', t == '?', t == '$' && i+1 < len(toks) && toks[i+1] == '{':
			b = append(b, '$', '{', byte(t), '}')
		default:
			b = appendSymbol(b, t)
		}
	}
	return string(b)
}

// Match tells whether p matches the whole of s.
func (p Pattern) Match(s string) bool {
	if len(s) < p.min || !strings.HasPrefix(s, p.first) || !strings.HasSuffix(s, p.last) {
		return false
	}
	if !p.wild {
		return len(s) == len(p.first)
	}
	rest := s[len(p.first) : len(s)-len(p.last)]
	if p.marked != nil {
		return p.marked.match(rest)
	}
	// The first place where a text between asterisks is found leaves the most
	// for the rest, so no choice has to be taken back.
	for _, text := range p.middle {
		i := strings.Index(rest, text)
		if i < 0 {
			return false
		}
		rest = rest[i+len(text):]
	}
	return true
}

package pattern

import (
	"strings"
	"unicode/utf8"
)

// Pattern is a compiled value of StringLike. An asterisk matches any number of characters,
// including none, slashes and colons. A question mark matches exactly one character. Every other
// character matches only itself; letter case matters.
//
// The zero Pattern matches only the empty string. A Pattern is immutable and safe for concurrent
// use.
type Pattern struct {
	source string // canonical text, with escapes

	// prefix and suffix are the text before the first wildcard and after the last one. Without a
	// wildcard both are the whole text.
	prefix, suffix string
	wild           bool // the pattern has a wildcard
	minLen         int  // of a matching string, in bytes

	// middle is the text between the wildcards if all of them are asterisks.
	middle []string
	// tokens is the part between prefix and suffix if it cannot be compared as bytes: question
	// marks count characters, and a byte that is not UTF-8 could be found inside a character.
	tokens []token
}

// Compile compiles a value of StringLike as it is in a policy of version 2012-10-17: the escapes
// ${*}, ${?} and ${$} represent the characters themselves. Compile does not replace policy
// variables; a "${" that does not begin an escape is plain text. Every string is a valid pattern.
func Compile(s string) Pattern {
	tokens := tokenize(s)
	p := Pattern{source: text(tokens)}
	var texts []string // before, between and after the wildcards
	var b []byte
	marks := 0
	for _, t := range tokens {
		switch t {
		case anyOne, anyRun:
			if t == anyOne {
				marks++
			}
			texts = append(texts, string(b))
			b = b[:0]
		default:
			b = appendToken(b, t)
		}
	}
	texts = append(texts, string(b))
	p.minLen = marks + len(strings.Join(texts, ""))
	last := len(texts) - 1
	p.prefix, p.suffix, p.wild = texts[0], texts[last], last > 0
	switch {
	case !p.wild:
	case !utf8.ValidString(p.source):
		p.prefix, p.suffix, p.tokens = "", "", tokens
	case marks > 0:
		p.tokens = tokens[utf8.RuneCountInString(p.prefix) : len(tokens)-utf8.RuneCountInString(p.suffix)]
	default:
		p.middle = texts[1:last]
	}
	return p
}

// String returns the canonical text of p: runs of wildcards are question marks and then one
// asterisk. The text compiles to an equal pattern.
func (p Pattern) String() string { return p.source }

// Match reports whether p matches the whole of s.
//
// Match does not allocate. Without question marks its time is linear in len(s). With question marks
// it is at most proportional to len(s) times the length of the longest text between two asterisks:
// about one millisecond for a pattern and a string of 2,048 bytes each.
func (p Pattern) Match(s string) bool {
	if len(s) < p.minLen || !strings.HasPrefix(s, p.prefix) || !strings.HasSuffix(s, p.suffix) {
		return false
	}
	if !p.wild {
		return len(s) == len(p.prefix)
	}
	rest := s[len(p.prefix) : len(s)-len(p.suffix)]
	if p.tokens != nil {
		return matchTokens(p.tokens, rest)
	}
	// The earliest match of each text leaves the most for the next ones, so there is no
	// backtracking.
	for _, text := range p.middle {
		i := strings.Index(rest, text)
		if i < 0 {
			return false
		}
		rest = rest[i+len(text):]
	}
	return true
}

// matchTokens reports whether tokens match the whole of s. After a mismatch it compares the text
// after the last asterisk again, one character later. Earlier asterisks need no second attempt,
// because the earliest match of the text between two asterisks leaves the most for the rest.
func matchTokens(tokens []token, s string) bool {
	next, at := 0, 0      // the token and the offset in s to compare
	run, restart := -1, 0 // the token after the last asterisk, and where its comparison began
	for at < len(s) {
		if next < len(tokens) {
			want := tokens[next]
			if want == anyRun {
				next++
				run, restart = next, at
				continue
			}
			t, size := token(s[at]), 1
			if t >= utf8.RuneSelf {
				t, size = nextToken(s[at:])
			}
			if want == t || want == anyOne {
				next++
				at += size
				continue
			}
		}
		if run < 0 {
			return false
		}
		_, size := nextToken(s[restart:])
		restart += size
		next, at = run, restart
	}
	return next == len(tokens) || next == len(tokens)-1 && tokens[next] == anyRun
}

package pattern_test

import (
	"strings"
	"unicode/utf8"
)

// naiveMatch is StringLike by its definition, as a table: cell (i, j) reports whether the first i
// tokens match the first j characters.
func naiveMatch(value, s string) bool {
	tokens := naiveTokens(value)
	var chars []string
	for s != "" {
		_, size := utf8.DecodeRuneInString(s)
		chars = append(chars, s[:size])
		s = s[size:]
	}
	row := make([]bool, len(chars)+1)
	row[0] = true
	for _, t := range tokens {
		next := make([]bool, len(chars)+1)
		for j := range next {
			switch {
			case t.run:
				next[j] = row[j] || j > 0 && next[j-1]
			case j > 0:
				next[j] = row[j-1] && (t.one || t.char == chars[j-1])
			}
		}
		row = next
	}
	return row[len(chars)]
}

type naiveToken struct {
	char     string
	one, run bool
}

func naiveTokens(value string) []naiveToken {
	var tokens []naiveToken
	for value != "" {
		_, size := utf8.DecodeRuneInString(value)
		switch {
		case strings.HasPrefix(value, "${*}"), strings.HasPrefix(value, "${?}"), strings.HasPrefix(value, "${$}"):
			tokens = append(tokens, naiveToken{char: value[2:3]})
			size = 4
		default:
			char := value[:size]
			tokens = append(tokens, naiveToken{char: char, one: char == "?", run: char == "*"})
		}
		value = value[size:]
	}
	return tokens
}

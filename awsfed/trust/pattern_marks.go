package trust

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// markedPattern is a pattern with question marks, cut at its asterisks. What is
// between two asterisks has a fixed number of characters, so the first place
// where it is found leaves the most for the rest, and no choice has to be taken
// back.
type markedPattern struct {
	first, last []patternToken // at the start and at the end; first is all if there is no asterisk
	middle      []markedText
	open        bool // there is an asterisk
}

func newMarkedPattern(toks []patternToken) *markedPattern {
	var parts [][]patternToken
	for {
		i := slices.Index(toks, anyRun)
		if i < 0 {
			break
		}
		parts = append(parts, toks[:i])
		toks = toks[i+1:]
	}
	if len(parts) == 0 {
		return &markedPattern{first: toks}
	}
	p := &markedPattern{first: parts[0], last: toks, open: true}
	for _, part := range parts[1:] {
		p.middle = append(p.middle, newMarkedText(part))
	}
	return p
}

func (p *markedPattern) match(s string) bool {
	end := startsWith(s, p.first)
	if end < 0 || !p.open {
		return end == len(s)
	}
	s = s[end:]
	start := endsWith(s, p.last)
	if start < 0 {
		return false
	}
	s = s[:start]
	for _, text := range p.middle {
		end := text.find(s)
		if end < 0 {
			return false
		}
		s = s[end:]
	}
	return true
}

// startsWith gives where toks end at the start of s, -1 if s begins otherwise.
func startsWith(s string, toks []patternToken) int {
	at := 0
	for _, t := range toks {
		if at == len(s) {
			return -1
		}
		symbol, size := nextSymbol(s[at:])
		if t != anyOne && t != symbol {
			return -1
		}
		at += size
	}
	return at
}

// endsWith gives where toks begin at the end of s, -1 if s ends otherwise.
func endsWith(s string, toks []patternToken) int {
	at := len(s)
	for _, t := range slices.Backward(toks) {
		if at == 0 {
			return -1
		}
		symbol, size := lastSymbol(s[:at])
		if t != anyOne && t != symbol {
			return -1
		}
		at -= size
	}
	return at
}

// lastSymbol reads the character at the end of s. Characters have the same
// borders in both directions: each begins with a byte that continues none.
func lastSymbol(s string) (symbol patternToken, size int) {
	r, size := utf8.DecodeLastRuneInString(s)
	if r == utf8.RuneError && size == 1 {
		return badByte + patternToken(s[len(s)-1]), 1
	}
	return patternToken(r), size
}

// markedText is text between two asterisks.
type markedText struct {
	text   string         // without question marks
	tokens []patternToken // with question marks, at least one
	bits   *markedBits    // nil for text too long for it
}

func newMarkedText(toks []patternToken) markedText {
	plain := !slices.ContainsFunc(toks, func(t patternToken) bool { return t == anyOne || t >= badByte })
	if plain {
		var b []byte
		for _, t := range toks {
			b = appendSymbol(b, t)
		}
		return markedText{text: string(b)}
	}
	return markedText{tokens: toks, bits: newMarkedBits(toks)}
}

// find gives the end of the first place in s where the text is, -1 if there is
// none.
func (m markedText) find(s string) int {
	switch {
	case m.tokens == nil:
		i := strings.Index(s, m.text)
		if i < 0 {
			return -1
		}
		return i + len(m.text)
	case m.bits != nil && len(m.tokens) <= 64:
		return m.bits.findWord(s)
	case m.bits != nil:
		return m.bits.find(s)
	}
	// More than a thousand characters in a row, where subjects have up to 255.
	for at := 0; at < len(s); {
		if n := startsWith(s[at:], m.tokens); n >= 0 {
			return at + n
		}
		_, size := nextSymbol(s[at:])
		at += size
	}
	return -1
}

// markedBits looks for a row of characters and question marks at all places at
// once: bit i says that the characters read last are the first i+1 of the row.
// The bits of a word move together, so no row makes it go over a character
// again. (This is the algorithm called Shift-And or bitap.)
type markedBits struct {
	words int
	last  int // the bit of the last token
	// takes has, for each class of characters, as many words of the tokens that
	// take such a character. Class 0 is those that the row does not name.
	takes  []uint64
	ascii  [utf8.RuneSelf]uint16 // class of an ASCII character
	others []patternToken        // other characters of the row, ascending
	class  []uint16              // class of each of others
}

// markedWords bounds the words of a row, which stand on the stack, and with
// them the memory of its classes.
const markedWords = 16

func newMarkedBits(toks []patternToken) *markedBits {
	words := (len(toks) + 63) / 64
	if words > markedWords {
		return nil
	}
	m := &markedBits{words: words, last: len(toks) - 1, takes: make([]uint64, words)}
	for i, t := range toks {
		if t == anyOne {
			setBit(m.takes, i)
		}
	}
	for i, t := range toks {
		if t != anyOne {
			class := m.learn(t)
			setBit(m.takes[class*words:], i)
		}
	}
	return m
}

// learn gives the class of a character of the row and makes one if it has none.
func (m *markedBits) learn(t patternToken) int {
	if c := m.classOf(t); c != 0 {
		return c
	}
	c := len(m.takes) / m.words
	m.takes = append(m.takes, m.takes[:m.words]...) // question marks take it too
	if t < utf8.RuneSelf {
		m.ascii[t] = uint16(c)
		return c
	}
	i, _ := slices.BinarySearch(m.others, t)
	m.others = slices.Insert(m.others, i, t)
	m.class = slices.Insert(m.class, i, uint16(c))
	return c
}

func (m *markedBits) classOf(t patternToken) int {
	if t < utf8.RuneSelf {
		return int(m.ascii[t])
	}
	if i, ok := slices.BinarySearch(m.others, t); ok {
		return int(m.class[i])
	}
	return 0
}

// findWord is find for a row of up to 64 characters.
func (m *markedBits) findWord(s string) int {
	var found uint64
	for at := 0; at < len(s); {
		var class int
		if c := s[at]; c < utf8.RuneSelf {
			class = int(m.ascii[c])
			at++
		} else {
			t, size := nextSymbol(s[at:])
			class = m.classOf(t)
			at += size
		}
		found = (found<<1 | 1) & m.takes[class]
		if found>>m.last != 0 {
			return at
		}
	}
	return -1
}

// find gives the end of the first place in s where the row is, -1 if there is
// none.
func (m *markedBits) find(s string) int {
	var stack [markedWords]uint64
	found := stack[:m.words]
	for at := 0; at < len(s); {
		t, size := nextSymbol(s[at:])
		at += size
		takes := m.takes[m.classOf(t)*m.words:]
		carry := uint64(1)
		for i, w := range found {
			found[i] = (w<<1 | carry) & takes[i]
			carry = w >> 63
		}
		if found[m.last/64]>>(m.last%64)&1 != 0 {
			return at
		}
	}
	return -1
}

func setBit(words []uint64, i int) { words[i/64] |= 1 << (i % 64) }

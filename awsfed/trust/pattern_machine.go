package trust

import "slices"

// patternMachine runs a pattern that has question marks. State i means that
// the first i tokens other than asterisks are read; all states that a string
// can be in are kept as bits of machine words and moved together, so that the
// time is the string's length times the words and no order of wildcards makes
// it worse.
type patternMachine struct {
	words  int
	accept int
	loops  []uint64 // states that stay: an asterisk stands there
	// leaving has, for each class of characters, as many words of the states
	// that such a character leaves. Class 0 is the characters that the pattern
	// does not name: they leave the states at a question mark.
	leaving []uint64
	ascii   [128]uint16 // class of an ASCII character
	others  []patternToken
	class   []uint16 // class of each of others
}

// machineWords bounds the words of states, which stand on the stack, and with
// them the memory of a machine.
const machineWords = 16

func newMachine(toks []patternToken) interface{ match(string) bool } {
	n := 0
	for _, t := range toks {
		if t != anyRun {
			n++
		}
	}
	if n/64+1 > machineWords {
		return longPattern(toks)
	}
	m := &patternMachine{words: n/64 + 1, accept: n}
	m.loops = make([]uint64, m.words)
	m.leaving = make([]uint64, m.words)
	state := 0
	for _, t := range toks {
		switch t {
		case anyRun:
			setBit(m.loops, state)
			continue
		case anyOne:
			setBit(m.leaving, state)
		}
		state++
	}
	state = 0
	for _, t := range toks {
		if t == anyRun {
			continue
		}
		if t != anyOne {
			class := int(m.learn(t))
			setBit(m.leaving[class*m.words:], state)
		}
		state++
	}
	return m
}

// learn gives the class of a character and makes one if it has none.
func (m *patternMachine) learn(t patternToken) uint16 {
	if c := m.classOf(t); c != 0 {
		return c
	}
	c := uint16(len(m.leaving) / m.words)
	m.leaving = append(m.leaving, m.leaving[:m.words]...)
	if t < 128 {
		m.ascii[t] = c
		return c
	}
	i, _ := slices.BinarySearch(m.others, t)
	m.others = slices.Insert(m.others, i, t)
	m.class = slices.Insert(m.class, i, c)
	return c
}

func (m *patternMachine) classOf(t patternToken) uint16 {
	if t < 128 {
		return m.ascii[t]
	}
	if i, ok := slices.BinarySearch(m.others, t); ok {
		return m.class[i]
	}
	return 0
}

func (m *patternMachine) match(s string) bool {
	if m.words == 1 {
		return m.matchWord(s)
	}
	var stack [machineWords]uint64
	states := stack[:m.words]
	states[0] = 1
	for s != "" {
		t, size := nextSymbol(s)
		s = s[size:]
		if !m.step(states, int(m.classOf(t))*m.words) {
			return false
		}
	}
	return hasBit(states, m.accept)
}

// matchWord is match for patterns of fewer than 64 characters.
func (m *patternMachine) matchWord(s string) bool {
	states, loops := uint64(1), m.loops[0]
	for s != "" {
		t, size := nextSymbol(s)
		s = s[size:]
		states = (states&m.leaving[m.classOf(t)])<<1 | states&loops
		if states == 0 {
			return false
		}
	}
	return states&(1<<m.accept) != 0
}

// step moves states over one character, whose class has its words at the given
// index of leaving, and tells whether any state is left.
func (m *patternMachine) step(states []uint64, class int) bool {
	var carry, left uint64
	leaving := m.leaving[class : class+len(states)]
	for i, w := range states {
		moved := w & leaving[i]
		states[i] = moved<<1 | carry | w&m.loops[i]
		carry = moved >> 63
		left |= states[i]
	}
	return left != 0
}

// longPattern is a pattern with question marks of more than a thousand
// characters. Subjects have up to 255, so it matches next to nothing and is
// here for completeness: it goes back to the last asterisk only, which takes
// the string's length times the pattern's at most.
type longPattern []patternToken

func (p longPattern) match(s string) bool {
	at, star, again := 0, -1, ""
	for s != "" || at < len(p) {
		if at < len(p) && p[at] == anyRun {
			star, again = at, s
			at++
			continue
		}
		if s != "" {
			t, size := nextSymbol(s)
			if at < len(p) && (p[at] == anyOne || p[at] == t) {
				at++
				s = s[size:]
				continue
			}
		}
		if star < 0 || again == "" {
			return false
		}
		_, size := nextSymbol(again)
		again = again[size:]
		at, s = star+1, again
	}
	return true
}

func setBit(words []uint64, i int)      { words[i/64] |= 1 << (i % 64) }
func hasBit(words []uint64, i int) bool { return words[i/64]&(1<<(i%64)) != 0 }

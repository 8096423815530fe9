package pattern

import (
	"bytes"
	"slices"
)

// Covers reports whether p matches every string that q matches. If it does not, counterexample is a
// shortest string that q matches and p does not.
//
// The answer is exact. The time is bounded: if the search for a shortest counterexample takes more
// than about ten milliseconds, Covers returns a longer counterexample, or false with an empty one.
// Only patterns that were written for this purpose need so much time. The empty string is also a
// true counterexample of some patterns, such as "?*" and "*": if q.Match("") && !p.Match("").
func (p Pattern) Covers(q Pattern) (covered bool, counterexample string) {
	// Take a character that p does not contain. Only wildcards of p match it. So if p matches a
	// string that has this character wherever q has a wildcard, p also matches the string with any
	// other characters in those places. It is therefore enough to check the strings in which each ?
	// of q is that one character and each * is a run of it. The search generates them from left to
	// right, shortest first, together with the set of states that p can be in.
	outer, inner := newCoverSide(p), newCoverSide(q)
	fresh := freshToken(outer.tokens)
	for i, t := range inner.tokens {
		if t == anyOne {
			inner.tokens[i] = fresh
		}
	}
	s := coverSearch{
		p: p, outer: outer, inner: inner, fresh: fresh,
		seen: make([][]coverSet, len(inner.tokens)+1),
	}
	return s.run()
}

// coverBudget bounds the work of one search, in states compared.
const coverBudget = 1 << 22

// coverSide holds the characters and question marks of a pattern, and the positions of its
// asterisks.
type coverSide struct {
	tokens []token
	loop   []bool // an asterisk precedes the token with this index, or the end
	free   []bool // only question marks are between this index and the next asterisk
}

func newCoverSide(p Pattern) coverSide {
	side := coverSide{loop: []bool{false}}
	for _, t := range tokenize(p.source) {
		if t == anyRun {
			side.loop[len(side.tokens)] = true
			continue
		}
		side.tokens = append(side.tokens, t)
		side.loop = append(side.loop, false)
	}
	side.free = slices.Clone(side.loop)
	for i, t := range slices.Backward(side.tokens) {
		side.free[i] = side.free[i] || t == anyOne && side.free[i+1]
	}
	return side
}

// freshToken returns a character that is not among the tokens: a letter where possible, for
// readability.
func freshToken(tokens []token) token {
	for _, c := range "xyzabcdefghijklmnopqrstuvwXYZ0123456789" {
		if !slices.Contains(tokens, token(c)) {
			return token(c)
		}
	}
	c := token(0x4E00)
	for slices.Contains(tokens, c) {
		c++
	}
	return c
}

// coverSet is an ascending set of states of the outer pattern. In state i the pattern has matched i
// tokens.
type coverSet []int

// coverNode is a step of the search: how many tokens of the inner pattern are read, the states that
// the outer pattern can be in, and the character that led here from the parent node.
type coverNode struct {
	at     int
	states coverSet
	parent int
	char   token
}

type coverSearch struct {
	p            Pattern
	outer, inner coverSide
	fresh        token
	nodes        []coverNode
	seen         [][]coverSet // by coverNode.at
	work         int
}

func (s *coverSearch) run() (covered bool, counterexample string) {
	s.add(coverNode{states: s.reduce(coverSet{0}), parent: -1})
	for i := 0; i < len(s.nodes); i++ {
		if s.work > coverBudget {
			return false, s.guess()
		}
		n := s.nodes[i]
		if n.at == len(s.inner.tokens) && !slices.Contains(n.states, len(s.outer.tokens)) {
			return false, s.word(i)
		}
		if s.inner.loop[n.at] {
			s.add(coverNode{at: n.at, states: s.step(n.states, s.fresh), parent: i, char: s.fresh})
		}
		if n.at < len(s.inner.tokens) {
			char := s.inner.tokens[n.at]
			s.add(coverNode{at: n.at + 1, states: s.step(n.states, char), parent: i, char: char})
		}
	}
	return true, ""
}

// step returns the states of the outer pattern after one more character.
func (s *coverSearch) step(states coverSet, char token) coverSet {
	next := make(coverSet, 0, len(states)+1)
	for _, i := range states {
		if s.outer.loop[i] {
			next = append(next, i)
		}
		if i < len(s.outer.tokens) && (s.outer.tokens[i] == anyOne || s.outer.tokens[i] == char) {
			next = append(next, i+1)
		}
	}
	s.work += len(states)
	return s.reduce(next)
}

// reduce drops the states before the last free one. Every string that matches from an earlier state
// also matches from the free one: the earlier state needs at least as many characters to reach that
// asterisk, and the asterisk matches the rest of them.
func (s *coverSearch) reduce(states coverSet) coverSet {
	for i := len(states) - 1; i > 0; i-- {
		if s.outer.free[states[i]] {
			return states[i:]
		}
	}
	return states
}

// guess tries a few strings of the inner pattern after the search exceeded its budget. It returns ""
// if none is a counterexample.
func (s *coverSearch) guess() string {
	for _, n := range [...]int{0, 1, len(s.outer.tokens) + 1} {
		var b []byte
		for i, loop := range s.inner.loop {
			if loop {
				b = append(b, bytes.Repeat(appendToken(nil, s.fresh), n)...)
			}
			if i < len(s.inner.tokens) {
				b = appendToken(b, s.inner.tokens[i])
			}
		}
		if word := string(b); !s.p.Match(word) {
			return word
		}
	}
	return ""
}

// add adds a node to the search, unless an earlier node with the same rest of the inner pattern has
// a subset of its states: that node leads to a counterexample if this one does.
func (s *coverSearch) add(n coverNode) {
	if k := len(n.states); k > 0 && n.states[k-1] == len(s.outer.tokens) && s.outer.loop[len(s.outer.tokens)] {
		return // the asterisk at the end matches whatever follows
	}
	for _, before := range s.seen[n.at] {
		s.work += len(before) + 1
		if subset(before, n.states) {
			return
		}
	}
	s.seen[n.at] = append(s.seen[n.at], n.states)
	s.nodes = append(s.nodes, n)
}

// subset reports whether b contains all of a.
func subset(a, b coverSet) bool {
	if len(a) > len(b) {
		return false
	}
	for _, x := range a {
		for len(b) > 0 && b[0] < x {
			b = b[1:]
		}
		if len(b) == 0 || b[0] != x {
			return false
		}
	}
	return true
}

// word returns the characters on the way to a node.
func (s *coverSearch) word(node int) string {
	var chars []token
	for n := s.nodes[node]; n.parent >= 0; n = s.nodes[n.parent] {
		chars = append(chars, n.char)
	}
	var b []byte
	for _, char := range slices.Backward(chars) {
		b = appendToken(b, char)
	}
	return string(b)
}

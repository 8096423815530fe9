package trust

import (
	"bytes"
	"slices"
)

// Covers tells whether p matches every string that q matches. If not, the
// counterexample is a shortest string that q matches and p does not.
//
// The answer is exact. The time is bounded: a pair of patterns so contrived
// that the search for a shortest counterexample would go on for more than some
// ten milliseconds gets a longer counterexample, or counts as not covered with
// an empty one.
func (p Pattern) Covers(q Pattern) (covered bool, counterexample string) {
	covered, counterexample, _ = covers(p, q)
	return covered, counterexample
}

// coverBudget bounds the work of covers, in machine words looked at.
const coverBudget = 1 << 22

// covers is Covers; exact is false if the search was given up.
//
// Some character stands literally in no place of p. Only wildcards of p can
// read it, so if p matches a string that has it wherever q has a wildcard, p
// matches the string with any other characters there too. It is therefore
// enough to look at the strings in which each ? of q is that one character and
// each * is a run of it. They are generated from left to right, shortest first,
// together with the set of states that p can be in.
func covers(p, q Pattern) (covered bool, counterexample string, exact bool) {
	outer, inner := newCoverSide(p), newCoverSide(q)
	s := coverSearch{p: p, outer: outer, inner: inner, fresh: freshSymbol(outer.tokens), seen: make([][]coverSet, len(inner.tokens)+1)}
	return s.run()
}

// coverSide is a pattern as a row of characters and question marks, with the
// places where an asterisk stands.
type coverSide struct {
	tokens []patternToken
	loop   []bool // an asterisk is before the token of that index, or at the end
	free   []bool // nothing but question marks is before the next asterisk
}

func newCoverSide(p Pattern) coverSide {
	side := coverSide{loop: []bool{false}}
	for _, t := range tokenize(patternPieces(p.source)) {
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

// freshSymbol finds a character that is none of the tokens; a letter if it can
// be had, to be read by people.
func freshSymbol(toks []patternToken) patternToken {
	for _, c := range "xyzabcdefghijklmnopqrstuvwXYZ0123456789" {
		if !slices.Contains(toks, patternToken(c)) {
			return patternToken(c)
		}
	}
	for c := patternToken(0x4E00); ; c++ { // one of so many is free
		if !slices.Contains(toks, c) {
			return c
		}
	}
}

// coverSet is a set of states of the outer pattern, ascending. State i means
// that i tokens are read.
type coverSet []int

// coverNode is a point of the search: how far the inner pattern is read, where
// the outer one can be, and the way there.
type coverNode struct {
	at     int
	states coverSet
	parent int
	symbol patternToken
}

type coverSearch struct {
	p            Pattern
	outer, inner coverSide
	fresh        patternToken
	nodes        []coverNode
	seen         [][]coverSet // by coverNode.at
	work         int
}

func (s *coverSearch) run() (covered bool, counterexample string, exact bool) {
	s.add(coverNode{states: s.reduce(coverSet{0}), parent: -1})
	for i := 0; i < len(s.nodes); i++ {
		if s.work > coverBudget {
			return s.guess()
		}
		n := s.nodes[i]
		if n.at == len(s.inner.tokens) && !slices.Contains(n.states, len(s.outer.tokens)) {
			return false, s.word(i), true
		}
		if s.inner.loop[n.at] {
			s.add(coverNode{at: n.at, states: s.step(n.states, s.fresh), parent: i, symbol: s.fresh})
		}
		if n.at < len(s.inner.tokens) {
			symbol := s.inner.tokens[n.at]
			if symbol == anyOne {
				symbol = s.fresh
			}
			s.add(coverNode{at: n.at + 1, states: s.step(n.states, symbol), parent: i, symbol: symbol})
		}
	}
	return true, "", true
}

// step reads one character with the outer pattern.
func (s *coverSearch) step(states coverSet, symbol patternToken) coverSet {
	next := make(coverSet, 0, len(states)+1)
	for _, i := range states {
		if s.outer.loop[i] && (len(next) == 0 || next[len(next)-1] != i) {
			next = append(next, i)
		}
		if i < len(s.outer.tokens) && (s.outer.tokens[i] == anyOne || s.outer.tokens[i] == symbol) {
			next = append(next, i+1)
		}
	}
	s.work += len(states)
	return s.reduce(next)
}

// reduce drops the states before the last one that stands at an asterisk or has
// but question marks before it. What can be matched from an earlier state can
// be matched from there: the earlier one has as many characters to pass until
// that asterisk, which takes in the rest of them.
func (s *coverSearch) reduce(states coverSet) coverSet {
	for i := len(states) - 1; i > 0; i-- {
		if s.outer.free[states[i]] {
			return states[i:]
		}
	}
	return states
}

// guess tries some strings of the inner pattern when the search takes too long.
func (s *coverSearch) guess() (covered bool, counterexample string, exact bool) {
	for _, n := range [...]int{0, 1, len(s.outer.tokens) + 1} {
		var b []byte
		for i, loop := range s.inner.loop {
			if loop {
				b = append(b, bytes.Repeat(appendSymbol(nil, s.fresh), n)...)
			}
			if i < len(s.inner.tokens) {
				symbol := s.inner.tokens[i]
				if symbol == anyOne {
					symbol = s.fresh
				}
				b = appendSymbol(b, symbol)
			}
		}
		if word := string(b); !s.p.Match(word) {
			return false, word, true
		}
	}
	return false, "", false
}

// add puts a node into the search unless one as hard was there before: with
// the same rest to come and no state that the new one does not have.
func (s *coverSearch) add(n coverNode) {
	if k := len(n.states); k > 0 && n.states[k-1] == len(s.outer.tokens) && s.outer.loop[len(s.outer.tokens)] {
		return // an asterisk at the end takes whatever comes
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

// subset tells whether all of a is in b.
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

// word gives the characters on the way to a node.
func (s *coverSearch) word(node int) string {
	var symbols []patternToken
	for n := s.nodes[node]; n.parent >= 0; n = s.nodes[n.parent] {
		symbols = append(symbols, n.symbol)
	}
	var b []byte
	for _, symbol := range slices.Backward(symbols) {
		b = appendSymbol(b, symbol)
	}
	return string(b)
}

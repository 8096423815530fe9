package main

import (
	"strconv"
	"strings"
	"time"
)

// A contest is a row about one call that only uses the processor.
type contest struct {
	name, work string
	lines      func() []contestLine // creates keys and tokens
}

// A contestLine compares our side with its peers.
type contestLine struct {
	work      string
	ours      side
	peers     []peer
	maxTime   time.Duration // of ours, in a line without peers
	maxAllocs float64       // of ours; -1 means no goal
}

// A peer is another library.
type peer struct {
	side
	most float64 // goal: the largest ratio of ours to the peer; 0 means no goal
}

// noise is how far a ratio may be above its goal on a machine that does other work, too.
const noise = 1.05

// sides returns our side and then the peers.
func (l contestLine) sides() []side {
	s := []side{l.ours}
	for _, p := range l.peers {
		s = append(s, p.side)
	}
	return s
}

// contests returns all contests.
func contests() []contest {
	return []contest{
		{"claims", "typed claims from a token, unverified", claimsContest},
		{"verify", "verify RS256, keys cached", verifyContest},
		{"sign", "sign RS256 and ES256", signContest},
		{"subject", "parse and build a subject", subjectContest},
		{"pattern", "StringLike match, compiled, and a hostile pattern", patternContest},
	}
}

func (c contest) measure(b *bench) error {
	for _, l := range c.lines() {
		sides := l.sides()
		var loops []func(int)
		for _, s := range sides {
			loops = append(loops, s.loop)
		}
		r := race(processorTime, b.rounds, b.slice, loops...)
		ours := allocs(l.ours.once)
		oursText := span(r.ns(0)) + ", " + allocText(ours)
		if l.maxTime > 0 {
			b.add(line{
				work: l.work, ours: oursText,
				goal:    "<= " + duration(l.maxTime) + ", " + atMost(l.maxAllocs),
				verdict: judge(r.ns(0) <= float64(l.maxTime) && ours <= l.maxAllocs),
			})
		}
		for i, p := range l.peers {
			ratio := r.ratio(0, i+1)
			goal, verdict := "", noGoal
			if p.most > 0 {
				goals, ok := []string{"<= " + strconv.FormatFloat(p.most, 'f', 2, 64)}, ratio <= p.most*noise
				if l.maxAllocs >= 0 {
					goals, ok = append(goals, atMost(l.maxAllocs)), ok && ours <= l.maxAllocs
				}
				goal, verdict = strings.Join(goals, ", "), judge(ok)
			}
			b.add(line{
				work:  l.work,
				peer:  p.name + ": " + span(r.ns(i+1)) + ", " + allocText(allocs(p.once)),
				ours:  oursText,
				ratio: ratioText(ratio), goal: goal, verdict: verdict,
			})
		}
	}
	return nil
}

// atMost returns the goal for a number of allocations.
func atMost(n float64) string {
	if n == 0 {
		return "0 allocs"
	}
	return "<= " + allocText(n)
}

// must stops the program on an error. The inputs are constants, so an error is a mistake in this
// folder.
func must[T any](v T, err error) T {
	check(err)
	return v
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

package trust

import "testing"

func TestPatternFromLiteralPieces(t *testing.T) {
	t.Parallel()
	p := patternFrom(patternPiece{text: "a*b", literal: true}, patternPiece{text: "*"}, patternPiece{text: "?", literal: true})
	if got, want := p.String(), "a${*}b*${?}"; got != want {
		t.Errorf("String() = %q, want %q", got, want)
	}
	for s, want := range map[string]bool{"a*b?": true, "a*bxx?": true, "axb?": false, "a*bx": false} {
		if got := p.Match(s); got != want {
			t.Errorf("Match(%q) = %v, want %v", s, got, want)
		}
	}
}

// A policy of version 2008-10-17 has no escapes: there "${*}" is a dollar sign,
// a brace, a wildcard and a brace.
func TestPatternFromPiecesKnowsNoEscapes(t *testing.T) {
	t.Parallel()
	p := patternFrom(patternPiece{text: "${*}"})
	if !p.Match("${anything}") || p.Match("*") {
		t.Errorf("the pattern %q treats ${*} as an escape", p)
	}
	if q := CompilePattern(p.String()); !q.Match("${anything}") || q.Match("*") {
		t.Errorf("String() = %q, which compiles to another pattern", p)
	}
}

func TestCoversGivesUpInTime(t *testing.T) {
	t.Parallel()
	hard := hardCovers()
	for _, pair := range hard {
		p, q := CompilePattern(pair[0]), CompilePattern(pair[1])
		covered, example, exact := covers(p, q)
		if exact && !covered && (p.Match(example) || !q.Match(example)) {
			t.Errorf("covers(%q, %q): %q is no counterexample", pair[0], pair[1], example)
		}
		if !exact && covered {
			t.Errorf("covers(%q, %q) gave up and says yes", pair[0], pair[1])
		}
	}
}

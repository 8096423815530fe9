package trust_test

import (
	"strings"
	"testing"

	"github.com/onafed/onafed/awsfed/trust"
)

type coversVector struct {
	Name, Outer, Inner string
	Covers             bool
	Example            string
}

func TestCovers(t *testing.T) {
	t.Parallel()
	for _, v := range readVectors[coversVector](t, "testdata/pattern/covers.json") {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			p, q := trust.CompilePattern(v.Outer), trust.CompilePattern(v.Inner)
			got, example := p.Covers(q)
			if got != v.Covers || example != v.Example {
				t.Errorf("CompilePattern(%q).Covers(%q) = %v, %q, want %v, %q", v.Outer, v.Inner, got, example, v.Covers, v.Example)
			}
			if !got && (p.Match(example) || !q.Match(example)) {
				t.Errorf("%q is no counterexample: outer %v, inner %v", example, p.Match(example), q.Match(example))
			}
		})
	}
}

// allWords gives every word over the alphabet of up to n letters.
func allWords(alphabet string, n int) []string {
	words := []string{""}
	for last := words; n > 0; n-- {
		var next []string
		for _, w := range last {
			for _, c := range alphabet {
				next = append(next, w+string(c))
			}
		}
		words = append(words, next...)
		last = next
	}
	return words
}

// For all small patterns the answer is compared with trying all small words.
// A counterexample is no longer than both patterns together here, which the
// words of 6 letters over an alphabet with one letter of no pattern show.
func TestCoversAgainstAllWords(t *testing.T) {
	t.Parallel()
	const size = 3
	words := allWords("abx", 6)
	patterns := allWords("a*?", size)
	patterns = append(patterns, "*ab*", "a*b*", "*a?b", "?a*b", "*a*b*", "a?*b")
	for _, outer := range patterns {
		p := trust.CompilePattern(outer)
		for _, inner := range patterns {
			q := trust.CompilePattern(inner)
			want := true
			for _, w := range words {
				if q.Match(w) && !p.Match(w) {
					want = false
					break
				}
			}
			got, example := p.Covers(q)
			if got != want {
				t.Fatalf("CompilePattern(%q).Covers(%q) = %v, %q, want %v", outer, inner, got, example, want)
			}
			if !got && (p.Match(example) || !q.Match(example)) {
				t.Fatalf("CompilePattern(%q).Covers(%q): %q is no counterexample", outer, inner, example)
			}
		}
	}
}

func FuzzCovers(f *testing.F) {
	f.Add("org:o/*", "org:o*", "org:o")
	f.Add("*a??b*", "*a*b?", "aab")
	f.Add("*aba*", "ab*aba", "ababa")
	f.Add("*a???", "*a*a???", "aaaa")
	f.Fuzz(func(t *testing.T, outer, inner, s string) {
		if len(outer) > 200 || len(inner) > 200 || outer != strings.ToValidUTF8(outer, "") || inner != strings.ToValidUTF8(inner, "") {
			return
		}
		p, q := trust.CompilePattern(outer), trust.CompilePattern(inner)
		covered, example := p.Covers(q)
		if covered && q.Match(s) && !p.Match(s) {
			t.Fatalf("CompilePattern(%q).Covers(%q), but %q", outer, inner, s)
		}
		if !covered && (p.Match(example) || !q.Match(example)) {
			t.Fatalf("CompilePattern(%q).Covers(%q): %q is no counterexample", outer, inner, example)
		}
		if again, _ := p.Covers(p); !again {
			t.Fatalf("CompilePattern(%q) does not cover itself", outer)
		}
	})
}

package pattern_test

import (
	"strings"
	"testing"

	"github.com/onafed/onafed/awsfed/trust/pattern"
	"github.com/onafed/onafed/internal/testkit/vectors"
)

type coversVector struct {
	Name, Outer, Inner string
	Covers             bool
	Example            string
}

func TestCovers(t *testing.T) {
	t.Parallel()
	for _, v := range vectors.Read[coversVector](t, "testdata/covers.json") {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			p, q := pattern.Compile(v.Outer), pattern.Compile(v.Inner)
			got, example := p.Covers(q)
			if got != v.Covers || example != v.Example {
				t.Errorf("Compile(%q).Covers(%q) = %v, %q, want %v, %q", v.Outer, v.Inner, got, example, v.Covers, v.Example)
			}
			if !got && (p.Match(example) || !q.Match(example)) {
				t.Errorf("%q is not a counterexample: outer %v, inner %v", example, p.Match(example), q.Match(example))
			}
		})
	}
}

// allWords returns every word of up to n letters of the alphabet.
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

// For all small patterns, the answer equals the answer of trying all small words. The words have up
// to 6 letters, as many as two of the patterns together, and one letter that no pattern has.
func TestCoversAgainstAllWords(t *testing.T) {
	t.Parallel()
	const size = 3
	words := allWords("abx", 6)
	patterns := allWords("a*?", size)
	patterns = append(patterns, "*ab*", "a*b*", "*a?b", "?a*b", "*a*b*", "a?*b")
	for _, outer := range patterns {
		p := pattern.Compile(outer)
		for _, inner := range patterns {
			q := pattern.Compile(inner)
			want := true
			for _, w := range words {
				if q.Match(w) && !p.Match(w) {
					want = false
					break
				}
			}
			got, example := p.Covers(q)
			if got != want {
				t.Fatalf("Compile(%q).Covers(%q) = %v, %q, want %v", outer, inner, got, example, want)
			}
			if !got && (p.Match(example) || !q.Match(example)) {
				t.Fatalf("Compile(%q).Covers(%q): %q is not a counterexample", outer, inner, example)
			}
		}
	}
}

// hardCovers returns pairs of an outer and an inner pattern for which the search is long. exact
// states that it ends within the budget.
func hardCovers() []struct {
	outer, inner string
	exact        bool
} {
	marks := strings.Repeat("?", 40)
	return []struct {
		outer, inner string
		exact        bool
	}{
		{"*a" + marks, "*a" + marks, true},
		{"*a" + marks + "*", "*a*a*a*a*a*a" + marks, true},
		{"*a" + marks + "b*", strings.Repeat("*a", 20) + marks + "b*", false},
		{"*a" + marks + "b", strings.Repeat("*a", 40) + "*" + marks + "b", true},
		{"*a?????????b*", strings.Repeat("*a", 60) + "*", true},
		{strings.Repeat("*a?", 30) + "*", strings.Repeat("*a", 60) + "*", true},
		{strings.Repeat("*a?b", 20), strings.Repeat("*a*b", 20), true},
		{strings.Repeat("a*", 1000), strings.Repeat("a*", 1000), true},
		{strings.Repeat("?", 2000), strings.Repeat("a", 2000), true},
	}
}

func TestCoversIsBounded(t *testing.T) {
	t.Parallel()
	for _, tt := range hardCovers() {
		p, q := pattern.Compile(tt.outer), pattern.Compile(tt.inner)
		covered, example := p.Covers(q)
		if exact := covered || q.Match(example) && !p.Match(example); exact != tt.exact {
			t.Errorf("Compile(%q).Covers(%q) = %v, %q; exact = %v, want %v", tt.outer, tt.inner, covered, example, exact, tt.exact)
		}
		if !tt.exact && example != "" {
			t.Errorf("Compile(%q).Covers(%q): %q is not a counterexample", tt.outer, tt.inner, example)
		}
	}
}

// Only a run that is longer than the outer pattern is a counterexample here, and the search exceeds
// its budget before it finds it.
func TestCoversTriesLongRuns(t *testing.T) {
	t.Parallel()
	p := pattern.Compile(strings.Repeat("?", 299) + "a*")
	q := pattern.Compile("*" + strings.Repeat("a", 300))
	covered, example := p.Covers(q)
	if covered || example == "" || p.Match(example) || !q.Match(example) {
		t.Errorf("covers = %v, %q; want false and a string that only the inner pattern matches", covered, example)
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
		p, q := pattern.Compile(outer), pattern.Compile(inner)
		covered, example := p.Covers(q)
		if covered && q.Match(s) && !p.Match(s) {
			t.Fatalf("Compile(%q).Covers(%q), but %q", outer, inner, s)
		}
		if !covered && (p.Match(example) || !q.Match(example)) {
			t.Fatalf("Compile(%q).Covers(%q): %q is not a counterexample", outer, inner, example)
		}
		if again, _ := p.Covers(p); !again {
			t.Fatalf("Compile(%q) does not cover itself", outer)
		}
	})
}

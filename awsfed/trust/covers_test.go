package trust_test

import (
	"strings"
	"testing"

	"github.com/onafed/onafed/awsfed/trust"
)

func TestCovers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, outer, inner string
		want               bool
		example            string
	}{
		{"a pattern covers itself", "org:" + org + "/*", "org:" + org + "/*", true, ""},
		{"an organization covers its project", "org:" + org + "/*", "org:" + org + "/prj:" + project + "/*", true, ""},
		{"a project does not cover its organization", "org:o/prj:p/*", "org:o/*", false, "org:o/"},
		{"without the slash more matches", "org:o/*", "org:o*", false, "org:o"},
		{"an exact value is covered", "org:o/*", "org:o/env:e", true, ""},
		{"an exact value covers no pattern", "org:o/env:e", "org:o/env:e*", false, "org:o/env:ex"},
		{"everything covers everything", "*", "*", true, ""},
		{"everything covers the empty value", "*", "", true, ""},
		{"one character covers no empty value", "?*", "*", false, ""},
		{"marks in another order", "*?", "?*", true, ""},
		{"a run of at least two", "*??", "?*?", true, ""},
		{"exactly two do not cover at least two", "??", "??*", false, "xxx"},
		{"text in the middle", "*b*", "a*b*c", true, ""},
		{"text in the middle that may be missing", "*bb*", "a*b*c", false, "abc"},
		{"a free letter is taken for the wildcard", "x*", "*", false, ""},
		{"letter case", "ORG:*", "org:*", false, "org:"},
		{"an escaped wildcard is text", "a${*}b", "a*b", false, "ab"},
		{"a wildcard covers an escaped one", "a?b", "a${*}b", true, ""},
		{"V3 default and extra forms", "organization_id:o:*", "organization_id:o:project_id:p", true, ""},
		{"V3 with extra fields only", "organization_id:o:project_id:p:*", "organization_id:o:project_id:p", false, "organization_id:o:project_id:p"},
		{"overlap", "*ab*", "*aab*", true, ""},
		{"greedy would be wrong", "*a?b", "*aab", true, ""},
		{"two ways to read one text", "*aba*", "ab*aba", true, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, q := trust.CompilePattern(tt.outer), trust.CompilePattern(tt.inner)
			got, example := p.Covers(q)
			if got != tt.want || example != tt.example {
				t.Errorf("CompilePattern(%q).Covers(%q) = %v, %q, want %v, %q", tt.outer, tt.inner, got, example, tt.want, tt.example)
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

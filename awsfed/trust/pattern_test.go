package trust_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/onafed/onafed/awsfed/trust"
)

const (
	org     = "0191e223-1c3c-7607-badf-303c98b52d2f"
	project = "019527e4-75d5-704d-a5a4-a2b52cf56198"
	env     = "019527e4-75d5-704d-a5a4-a2b52cf56196"
	user    = "0191e223-1c3c-7607-badf-303c98b52d30"

	subV2 = "org:" + org + "/prj:" + project + "/env:" + env
)

// naiveMatch is StringLike by its definition, filled into a table: cell (i, j)
// says whether the first i tokens match the first j characters.
func naiveMatch(pattern, s string) bool {
	type token struct {
		r        string
		one, run bool
	}
	var tokens []token
	for pattern != "" {
		_, size := utf8.DecodeRuneInString(pattern)
		switch {
		case strings.HasPrefix(pattern, "${*}"), strings.HasPrefix(pattern, "${?}"), strings.HasPrefix(pattern, "${$}"):
			tokens = append(tokens, token{r: pattern[2:3]})
			size = 4
		default:
			r := pattern[:size]
			tokens = append(tokens, token{r: r, one: r == "?", run: r == "*"})
		}
		pattern = pattern[size:]
	}
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
				next[j] = row[j-1] && (t.one || t.r == chars[j-1])
			}
		}
		row = next
	}
	return row[len(chars)]
}

type patternVector struct {
	Name    string
	Pattern string
	Match   []string
	Differ  []string
}

func patternVectors(tb testing.TB) []patternVector {
	tb.Helper()
	return readVectors[patternVector](tb, "testdata/pattern/match.json")
}

func TestPatternVectors(t *testing.T) {
	t.Parallel()
	for _, v := range patternVectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			if len(v.Match)+len(v.Differ) == 0 {
				t.Fatal("a vector without a string")
			}
			p := trust.CompilePattern(v.Pattern)
			again := trust.CompilePattern(p.String())
			check := func(s string, want bool) {
				if got := p.Match(s); got != want {
					t.Errorf("CompilePattern(%q).Match(%q) = %v, want %v", v.Pattern, s, got, want)
				}
				if got := again.Match(s); got != want {
					t.Errorf("CompilePattern(%q).Match(%q) = %v, want %v", p.String(), s, got, want)
				}
				if got := naiveMatch(v.Pattern, s); got != want {
					t.Errorf("naiveMatch(%q, %q) = %v, want %v: the vector or the oracle is wrong", v.Pattern, s, got, want)
				}
			}
			for _, s := range v.Match {
				check(s, true)
			}
			for _, s := range v.Differ {
				check(s, false)
			}
		})
	}
}

// Each byte but the wildcards stands for itself and for nothing else.
func TestPatternEveryByte(t *testing.T) {
	t.Parallel()
	for b := range 128 {
		s := string(rune(b))
		p := trust.CompilePattern("a" + s + "b")
		for c := range 128 {
			want := b == c || b == '?'
			if b == '*' {
				want = true
			}
			if got := p.Match("a" + string(rune(c)) + "b"); got != want {
				t.Errorf("CompilePattern(%q).Match(%q) = %v, want %v", "a"+s+"b", "a"+string(rune(c))+"b", got, want)
			}
		}
	}
}

func TestPatternLiteral(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]string{"": "", "abc": "abc", "a${*}b": "a*b", "${$}{x}": "${x}", "${aws:x}": "${aws:x}"} {
		if got, ok := trust.CompilePattern(pattern).Literal(); got != want || !ok {
			t.Errorf("CompilePattern(%q).Literal() = %q, %v, want %q, true", pattern, got, ok, want)
		}
	}
	for _, pattern := range []string{"*", "?", "a*b", "a?b", "${*}*"} {
		if got, ok := trust.CompilePattern(pattern).Literal(); got != "" || ok {
			t.Errorf("CompilePattern(%q).Literal() = %q, %v, want \"\", false", pattern, got, ok)
		}
	}
}

func TestPatternZeroValue(t *testing.T) {
	t.Parallel()
	var p trust.Pattern
	if !p.Match("") || p.Match("a") || p.String() != "" {
		t.Errorf("the zero Pattern is not the empty pattern")
	}
}

func TestPatternLong(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ab?", 345) // just beyond what the machine of bits takes
	text := strings.ReplaceAll(long, "?", "c")
	for _, pattern := range []string{long, "*x*" + long + "*y", strings.Repeat("?", 1023), strings.Repeat("?", 1024), strings.Repeat("*a?", 400)} {
		p := trust.CompilePattern(pattern)
		for _, s := range []string{text, "x" + text + "y", text[:1023], strings.Repeat("ab", 450)} {
			if got, want := p.Match(s), naiveMatch(pattern, s); got != want {
				t.Errorf("pattern of %d characters, string of %d: Match = %v, want %v", len(pattern), len(s), got, want)
			}
		}
	}
}

// Rows of more than one word of bits, and characters outside of ASCII in them,
// are found where the definition finds them: at each border of a word, behind
// false starts, and with one character changed not at all.
func TestPatternRowsAgainstNaive(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	symbols := []string{"a", "b", "é", "€", "\U0001D11E", "\xff", "\xc3"}
	lengths := []int{1, 5, 63, 64, 65, 66, 127, 128, 129, 150, 192, 193}
	matched, differed := 0, 0
	for i := range 1000 {
		// Few symbols make many false starts, all of them many classes.
		some := symbols[r.IntN(len(symbols)):]
		length := lengths[r.IntN(len(lengths))]
		if i%50 == 0 { // on both sides of the longest row of bits; the definition takes its time
			length = 1023 + r.IntN(3)
		}
		row := make([]string, length)
		for j := range row {
			row[j] = some[r.IntN(len(some))]
			if r.IntN(4) == 0 {
				row[j] = "?"
			}
		}
		row[r.IntN(length)] = "?" // so that it is a row and not plain text
		pattern := "*" + strings.Join(row, "") + "*" + some[0]

		run := func() string {
			var b strings.Builder
			for range r.IntN(length + 2) {
				b.WriteString(some[r.IntN(len(some))])
			}
			return b.String()
		}
		text := slices.Clone(row)
		for j, symbol := range text {
			if symbol == "?" {
				text[j] = symbols[r.IntN(len(symbols))]
			}
		}
		falseStart := strings.Join(text[:r.IntN(length)], "")
		whole := run() + falseStart + strings.Join(text, "") + run() + some[0]
		text[r.IntN(length)] = "x"
		changed := falseStart + strings.Join(text, "") + some[0]
		for _, s := range []string{whole, changed} {
			want := naiveMatch(pattern, s)
			if got := trust.CompilePattern(pattern).Match(s); got != want {
				t.Fatalf("CompilePattern(%q).Match(%q) = %v, want %v", pattern, s, got, want)
			}
			if want {
				matched++
			} else {
				differed++
			}
		}
	}
	if matched < 900 || differed < 300 {
		t.Errorf("%d matched, %d differed: the test does not try both enough", matched, differed)
	}
}

func TestPatternMatchAllocatesNothing(t *testing.T) {
	for _, pattern := range []string{"org:" + org + "/*", "*/prj:*/env:*", "org:????????-*", "*" + strings.Repeat("a?", 100) + "*", subV2} {
		p := trust.CompilePattern(pattern)
		if n := testing.AllocsPerRun(100, func() { p.Match(subV2) }); n != 0 {
			t.Errorf("CompilePattern(%q).Match allocates %v times", pattern, n)
		}
	}
}

func FuzzPatternMatch(f *testing.F) {
	for _, v := range patternVectors(f) {
		for _, s := range append(v.Match, v.Differ...) {
			f.Add(v.Pattern, s)
		}
	}
	f.Add("\xc3*\xa9", "\xc3\xa9") // halves of a character
	f.Add("*???", "\U0001D11E")    // one character of four bytes
	f.Add("?", "\xff")
	f.Add("*"+strings.Repeat("ab?", 30)+"*", strings.Repeat("ab", 5)+strings.Repeat("abc", 31)) // more than a word of bits
	f.Add("*"+strings.Repeat("é?€", 30)+"*", strings.Repeat("éa€", 31))
	f.Add("*é?\xff*", "aébé\xff\xff")
	f.Fuzz(func(t *testing.T, pattern, s string) {
		if len(pattern) > 4096 || len(s) > 4096 {
			return
		}
		p := trust.CompilePattern(pattern)
		if got, want := p.Match(s), naiveMatch(pattern, s); got != want {
			t.Fatalf("CompilePattern(%q).Match(%q) = %v, want %v", pattern, s, got, want)
		}
		q := trust.CompilePattern(p.String())
		if q.String() != p.String() {
			t.Fatalf("CompilePattern(%q).String() = %q, then %q", pattern, p, q)
		}
		if q.Match(s) != p.Match(s) {
			t.Fatalf("%q and its String %q differ on %q", pattern, p, s)
		}
		if text, ok := p.Literal(); ok && p.Match(s) != (s == text) {
			t.Fatalf("CompilePattern(%q).Literal() = %q, but Match(%q) = %v", pattern, text, s, p.Match(s))
		}
	})
}

func BenchmarkPatternMatch(b *testing.B) {
	for _, bb := range []struct{ name, pattern, s string }{
		{"organization", "org:" + org + "/*", subV2},
		{"project", "org:*/prj:" + project + "/env:*", subV2},
		{"marks", "org:????????-????-????-????-????????????/*", subV2},
		{"hostile stars", strings.Repeat("a*", 60) + "b*c", strings.Repeat("a", 254) + "c"},
		{"hostile marks", strings.Repeat("*a?a", 30) + "*b*c", strings.Repeat("a", 254) + "c"},
		{"hostile text", "*" + strings.Repeat("a", 120) + "b*c", strings.Repeat("a", 254) + "c"},
	} {
		b.Run(bb.name, func(b *testing.B) {
			p := trust.CompilePattern(bb.pattern)
			b.ReportAllocs()
			for b.Loop() {
				p.Match(bb.s)
			}
		})
	}
}

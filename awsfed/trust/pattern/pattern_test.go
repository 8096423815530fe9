package pattern_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/onafed/onafed/awsfed/trust/pattern"
	"github.com/onafed/onafed/internal/testkit/vectors"
)

const (
	org     = "0191e223-1c3c-7607-badf-303c98b52d2f"
	project = "019527e4-75d5-704d-a5a4-a2b52cf56198"
	env     = "019527e4-75d5-704d-a5a4-a2b52cf56196"

	subV2 = "org:" + org + "/prj:" + project + "/env:" + env
)

type matchVector struct {
	Name    string
	Pattern string
	Match   []string
	Differ  []string
}

func matchVectors(tb testing.TB) []matchVector {
	tb.Helper()
	return vectors.Read[matchVector](tb, "testdata/match.json")
}

func TestVectors(t *testing.T) {
	t.Parallel()
	for _, v := range matchVectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			if len(v.Match)+len(v.Differ) == 0 {
				t.Fatal("the vector has no string")
			}
			p := pattern.Compile(v.Pattern)
			again := pattern.Compile(p.String())
			check := func(s string, want bool) {
				if got := p.Match(s); got != want {
					t.Errorf("Compile(%q).Match(%q) = %v, want %v", v.Pattern, s, got, want)
				}
				if got := again.Match(s); got != want {
					t.Errorf("Compile(%q).Match(%q) = %v, want %v", p.String(), s, got, want)
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

// Each ASCII character except the wildcards matches only itself.
func TestEveryByte(t *testing.T) {
	t.Parallel()
	for b := range 128 {
		s := string(rune(b))
		p := pattern.Compile("a" + s + "b")
		for c := range 128 {
			want := b == c || b == '?'
			if b == '*' {
				want = true
			}
			if got := p.Match("a" + string(rune(c)) + "b"); got != want {
				t.Errorf("Compile(%q).Match(%q) = %v, want %v", "a"+s+"b", "a"+string(rune(c))+"b", got, want)
			}
		}
	}
}

// A byte from 128 on is not UTF-8 by itself. It is one character and matches only itself: neither
// another byte nor the character with the same number.
func TestEveryByteThatIsNotUTF8(t *testing.T) {
	t.Parallel()
	for b := 128; b < 256; b++ {
		s := string([]byte{byte(b)})
		for _, value := range []string{"a" + s + "b", "?" + s + "?", "*" + s + "*", "a?b", "?*?*?"} {
			if !pattern.Compile(value).Match("a" + s + "b") {
				t.Errorf("Compile(%q).Match(%q) = false, want true", value, "a"+s+"b")
			}
		}
		for _, other := range []string{string([]byte{byte(b ^ 1)}), string(rune(b)), "\uFFFD"} {
			for _, value := range []string{"a" + s + "b", "?" + s + "?", "*" + s + "*"} {
				if pattern.Compile(value).Match("a" + other + "b") {
					t.Errorf("Compile(%q).Match(%q) = true, want false", value, "a"+other+"b")
				}
			}
			for _, value := range []string{"a" + other + "b", "?" + other + "?", "*" + other + "*"} {
				if pattern.Compile(value).Match("a" + s + "b") {
					t.Errorf("Compile(%q).Match(%q) = true, want false", value, "a"+s+"b")
				}
			}
		}
	}
}

// U+FFFD is a character of three bytes, although decoding returns it for bytes that are not UTF-8.
func TestReplacementCharacter(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"?", "\uFFFD", "?*", "*\uFFFD*"} {
		if !pattern.Compile(value).Match("\uFFFD") {
			t.Errorf("Compile(%q).Match(%q) = false, want true", value, "\uFFFD")
		}
	}
	if pattern.Compile("??*").Match("\uFFFD") {
		t.Error("two question marks match one character")
	}
}

// The last characters of Unicode are no bytes that are not UTF-8.
func TestLastCharacters(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"\U0010FFFD", "\U0010FFFE", "\U0010FFFF"} {
		p, q := pattern.Compile("a"+value), pattern.Compile("?"+value)
		if !p.Match("a"+value) || p.String() != "a"+value {
			t.Errorf("Compile(%q) = %q, which does not match itself", "a"+value, p)
		}
		if covers, example := p.Covers(q); covers || !q.Match(example) || p.Match(example) {
			t.Errorf("Covers = %v, %q, want a value that only %q matches", covers, example, q)
		}
	}
}

func TestString(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, value, want string }{
		{"runs of wildcards are question marks and then one asterisk", "a*?**?b", "a??*b"},
		{"an escaped wildcard stays escaped", "${*}${?}", "${*}${?}"},
		{"a dollar sign before a brace is escaped", "${", "${$}{"},
		{"an escaped dollar sign before a brace stays escaped", "${$}{*}", "${$}{*}"},
		{"any other dollar sign is plain", "$a${$}b$", "$a$b$"},
		{"a brace after any other character is plain", "a{b}", "a{b}"},
		{"bytes that are not UTF-8 stay the same", "\x80\xff*", "\x80\xff*"},
	} {
		if got := pattern.Compile(tt.value).String(); got != tt.want {
			t.Errorf("%s: Compile(%q).String() = %q, want %q", tt.name, tt.value, got, tt.want)
		}
	}
}

func TestZeroValue(t *testing.T) {
	t.Parallel()
	var p pattern.Pattern
	if !p.Match("") || p.Match("a") || p.String() != "" {
		t.Errorf("the zero Pattern is not the empty pattern")
	}
}

func TestLong(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ab?", 345)
	text := strings.ReplaceAll(long, "?", "c")
	for _, value := range []string{long, "*x*" + long + "*y", strings.Repeat("?", 1023), strings.Repeat("?", 1024), strings.Repeat("*a?", 400)} {
		p := pattern.Compile(value)
		for _, s := range []string{text, "x" + text + "y", text[:1023], strings.Repeat("ab", 450)} {
			if got, want := p.Match(s), naiveMatch(value, s); got != want {
				t.Errorf("pattern of %d characters, string of %d: Match = %v, want %v", len(value), len(s), got, want)
			}
		}
	}
}

// Random text with question marks, between asterisks and with characters of all sizes, is found
// where naiveMatch finds it: behind false starts, and not at all with one character changed.
func TestMatchAgainstNaive(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	lengths := []int{1, 5, 63, 64, 65, 66, 127, 128, 129, 150, 192, 193}
	matched, differed := 0, 0
	for i := range 1000 {
		length := lengths[r.IntN(len(lengths))]
		if i%50 == 0 { // seldom, because naiveMatch is slow
			length = 1023 + r.IntN(3)
		}
		value, texts := randomPattern(r, length)
		for _, s := range texts {
			want := naiveMatch(value, s)
			if got := pattern.Compile(value).Match(s); got != want {
				t.Fatalf("Compile(%q).Match(%q) = %v, want %v", value, s, got, want)
			}
			if want {
				matched++
			} else {
				differed++
			}
		}
	}
	if matched < 900 || differed < 300 {
		t.Errorf("%d matched, %d differed: too few of one of them", matched, differed)
	}
}

// randomPattern returns a pattern with length tokens between two asterisks, a text that it matches,
// and the same text with one character changed.
func randomPattern(r *rand.Rand, length int) (value string, texts [2]string) {
	all := []string{"a", "b", "é", "€", "\U0001D11E", "\xff", "\xc3"}
	some := all[r.IntN(len(all)):] // few characters make many false starts
	tokens := make([]string, length)
	for i := range tokens {
		tokens[i] = some[r.IntN(len(some))]
		if r.IntN(4) == 0 {
			tokens[i] = "?"
		}
	}
	tokens[r.IntN(length)] = "?"
	filler := func() string {
		var b strings.Builder
		for range r.IntN(length + 2) {
			b.WriteString(some[r.IntN(len(some))])
		}
		return b.String()
	}
	text := slices.Clone(tokens)
	for i, char := range text {
		if char == "?" {
			text[i] = all[r.IntN(len(all))]
		}
	}
	falseStart := strings.Join(text[:r.IntN(length)], "")
	texts[0] = filler() + falseStart + strings.Join(text, "") + filler() + some[0]
	text[r.IntN(length)] = "x"
	texts[1] = falseStart + strings.Join(text, "") + some[0]
	return "*" + strings.Join(tokens, "") + "*" + some[0], texts
}

func TestMatchAllocatesNothing(t *testing.T) {
	for _, value := range []string{"org:" + org + "/*", "*/prj:*/env:*", "org:????????-*", "*" + strings.Repeat("a?", 100) + "*", subV2} {
		p := pattern.Compile(value)
		if n := testing.AllocsPerRun(100, func() { p.Match(subV2) }); n != 0 {
			t.Errorf("Compile(%q).Match allocates %v times", value, n)
		}
	}
}

func FuzzMatch(f *testing.F) {
	for _, v := range matchVectors(f) {
		for _, s := range append(v.Match, v.Differ...) {
			f.Add(v.Pattern, s)
		}
	}
	f.Add("\xc3*\xa9", "\xc3\xa9") // halves of a character
	f.Add("*???", "\U0001D11E")    // one character of four bytes
	f.Add("?", "\xff")
	f.Add("*"+strings.Repeat("ab?", 30)+"*", strings.Repeat("ab", 5)+strings.Repeat("abc", 31))
	f.Add("*"+strings.Repeat("é?€", 30)+"*", strings.Repeat("éa€", 31))
	f.Add("*é?\xff*", "aébé\xff\xff")
	f.Fuzz(func(t *testing.T, value, s string) {
		if len(value) > 4096 || len(s) > 4096 {
			return
		}
		p := pattern.Compile(value)
		if got, want := p.Match(s), naiveMatch(value, s); got != want {
			t.Fatalf("Compile(%q).Match(%q) = %v, want %v", value, s, got, want)
		}
		q := pattern.Compile(p.String())
		if q.String() != p.String() {
			t.Fatalf("Compile(%q).String() = %q, then %q", value, p, q)
		}
		if q.Match(s) != p.Match(s) {
			t.Fatalf("%q and its String %q differ on %q", value, p, s)
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	for _, bb := range []struct{ name, value, s string }{
		{"organization", "org:" + org + "/*", subV2},
		{"project", "org:*/prj:" + project + "/env:*", subV2},
		{"marks", "org:????????-????-????-????-????????????/*", subV2},
		{"hostile stars", strings.Repeat("a*", 60) + "b*c", strings.Repeat("a", 254) + "c"},
		{"hostile marks", strings.Repeat("*a?a", 30) + "*b*c", strings.Repeat("a", 254) + "c"},
		{"hostile text", "*" + strings.Repeat("a", 120) + "b*c", strings.Repeat("a", 254) + "c"},
		{"hostile length", "*" + strings.Repeat("a?", 255) + "b*" + strings.Repeat("*a?", 511) + "b", strings.Repeat("a", 1024)},
	} {
		b.Run(bb.name, func(b *testing.B) {
			p := pattern.Compile(bb.value)
			b.ReportAllocs()
			for b.Loop() {
				p.Match(bb.s)
			}
		})
	}
}

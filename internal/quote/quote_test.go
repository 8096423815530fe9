package quote_test

import (
	"strings"
	"testing"

	"github.com/onafed/onafed/internal/quote"
)

func TestText(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		in   string
		max  int
		want string
	}{
		{"plain text is quoted", "org:1", 10, `"org:1"`},
		{"empty text is quoted", "", 10, `""`},
		{"text as long as the limit is not cut", "abc", 3, `"abc"`},
		{"longer text is cut outside the quotes", "abcd", 3, `"abc"...`},
		{"a cut is not inside a sequence", "ab\u20acd", 4, `"ab"...`},
		{"a sequence that fits is kept", "ab\u20acd", 5, `"ab\u20ac"...`},
		{"text that is not UTF-8 is cut at the limit", "\x80\x80\x80\x80\x80\x80", 5, `"\x80\x80\x80\x80\x80"...`},
		{"quotes and backslashes are escaped", `a"b\`, 10, `"a\"b\\"`},
		{"terminal escapes are escaped", "\x1b[31m\x9b", 10, `"\x1b[31m\x9b"`},
		{"C1 controls are escaped", "\u0085\u009b", 10, `"\u0085\u009b"`},
		{"bidirectional marks are escaped", "\u202e\u2066\u200f", 20, `"\u202e\u2066\u200f"`},
		{"line separators are escaped", "\u2028\n", 10, `"\u2028\n"`},
		{"limit 0 shows nothing", "abc", 0, `""...`},
		{"a negative limit shows nothing", "abc", -1, `""...`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := quote.Text(tt.in, tt.max); got != tt.want {
				t.Errorf("Text(%q, %d) = %s, want %s", tt.in, tt.max, got, tt.want)
			}
		})
	}
}

func TestRedacted(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		in   string
		max  int
		want string
	}{
		{"an ellipsis is not escaped", "org:…/env:…", 40, `"org:…/env:…"`},
		{"an ellipsis alone", "…", 40, `"…"`},
		{"the escape of an ellipsis is escaped", `\u2026`, 40, `"\\u2026"`},
		{"also next to an ellipsis", `…\u2026`, 40, `"…\\u2026"`},
		{"everything else is escaped", "a\"…\n\u202e\xff", 40, `"a\"…\n\u202e\xff"`},
		{"a cut is not inside an ellipsis", "ab…", 4, `"ab"...`},
		{"an ellipsis that fits is kept", "ab…c", 5, `"ab…"...`},
		{"text without an ellipsis is as by Text", "abcd", 3, `"abc"...`},
		{"empty text is quoted", "", 3, `""`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := quote.Redacted(tt.in, tt.max); got != tt.want {
				t.Errorf("Redacted(%q, %d) = %s, want %s", tt.in, tt.max, got, tt.want)
			}
		})
	}
}

func TestClean(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		in   string
		max  int
		want string
	}{
		{"printable text is unchanged", `dial "a\b": refused`, 40, `dial "a\b": refused`},
		{"control characters are escaped", "a\nb\x1b", 10, `a\nb\x1b`},
		{"quotes are not escaped", "a\"\n", 10, `a"\n`},
		{"longer text is cut", "abcd", 3, `abc...`},
		{"bidirectional marks are escaped", "\u202e", 10, `\u202e`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := quote.Clean(tt.in, tt.max); got != tt.want {
				t.Errorf("Clean(%q, %d) = %s, want %s", tt.in, tt.max, got, tt.want)
			}
		})
	}
}

// The output is printable ASCII for every byte, alone and after a letter.
func TestOnlyPrintableASCII(t *testing.T) {
	t.Parallel()
	for b := range 256 {
		for _, in := range []string{string([]byte{byte(b)}), "a" + string([]byte{byte(b)}), string(rune(b)), string(rune(0x2000 + b))} {
			for _, out := range []string{quote.Text(in, 100), strings.ReplaceAll(quote.Redacted(in, 100), quote.Ellipsis, ""), quote.Clean(in, 100)} {
				if i := strings.IndexFunc(out, func(r rune) bool { return r < ' ' || r > '~' }); i >= 0 {
					t.Errorf("quoting %q gives %q: not printable at %d", in, out, i)
				}
			}
		}
	}
}

package quote_test

import (
	"strings"
	"testing"

	"github.com/onafed/onafed/internal/quote"
)

func TestWord(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"sts:TagSession":         "sts:TagSession",
		"app.gitpod.io/x:sub":    "app.gitpod.io/x:sub",
		"aws:RequestTag/a b":     `"aws:RequestTag/a b"`,
		"a\x1b[31m":              `"a\x1b[31m"`,
		strings.Repeat("w", 129): `"` + strings.Repeat("w", 64) + `"...`,
		strings.Repeat("*", 70):  `"` + strings.Repeat("*", 64) + `"...`,
	} {
		if got := quote.Word(in); got != want {
			t.Errorf("Word(%q) = %s, want %s", in, got, want)
		}
	}
}

func TestValues(t *testing.T) {
	t.Parallel()
	if got, want := quote.Values([]string{"a", "b\n", quote.Ellipsis}), `"a", "b\n", "…"`; got != want {
		t.Errorf("Values = %s, want %s", got, want)
	}
	many := make([]string, 23)
	if got := quote.Values(many); !strings.HasSuffix(got, `"", and 3 more`) || strings.Count(got, `""`) != 20 {
		t.Errorf("Values of 23 = %s", got)
	}
	if got := quote.Values([]string{strings.Repeat("x", 400)}); got != `"`+strings.Repeat("x", 300)+`"...` {
		t.Errorf("Values of a long value = %s", got)
	}
}

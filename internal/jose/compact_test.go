package jose_test

import (
	"strings"
	"testing"

	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/internal/jose"
)

func TestDecodeIsCanonical(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]bool{
		"": true, "AA": true, "_-8": true, "AB": false, "AA==": false, "AA=": false, "+/8": false, "A": false, "A\nA": false, "AA\n": false, "\rAA": false, " AA": false, "AAé": false,
	} {
		b, err := jose.Decode(in)
		if (err == nil) != want {
			t.Errorf("Decode(%q) = %v, %v; want ok %v", in, b, err, want)
		}
		if err == nil && jose.Encode(b) != in {
			t.Errorf("Encode(Decode(%q)) = %q", in, jose.Encode(b))
		}
	}
}

func TestSplitAllocs(t *testing.T) {
	dots := strings.Repeat(".", claims.MaxTokenSize)
	if n := testing.AllocsPerRun(10, func() { _, _ = jose.Split("aaaa.bbbb.cccc") }); n != 0 {
		t.Errorf("Split: %v allocations, want 0", n)
	}
	if _, err := jose.Split(dots); err == nil {
		t.Error("Split of dots succeeded")
	}
	if _, err := jose.Split("a.b." + strings.Repeat("c", claims.MaxTokenSize)); err == nil {
		t.Error("Split of a token longer than MaxTokenSize succeeded")
	}
}

// Split returns zero with an error. The segments joined are the text.
func FuzzSplit(f *testing.F) {
	for _, s := range []string{"", ".", "..", "...", "a.b.c", "a.b.c.", ".a.b.c", "a..c", "a.b.", "a.b.c.d.e", "a.b\n.c", "\x00.\x00.\x00", "é.é.é"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		c, err := jose.Split(raw)
		if err != nil {
			if c != (jose.Compact{}) {
				t.Fatalf("Split(%q) = %+v with %v", raw, c, err)
			}
			return
		}
		if c.Signed+"."+c.Signature != raw || c.Header+"."+c.Payload != c.Signed || strings.Count(raw, ".") != 2 {
			t.Fatalf("Split(%q) = %+v", raw, c)
		}
		for _, part := range []string{c.Header, c.Payload, c.Signature} {
			if b, err := jose.Decode(part); err == nil && jose.Encode(b) != part {
				t.Fatalf("Decode accepts %q, and Encode writes %q", part, jose.Encode(b))
			}
		}
	})
}

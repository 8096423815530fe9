package textfile_test

import (
	"strings"
	"testing"

	"github.com/onafed/onafed/internal/textfile"
)

// expand returns the characters of ASCII in text with zero bytes before and after each.
func expand(text string, before, after int) string {
	var b strings.Builder
	for i := range len(text) {
		b.WriteString(strings.Repeat("\x00", before) + text[i:i+1] + strings.Repeat("\x00", after))
	}
	return b.String()
}

func TestEncoding(t *testing.T) {
	t.Parallel()
	const le, be, le32, be32 = "UTF-16 (little endian)", "UTF-16 (big endian)", "UTF-32 (little endian)", "UTF-32 (big endian)"
	for _, text := range []string{`{"Version":"2012-10-17"}`, "ey", "e", "\r\n{"} {
		for _, tt := range []struct{ text, want string }{
			{text, ""},
			{"\ufeff" + text, ""},
			{expand(text, 0, 1), le},
			{"\xff\xfe" + expand(text, 0, 1), le},
			{expand(text, 1, 0), be},
			{"\xfe\xff" + expand(text, 1, 0), be},
			{expand(text, 0, 3), le32},
			{"\xff\xfe\x00\x00" + expand(text, 0, 3), le32},
			{expand(text, 3, 0), be32},
			{"\x00\x00\xfe\xff" + expand(text, 3, 0), be32},
		} {
			if got := textfile.Encoding(tt.text); got != tt.want {
				t.Errorf("Encoding(%q) = %q, want %q", tt.text, got, tt.want)
			}
			err := textfile.Check(tt.text)
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Check(%q) = %v", tt.text, err)
			}
		}
	}
	for _, text := range []string{"", "\x00", "\x00\x00", "\x00\x00\x00\x00", "\xff", "\xfe", "é", "ab\x00", "\xff\xff\xff\xff"} {
		if got := textfile.Encoding(text); got != "" {
			t.Errorf("Encoding(%q) = %q, want none", text, got)
		}
	}
	if got := textfile.Encoding("\xff\xfe"); got != le {
		t.Errorf("Encoding of a byte order mark alone = %q", got)
	}
	if err := textfile.CheckJSON("\ufeff{}"); err == nil || !strings.Contains(err.Error(), "byte order mark") {
		t.Errorf("CheckJSON of a byte order mark = %v", err)
	}
	if err := textfile.CheckJSON("{}"); err != nil {
		t.Errorf("CheckJSON = %v", err)
	}
	if err := textfile.CheckJSON("{\x00}\x00"); err == nil {
		t.Error("CheckJSON accepts UTF-16")
	}
	err := textfile.Check("e\x00y\x00")
	if !strings.Contains(err.Error(), "Out-File -Encoding ascii") || len(err.Error()) > 150 {
		t.Errorf("Check = %v", err)
	}
}

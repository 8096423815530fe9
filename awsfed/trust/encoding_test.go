package trust_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/onafed/onafed/awsfed/trust"
)

// A policy in UTF-16, as PowerShell 5 writes it with >, is refused with the name of the encoding.
func TestParseNamesTheEncoding(t *testing.T) {
	t.Parallel()
	policy := strings.Split(`{"Version":"2012-10-17","Statement":[]}`, "")
	for text, want := range map[string]string{
		"\xff\xfe" + strings.Join(policy, "\x00") + "\x00": "UTF-16 (little endian), want UTF-8",
		strings.Join(policy, "\x00") + "\x00":              "UTF-16 (little endian), want UTF-8",
		"\xfe\xff\x00" + strings.Join(policy, "\x00"):      "UTF-16 (big endian), want UTF-8",
	} {
		_, err := trust.Parse([]byte(text))
		if e, ok := errors.AsType[*trust.ParseError](err); !ok || e.Line != 1 || e.Column != 1 || !strings.Contains(e.Reason, want) {
			t.Errorf("Parse(%q) = %v, want an error at the start with %q", text, err, want)
		}
	}
}

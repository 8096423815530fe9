package quote_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/onafed/onafed/internal/quote"
)

func TestPath(t *testing.T) {
	t.Parallel()
	long := "/" + strings.Repeat("x", 4096)
	for path, want := range map[string]string{
		"":                              `""`,
		`C:\Users\First Last\.aws`:      `"C:\Users\First Last\.aws"`,
		`\\server\share\x`:              `"\\server\share\x"`,
		"/home/jörg/.aws":               `"/home/jörg/.aws"`,
		"/home/\u65e5\u672c/.aws":       "\"/home/\u65e5\u672c/.aws\"",
		"/tmp/a\n/b":                    `"/tmp/a\n/b"`,
		"/tmp/\x1b[31m":                 `"/tmp/\x1b[31m"`,
		"/tmp/\u202egnp":                `"/tmp/\u202egnp"`,
		"/tmp/\xff":                     `"/tmp/\xff"`,
		"/tmp/a\u00a0b":                 `"/tmp/a\u00a0b"`, // looks like a space and is not one
		`/tmp/a"b`:                      `"/tmp/a\"b"`,
		"C:\\a\tb":                      `"C:\\a\tb"`, // escaped as a whole, so that it is unambiguous
		long:                            `"` + long[:4096] + `"...`,
		long[:4096] + "\u202e" + "rest": `"` + long[:4096] + `"...`,
	} {
		if got := quote.Path(path); got != want {
			t.Errorf("Path(%q) = %s, want %s", path, got, want)
		}
	}
}

func TestPathError(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`open C:\Users\Jörg: denied`: `open C:\Users\Jörg: denied`,
		"open /tmp/a\nb: denied":     `open /tmp/a\nb: denied`,
		"open /tmp/\u202eb: \"x\"":   `open /tmp/\u202eb: "x"`,
	} {
		if got := quote.PathError(errors.New(text)); got != want {
			t.Errorf("PathError(%q) = %s, want %s", text, got, want)
		}
	}
}

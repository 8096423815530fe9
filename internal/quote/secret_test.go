package quote_test

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"mime/quotedprintable"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/onafed/onafed/internal/quote"
)

// escapeAll writes each byte of s with a verb of fmt.
func escapeAll(s, verb string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, verb, s[i])
	}
	return b.String()
}

func quotedPrintable(s string) string {
	var b strings.Builder
	w := quotedprintable.NewWriter(&b)
	_, _ = w.Write([]byte(s))
	_ = w.Close()
	return b.String()
}

func wrapped(s string, width int, newline string) string {
	var b strings.Builder
	for len(s) > width {
		b.WriteString(s[:width] + newline)
		s = s[width:]
	}
	return b.String() + s
}

func bigEndian(s string) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(s)) {
		b.WriteByte(byte(u >> 8))
		b.WriteByte(byte(u))
	}
	return b.String()
}

// encodings returns s in every form in which a server may repeat it.
func encodings(s string) map[string]string {
	inJSON, _ := json.Marshal(map[string]string{"token": s})
	all := map[string]string{
		"as it is":                  s,
		"upper case":                strings.ToUpper(s),
		"lower case":                strings.ToLower(s),
		"query":                     url.QueryEscape(s),
		"query, lower-case digits":  strings.ToLower(url.QueryEscape(s)),
		"path":                      url.PathEscape(s),
		"query of a query":          url.QueryEscape(url.QueryEscape(s)),
		"query, three times":        url.QueryEscape(url.QueryEscape(url.QueryEscape(s))),
		"percent, every character":  escapeAll(s, "%%%02X"),
		"JSON":                      string(inJSON),
		"JSON in JSON":              strconv.Quote(string(inJSON)),
		"JSON, every character":     escapeAll(s, "\\u%04x"),
		"JSON, solidus":             strings.ReplaceAll(s, "/", "\\/"),
		"hexadecimal escapes":       escapeAll(s, "\\x%02x"),
		"octal escapes":             escapeAll(s, "\\%03o"),
		"long Unicode escapes":      escapeAll(s, "\\U%08x"),
		"HTML":                      html.EscapeString(s),
		"HTML, decimal":             escapeAll(s, "&#%d;"),
		"HTML, hexadecimal":         escapeAll(s, "&#x%X;"),
		"HTML, names":               strings.NewReplacer(".", "&period;", "_", "&lowbar;", "+", "&plus;", "/", "&sol;", "=", "&equals;").Replace(s),
		"quoted-printable":          quotedPrintable(s),
		"quoted-printable, all":     escapeAll(s, "=%02X"),
		"quoted-printable, wrapped": wrapped(s, 5, "=\r\n"),
		"wrapped":                   wrapped(s, 5, "\n"),
		"folded header":             wrapped(s, 5, "\r\n  "),
		"UTF-16, little endian":     wrapped(s, 1, "\x00"),
		"UTF-16, big endian":        bigEndian(s),
		"hexadecimal":               hex.EncodeToString([]byte(s)),
		"hexadecimal, upper case":   strings.ToUpper(hex.EncodeToString([]byte(s))),
	}
	for _, before := range []string{"", "a", "ab", "Bearer ", `{"token":"`} {
		for name, e := range map[string]*base64.Encoding{"standard": base64.StdEncoding, "URL": base64.RawURLEncoding} {
			encoded := e.EncodeToString([]byte(before + s + "x"))
			all["base64, "+name+" after "+before] = encoded
			all["base64 in a query, "+name+" after "+before] = url.QueryEscape(encoded)
			all["base64, wrapped, "+name+" after "+before] = wrapped(encoded, 9, "\r\n")
		}
	}
	return all
}

// A secret is found in every encoding, and the text around it is kept.
func TestWithoutSecretsFindsEveryEncoding(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{"s3cret", "abc+def/ghi==", "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl_-1", "a<b>&'\"c\\d%2F"} {
		for name, text := range encodings(secret) {
			prefix, suffix := "GET /?t=", " failed; done"
			if strings.HasPrefix(name, "quoted-printable") {
				prefix = "sent " // an equals sign would be escaped, too
			}
			got := quote.WithoutSecrets(prefix+text+suffix, secret)
			if !strings.HasPrefix(got, prefix) || !strings.HasSuffix(got, suffix) || strings.Count(got, "[redacted]") != 1 {
				t.Errorf("%q, %s: WithoutSecrets(%q) = %q", secret, name, text, got)
				continue
			}
			// The rest is what the encoding put around the secret, such as {"token":.
			rest := len(got) - len(prefix) - len("[redacted]") - len(suffix)
			if rest > 24 {
				t.Errorf("%q, %s: WithoutSecrets(%q) = %q, which keeps %d bytes", secret, name, text, got, rest)
			}
		}
	}
}

func TestWithoutSecretsKeepsOtherText(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "s3cre", "s3cre.t", "100% of =3 &amp; \\u12 \\x4 %4 =\n &#;&#x;&#999; &; \\", "a\x00b\r\nc", "%00%zz&unknown;",
	} {
		if got := quote.WithoutSecrets(text, "s3cret", "", "abc"); got != text {
			t.Errorf("WithoutSecrets(%q) = %q", text, got)
		}
	}
	if got := quote.WithoutSecrets("a s3cret b S3CRETs3cret c tok%65n-1 d", "s3cret", "token-1"); got != "a [redacted] b [redacted] c [redacted] d" {
		t.Errorf("WithoutSecrets = %q", got)
	}
}

func TestErrorWithoutSecrets(t *testing.T) {
	t.Parallel()
	plain := errors.New("plain")
	shown := errors.New("sent s3cret")
	if got := quote.ErrorWithoutSecrets(nil, "s3cret"); got != nil {
		t.Errorf("nil becomes %v", got)
	}
	for _, err := range []error{plain, fmt.Errorf("a: %w", plain), errors.Join(plain, context.Canceled)} {
		if got := quote.ErrorWithoutSecrets(err, "s3cret"); got != err { //nolint:errorlint // the same error
			t.Errorf("%v becomes another error", err)
		}
	}
	for _, err := range []error{
		shown, fmt.Errorf("a: %w", shown), errors.Join(plain, shown),
		hiding{shown},
		errors.Join(hiding{shown}, context.Canceled),
		fmt.Errorf("a %%73%%33cret: %w", errors.New("b s%33cret")),
		hiding{fmt.Errorf("x: %w", hiding{shown})},
	} {
		got := quote.ErrorWithoutSecrets(err, "s3cret")
		if errors.Is(got, shown) || errors.Is(got, context.Canceled) != errors.Is(err, context.Canceled) {
			t.Errorf("%v becomes %#v", err, got)
		}
		for e := got; e != nil; e = errors.Unwrap(e) {
			if text := fmt.Sprintf("%v %#v", e, e); strings.Contains(text, "cret") {
				t.Errorf("%v becomes %s", err, text)
			}
		}
	}
}

// hiding is an error that does not show the error in it.
type hiding struct{ err error }

func (hiding) Error() string   { return "hidden" }
func (h hiding) Unwrap() error { return h.err }

func FuzzWithoutSecrets(f *testing.F) {
	for _, text := range encodings("s3cret-token") {
		f.Add(text, "s3cret-token")
	}
	f.Fuzz(func(t *testing.T, text, secret string) {
		got := quote.WithoutSecrets(text, secret)
		if len(secret) >= 6 && !strings.Contains("[redacted]", secret) && strings.Contains(got, secret) && !strings.Contains(secret, "redacted") {
			t.Errorf("WithoutSecrets(%q, %q) = %q", text, secret, got)
		}
		if len(secret) < 6 && got != text {
			t.Errorf("WithoutSecrets(%q, %q) = %q, although the secret is short", text, secret, got)
		}
	})
}

package idptest_test

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/onafed/onafed/idp/idptest"
)

// failures records the failures of a test.
type failures struct {
	testing.TB
	texts []string
}

func (f *failures) Helper()                   {}
func (f *failures) Errorf(s string, a ...any) { f.texts = append(f.texts, fmt.Sprintf(s, a...)) }
func (f *failures) Fatal(a ...any)            { f.texts = append(f.texts, fmt.Sprint(a...)) }

type secretStringer string

func (secretStringer) String() string { return "redacted" }

type onlyJSON struct{ S string }

func (onlyJSON) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte("redacted")) }
func (onlyJSON) LogValue() slog.Value       { return slog.StringValue("redacted") }

type textual struct{ s string }

func (textual) Format(s fmt.State, _ rune)     { _, _ = s.Write([]byte("redacted")) }
func (t textual) MarshalText() ([]byte, error) { return []byte(t.s), nil }

type wraps struct{ inner error }

func (wraps) Error() string                { return "redacted" }
func (w wraps) Unwrap() error              { return w.inner }
func (wraps) Format(s fmt.State, _ rune)   { _, _ = s.Write([]byte("redacted")) }
func (wraps) LogValue() slog.Value         { return slog.StringValue("redacted") }
func (wraps) MarshalJSON() ([]byte, error) { return []byte(`"redacted"`), nil }

func TestAssertNoSecret(t *testing.T) {
	t.Parallel()
	iss := idptest.NewIssuer(t, nil)
	tok := iss.Token("a")
	const secret = "s3cret-s3cret-s3cret"
	parts := strings.Split(tok.Raw(), ".")
	for name, tt := range map[string]struct {
		v      any
		secret string
		leaks  bool
	}{
		"a token":                  {tok, tok.Raw(), false},
		"a token in a struct":      {struct{ tok any }{tok}, tok.Raw(), false},
		"nil":                      {nil, secret, false},
		"another text":             {"s3cret-s3cret", secret, false},
		"the header of the token":  {parts[0], tok.Raw(), false},
		"the text":                 {secret, secret, true},
		"in a sentence":            {"it is " + secret + ".", secret, true},
		"bytes":                    {[]byte(secret), secret, true},
		"a pointer to a struct":    {&struct{ S string }{secret}, secret, true},
		"an unexported field":      {struct{ s string }{secret}, secret, true},
		"in a map":                 {map[string]any{"a": []string{secret}}, secret, true},
		"as a key of a map":        {map[string]int{secret: 1}, secret, true},
		"a Stringer is not enough": {secretStringer(secret), secret, true},
		"JSON only":                {onlyJSON{secret}, secret, true},
		"text only":                {textual{secret}, secret, true},
		"an error":                 {errors.New(secret), secret, true},
		"a wrapped error":          {fmt.Errorf("outer: %w", errors.New(secret)), secret, true},
		"a hidden wrapped error":   {wraps{errors.New(secret)}, secret, true},
		"hidden, joined":           {wraps{errors.Join(errors.New("x"), errors.New(secret))}, secret, true},
		"hidden, twice":            {wraps{wraps{errors.New(secret)}}, secret, true},
		"hexadecimal":              {hex.EncodeToString([]byte(secret)), secret, true},
		"base64":                   {base64.StdEncoding.EncodeToString([]byte(secret)), secret, true},
		"the signature":            {parts[2], tok.Raw(), true},
		"the payload":              {parts[1], tok.Raw(), true},
	} {
		f := &failures{TB: t}
		idptest.AssertNoSecret(f, tt.v, tt.secret)
		if (len(f.texts) > 0) != tt.leaks {
			t.Errorf("%s: %v, want leaks %v", name, f.texts, tt.leaks)
		}
		for _, s := range f.texts {
			if strings.Contains(s, tt.secret) {
				t.Errorf("%s: the message repeats the secret", name)
			}
		}
	}
	f := &failures{TB: t}
	idptest.AssertNoSecret(f, "x", "")
	if len(f.texts) == 0 {
		t.Error("an empty secret was accepted")
	}
}

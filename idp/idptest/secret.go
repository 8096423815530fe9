package idptest

import (
	"bytes"
	"encoding/base64"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// AssertNoSecret fails the test if v reveals a secret: when it is printed with a verb of fmt,
// logged by a handler of log/slog, or encoded as JSON, XML, text or gob. It checks v itself, a
// pointer to it, a slice and structs that contain it, and each error that v wraps.
//
// A secret is also found in quotes, in hexadecimal and in base64. Of a JWT, the payload and the
// signature are secrets too. The failure message does not contain the secret.
func AssertNoSecret(tb testing.TB, v any, secret string) {
	tb.Helper()
	if secret == "" {
		tb.Fatal("idptest: AssertNoSecret: the secret is empty")
	}
	for _, way := range revealed(v, secret) {
		tb.Errorf("idptest: %T reveals the secret %s", v, way)
	}
}

// revealed returns the ways in which v reveals the secret.
func revealed(v any, secret string) []string {
	var ways []string
	needles := secretsOf(secret)
	check := func(way, text string) {
		for _, n := range needles {
			if strings.Contains(text, n) {
				ways = append(ways, way)
				return
			}
		}
	}
	forms := []struct {
		name string
		v    any
	}{
		{"", v},
		{", as a pointer", &v},
		{", as an exported field", struct{ Field any }{v}},
		{", as an unexported field", struct{ field any }{v}},
		{", in a slice", []any{v}},
	}
	for _, f := range forms {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d", "%o", "%b", "%c", "%U"} {
			check("with "+verb+f.name, fmt.Sprintf(verb, f.v))
		}
		var b bytes.Buffer
		slog.New(slog.NewTextHandler(&b, nil)).Error("m", "v", f.v)
		check("to slog's TextHandler"+f.name, b.String())
		b.Reset()
		slog.New(slog.NewJSONHandler(&b, nil)).Error("m", "v", f.v)
		check("to slog's JSONHandler"+f.name, b.String())
		if out, err := json.Marshal(f.v); err == nil {
			check("as JSON"+f.name, string(out))
		} else {
			check("in the error of encoding/json"+f.name, err.Error())
		}
	}
	if out, err := xml.Marshal(v); err == nil {
		check("as XML", string(out))
	}
	if t, ok := v.(interface{ MarshalText() ([]byte, error) }); ok {
		out, err := t.MarshalText()
		check("as text", string(out)+fmt.Sprint(err))
	}
	var g bytes.Buffer
	if err := encodeGob(&g, v); err == nil {
		check("as gob", g.String())
	}
	if err, ok := v.(error); ok {
		check("in Error()", err.Error())
		for _, e := range unwrap(err) {
			for _, way := range revealed(e, secret) {
				ways = append(ways, fmt.Sprintf("in the %T that it wraps, %s", e, way))
			}
		}
	}
	return ways
}

// encodeGob encodes v. gob panics for some kinds of values; encodeGob returns an error instead.
func encodeGob(g *bytes.Buffer, v any) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errors.New("gob cannot encode it")
		}
	}()
	return gob.NewEncoder(g).Encode(v)
}

// unwrap returns the errors that err wraps directly.
func unwrap(err error) []error {
	switch e := err.(type) { //nolint:errorlint // unwraps one step
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			return []error{inner}
		}
	case interface{ Unwrap() []error }:
		return e.Unwrap()
	}
	return nil
}

// secretsOf returns the texts that reveal a secret.
func secretsOf(secret string) []string {
	parts := []string{secret}
	if jwt := strings.Split(secret, "."); len(jwt) == 3 {
		for _, p := range jwt[1:] {
			if len(p) >= 16 { // shorter ones occur by chance
				parts = append(parts, p)
			}
		}
	}
	var out []string
	for _, p := range parts {
		b := []byte(p)
		out = append(out, p,
			hex.EncodeToString(b), strings.ToUpper(hex.EncodeToString(b)), fmt.Sprintf("% x", b),
			base64.RawStdEncoding.EncodeToString(b), base64.RawURLEncoding.EncodeToString(b),
			strings.Trim(fmt.Sprintf("%d", b), "[]"), // a byte slice with %v and %d
		)
	}
	return out
}

package idp_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/idp"
)

func TestParseToken(t *testing.T) {
	t.Parallel()
	exp := time.Unix(1740517845, 0)
	raw := rawToken(exp, nil)
	tok, err := idp.ParseToken(raw)
	if err != nil {
		t.Fatal(err)
	}
	if tok.Raw() != raw || !tok.Expiry().Equal(exp) || tok.Header().KeyID != "k0" || tok.Claims().OrganizationID != organization {
		t.Errorf("ParseToken = raw %t, expiry %v, header %+v, claims of %s", tok.Raw() == raw, tok.Expiry(), tok.Header(), tok.Claims().OrganizationID)
	}
	sum := sha256.Sum256([]byte(raw))
	if want := hex.EncodeToString(sum[:6]); tok.Fingerprint() != want {
		t.Errorf("Fingerprint = %s, want %s", tok.Fingerprint(), want)
	}
	for at, want := range map[time.Time]bool{exp.Add(-1): true, exp: false, exp.Add(1): false, {}: true} {
		if got := tok.ValidAt(at); got != want {
			t.Errorf("ValidAt(%v) = %t, want %t", at, got, want)
		}
	}
	if !tok.Equal(token(t, exp, nil)) || tok.Equal(token(t, exp.Add(time.Second), nil)) || tok.Equal(nil) {
		t.Error("Equal does not compare the text")
	}
}

func TestEmptyToken(t *testing.T) {
	t.Parallel()
	for _, tok := range []*idp.Token{nil, {}} {
		if tok.Raw() != "" || tok.Fingerprint() != "" || !tok.Expiry().IsZero() || tok.ValidAt(time.Time{}) || tok.Claims().Subject != "" || tok.Header().KeyID != "" {
			t.Errorf("an empty token is not empty: %v", tok)
		}
	}
	if got := fmt.Sprint((*idp.Token)(nil), idp.Token{}); got != "<nil> idp.Token(empty)" {
		t.Errorf("empty tokens print as %q", got)
	}
	if !(&idp.Token{}).Equal(nil) {
		t.Error("empty tokens are not equal")
	}
}

func TestParseTokenRefuses(t *testing.T) {
	t.Parallel()
	good := rawToken(time.Unix(1740517845, 0), nil)
	tests := []struct {
		name   string
		raw    string
		reason string
	}{
		{"empty text", "", "empty"},
		{"an API token", "ona_pat_0123456789abcdef", "opaque value of 24 bytes"},
		{"a line break after it", good + "\n", "white space"},
		{"a space before it", " " + good, "white space"},
		{"zero bytes", "a\x00b\x00", "UTF-16"},
		{"four parts", good + ".x", "three parts"},
		{"an encrypted token", good + ".x.y", "encrypted"},
		{"a huge text", strings.Repeat("a", claims.MaxTokenSize+1), "20001 bytes"},
		{"three empty parts", "..", "not a valid JWT"},
		{"a payload that is not JSON", "e30.YQ.YQ", "not a valid JWT"},
		{"parts that are not base64url", "a$.b$.c$", "not a valid JWT"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tok, err := idp.ParseToken(tt.raw)
			e, ok := errors.AsType[*idp.NotTokenError](err)
			if !ok || tok != nil {
				t.Fatalf("ParseToken = %v, %v, want a *NotTokenError", tok, err)
			}
			if !strings.Contains(err.Error(), tt.reason) || !strings.HasPrefix(err.Error(), "idp: not an ID token: ") {
				t.Errorf("ParseToken: %v, want %q", err, tt.reason)
			}
			if pe, ok := errors.AsType[*claims.ParseError](err); ok != (e.Err != nil) {
				t.Errorf("ParseToken: %v wraps %v", err, pe)
			}
			if len(tt.raw) > 5 && strings.Contains(err.Error(), tt.raw) {
				t.Errorf("the error repeats the text: %v", err)
			}
		})
	}
}

// FuzzParseToken checks that an error comes without a token and does not contain the text, and that
// Raw returns the text.
func FuzzParseToken(f *testing.F) {
	good := rawToken(time.Unix(1740517845, 0), nil)
	for _, s := range []string{
		"", good, good + "\n", good + "=", "a.b.c", "..", "e30.e30.", "e30.e30.e30", "ona_pat_secret-0123456789", "a.b.c.d.e",
		strings.Replace(good, ".", "..", 1), good[:len(good)/2], "eyJhbGciOiJub25lIn0.e30.",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		tok, err := idp.ParseToken(raw)
		if err != nil {
			if tok != nil {
				t.Errorf("ParseToken(%q) returns a token and an error", raw)
			}
			if len(raw) >= 16 && strings.Contains(err.Error(), raw) {
				t.Errorf("the error repeats the text: %v", err)
			}
			if strings.ContainsFunc(err.Error(), func(r rune) bool { return r < ' ' || r > '~' }) {
				t.Errorf("the error is not printable: %q", err)
			}
			return
		}
		if tok.Raw() != raw || tok.Fingerprint() == "" {
			t.Errorf("ParseToken(%q).Raw() = %q", raw, tok.Raw())
		}
	})
}

// All ways to print a value are applied to a token in all kinds of variables. The output must not
// contain a part of the text or a claim in any encoding.
func TestTokenIsRedacted(t *testing.T) {
	t.Parallel()
	tok := token(t, time.Unix(1740517845, 0), map[string]any{"email": "someone@example.com"})
	type unexported struct{ value idp.Token }
	type pointer struct{ token *idp.Token }
	type nested struct{ u unexported }
	type embedded struct{ idp.Token }
	holders := map[string]any{
		"pointer":                tok,
		"value":                  *tok,
		"pointer to pointer":     &tok,
		"exported field":         struct{ Token idp.Token }{*tok},
		"exported pointer field": struct{ Token *idp.Token }{tok},
		"unexported field":       unexported{*tok},
		"unexported pointer":     pointer{tok},
		"pointer to unexported":  &unexported{*tok},
		"nested":                 nested{unexported{*tok}},
		"embedded":               embedded{*tok},
		"slice":                  []idp.Token{*tok},
		"slice of pointers":      []*idp.Token{tok},
		"array of unexported":    [1]unexported{{*tok}},
		"map value":              map[string]idp.Token{"t": *tok},
		"map of unexported":      map[string]unexported{"t": {*tok}},
		"interface":              struct{ any }{*tok},
		"reflect.Value":          reflect.ValueOf(*tok),
		"reflect of unexported":  reflect.ValueOf(unexported{*tok}).Field(0),
		"static source":          idp.Static(tok),
		"cached source":          idp.Cached(idp.Static(tok), nil),
		"chain":                  idp.Chain(idp.Static(tok)),
		"error":                  &idp.SourceError{Source: "s", Err: fmt.Errorf("%v %+v", tok, *tok)},
	}
	for held, v := range holders {
		for _, verb := range "vTtbcdoOqxXUeEfFgGspw!" {
			for _, flags := range []string{"", "+", "#", " ", "+#", ".300"} {
				format := "%" + flags + string(verb)
				assertNoSecret(t, tok, held+" with "+format, fmt.Sprintf(format, v))
			}
		}
		assertNoSecret(t, tok, held+" with Sprint", fmt.Sprint(v))
		assertNoSecret(t, tok, held+" with Sprintln", fmt.Sprintln("a", v))
		assertNoSecret(t, tok, held+" with Errorf", fmt.Errorf("%w", fmt.Errorf("%v", v)).Error())
		for name, handler := range map[string]func(*bytes.Buffer) slog.Handler{
			"text": func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
			"JSON": func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
		} {
			var b bytes.Buffer
			l := slog.New(handler(&b))
			l.Info("m", "v", v)
			l.Info("m", slog.Group("g", "v", v))
			l.With("v", v).Info("m")
			assertNoSecret(t, tok, held+" with slog "+name, b.String())
		}
		j, _ := json.Marshal(v)
		assertNoSecret(t, tok, held+" with JSON", string(j))
		x, _ := xml.Marshal(v)
		assertNoSecret(t, tok, held+" with XML", string(x))
		var g bytes.Buffer
		err := gob.NewEncoder(&g).Encode(v)
		assertNoSecret(t, tok, held+" with gob", g.String()+fmt.Sprint(err))
	}
}

// assertNoSecret fails if out contains a part of the token's text or a claim, plain or encoded.
func assertNoSecret(t *testing.T, tok *idp.Token, what, out string) {
	t.Helper()
	parts := strings.Split(tok.Raw(), ".")
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{parts[0], parts[1][:20], parts[2][:20], "someone@example.com", organization, string(payload)} {
		b := []byte(secret)
		for _, form := range []string{secret, hex.EncodeToString(b), fmt.Sprintf("%X", b), fmt.Sprintf("%d", b), base64.StdEncoding.EncodeToString(b)} {
			if strings.Contains(out, strings.Trim(form, "[]=")) {
				t.Errorf("%s shows %q: %.200s", what, form, out)
				return
			}
		}
	}
}

func TestTokenShowsItsFingerprint(t *testing.T) {
	t.Parallel()
	tok := token(t, time.Unix(1740517845, 0), nil)
	want := "idp.Token(" + tok.Fingerprint() + ")"
	for _, v := range []any{tok, *tok} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			if got := fmt.Sprintf(verb, v); got != want {
				t.Errorf("%s = %s, want %s", verb, got, want)
			}
		}
		j, err := json.Marshal(map[string]any{"token": v})
		if err != nil || string(j) != `{"token":"`+want+`"}` {
			t.Errorf("JSON = %s, %v, want %s", j, err, want)
		}
	}
	if got := tok.String() + tok.GoString(); got != want+want {
		t.Errorf("String and GoString = %s, want %s twice", got, want)
	}
	var b bytes.Buffer
	slog.New(slog.NewJSONHandler(&b, nil)).Info("m", "token", tok)
	if !strings.Contains(b.String(), `"token":{"fingerprint":"`+tok.Fingerprint()+`","expiry":"2025-02-25T`) {
		t.Errorf("slog writes %s", b.String())
	}
}

func TestTokenCannotBeUnmarshaled(t *testing.T) {
	t.Parallel()
	raw := rawToken(time.Unix(1740517845, 0), nil)
	var tok idp.Token
	for _, in := range []string{`"` + raw + `"`, `"idp.Token(0123456789ab)"`, `{"raw":"a"}`, `1`} {
		if err := json.Unmarshal([]byte(in), &tok); err == nil || strings.Contains(err.Error(), raw) {
			t.Errorf("Unmarshal(%.30s): %v, want an error without the token", in, err)
		}
	}
	var g bytes.Buffer
	if err := gob.NewEncoder(&g).Encode(token(t, time.Unix(1740517845, 0), nil)); err == nil {
		t.Error("gob encodes a token")
	}
	if err := tok.GobDecode([]byte(raw)); err == nil {
		t.Error("gob decodes a token")
	}
	if tok.Raw() != "" {
		t.Errorf("the receiver has the text %q after errors", tok.Raw())
	}
}

// Callers may change the results of the accessors without changing the token.
func TestTokenIsImmutable(t *testing.T) {
	t.Parallel()
	parse := func() *idp.Token {
		raw := rawToken(time.Unix(1740517845, 0), map[string]any{
			"aud": []string{"a", "b"}, "idp_claims": map[string]any{"g": 1}, "creator_idp_claims": map[string]any{"g": 1},
			"environment_initializers": []any{map[string]any{"context_url": "https://a"}},
		})
		header := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS256","jwk":{"kty":"RSA"},"x5c":["a"]}`))
		tok, err := idp.ParseToken(header + raw[strings.IndexByte(raw, '.'):])
		if err != nil {
			t.Fatal(err)
		}
		return tok
	}
	tok := parse()
	c, h := tok.Claims(), tok.Header()
	c.Audience[0], c.IDPClaims[0], c.CreatorIDPClaims[0], c.EnvironmentInitializers[0] = "x", 'x', 'x', claims.Initializer{}
	h.JSONWebKey[0] = 'x'
	for name := range h.Extra {
		h.Extra[name][0] = 'x'
	}
	h.Extra["new"] = nil
	if diff := cmp.Diff(fields(parse().Claims()), fields(tok.Claims())); diff != "" {
		t.Errorf("the claims changed:\n%s", diff)
	}
	if diff := cmp.Diff(parse().Header(), tok.Header()); diff != "" {
		t.Errorf("the header changed:\n%s", diff)
	}
}

// fields returns the fields of c that are slices.
func fields(c claims.Claims) []any {
	return []any{c.Audience, c.IDPClaims, c.CreatorIDPClaims, c.EnvironmentInitializers, c.Payload()}
}

// Tests of users compare tokens with go-cmp.
func TestTokenCompares(t *testing.T) {
	t.Parallel()
	exp := time.Unix(1740517845, 0)
	if diff := cmp.Diff(token(t, exp, nil), token(t, exp, nil)); diff != "" {
		t.Errorf("equal tokens differ: %s", diff)
	}
	other := token(t, exp.Add(time.Second), nil)
	diff := cmp.Diff(token(t, exp, nil), other)
	if diff == "" {
		t.Error("different tokens are equal")
	}
	assertNoSecret(t, other, "cmp.Diff", diff)
}

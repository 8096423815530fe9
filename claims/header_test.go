package claims_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/onafed/onafed/claims"
)

func TestParseHeader(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, in string
		want     claims.Header
	}{
		{"header of an Ona token", `{"alg":"RS256","kid":"k0"}`, claims.Header{Algorithm: "RS256", KeyID: "k0"}},
		{"all members", ` {"alg":"ES256","kid":"","typ":"JWT","nonce":"n","jwk":{"kty":"EC"},"x5t":null,"a":[1, 2]} `, claims.Header{
			Algorithm: "ES256", Type: "JWT", Nonce: "n", JSONWebKey: json.RawMessage(`{"kty":"EC"}`),
			Extra: map[string]json.RawMessage{"typ": json.RawMessage(`"JWT"`), "x5t": json.RawMessage("null"), "a": json.RawMessage("[1, 2]")},
		}},
	} {
		h, err := claims.ParseHeader([]byte(tt.in))
		if diff := cmp.Diff(tt.want, h); err != nil || diff != "" {
			t.Errorf("%s: ParseHeader: %v (-want +got):\n%s", tt.name, err, diff)
		}
	}
}

// The longest header that is allowed.
func TestParseHeaderLimit(t *testing.T) {
	t.Parallel()
	const start, end = `{"alg":"RS256","x":"`, `"}`
	long := start + strings.Repeat("x", claims.MaxTokenSize-len(start+end)) + end
	if _, err := claims.ParseHeader([]byte(long)); err != nil {
		t.Errorf("ParseHeader of %d bytes: %v", len(long), err)
	}
	var pe *claims.ParseError
	if _, err := claims.ParseHeader([]byte(long + " ")); !errors.As(err, &pe) || pe.Offset != claims.MaxTokenSize {
		t.Errorf("ParseHeader of %d bytes: %v, want an error at its limit", len(long)+1, err)
	}
}

func TestParseHeaderRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, in string
		offset   int
		reason   string
	}{
		{"empty", "", 0, "not a JSON object"},
		{"no alg", `{"kid":"k0"}`, 12, "no alg"},
		{"empty alg", `{"alg":""}`, 10, "no alg"},
		{"alg is null", `{"alg":null}`, 7, "alg is not a string"},
		{"alg is an array", `{"alg":["none"]}`, 7, "alg is not a string"},
		{"kid is a number", `{"alg":"a","kid":1}`, 17, "kid is not a string"},
		{"typ is a number", `{"alg":"a","typ":1}`, 17, "typ is not a string"},
		{"ends before alg", `{"alg":`, 7, "alg is not a string"},
		{"alg twice", `{"alg":"RS256","alg":"none"}`, 15, "duplicate"},
		{"alg in upper case", `{"alg":"RS256","ALG":"none"}`, 15, "only in case"},
		{"encrypted", `{"alg":"dir","enc":"A256GCM"}`, 13, "encrypted"},
		{"compressed", `{"alg":"dir","zip":"DEF"}`, 13, "encrypted"},
		{"crit", `{"alg":"RS256","crit":["b64"],"b64":false}`, 15, "crit"},
		{"Kelvin sign", `{"alg":"a","` + "\u212a" + `id":"b"}`, 11, "only in case"},
		{"too long", strings.Repeat(" ", claims.MaxTokenSize) + `{}`, claims.MaxTokenSize, "too long"},
	} {
		h, err := claims.ParseHeader([]byte(tt.in))
		var pe *claims.ParseError
		if !errors.As(err, &pe) || !cmp.Equal(h, claims.Header{}) {
			t.Errorf("%s: ParseHeader = %v, %v, want a *ParseError", tt.name, h, err)
			continue
		}
		if pe.Part != "header" || pe.Offset != tt.offset || !strings.Contains(pe.Reason, tt.reason) {
			t.Errorf("%s: %v, want offset %d, %q", tt.name, pe, tt.offset, tt.reason)
		}
	}
}

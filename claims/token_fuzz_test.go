package claims_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/onafed/onafed/claims"
)

func FuzzParseHeader(f *testing.F) {
	for _, h := range []string{`{"alg":"RS256","kid":"k0"}`, `{"alg":"ES256","typ":"JWT","jwk":{"kty":"EC"},"x":[1]}`, `{"alg":"a","crit":[]}`, `{"alg":"a","ALG":"b"}`} {
		f.Add([]byte(h))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		h, err := claims.ParseHeader(in)
		if err != nil {
			if !cmp.Equal(h, claims.Header{}) {
				t.Fatalf("header %v came with error %v", h, err)
			}
			return
		}
		var want map[string]json.RawMessage
		if err := json.Unmarshal(in, &want); err != nil {
			t.Fatalf("encoding/json refuses %q: %v", in, err)
		}
		for name, got := range map[string]string{"alg": h.Algorithm, "kid": h.KeyID, "typ": h.Type, "nonce": h.Nonce} {
			var s string
			if raw, ok := want[name]; ok && json.Unmarshal(raw, &s) != nil || s != got {
				t.Fatalf("%q: %s %q, encoding/json has %q", in, name, got, s)
			}
		}
		for name, raw := range h.Extra {
			if !bytes.Equal(raw, want[name]) {
				t.Fatalf("%q: %s is %s, encoding/json has %s", in, name, raw, want[name])
			}
		}
		for _, name := range []string{"alg", "kid", "nonce", "jwk"} {
			delete(want, name)
		}
		if len(want) != len(h.Extra) {
			t.Fatalf("%q: %d extra members, want %d", in, len(h.Extra), len(want))
		}
	})
}

func FuzzParseUnverified(f *testing.F) {
	f.Add(compact(`{"alg":"RS256","kid":"k0"}`, payloadV2))
	f.Add(b64(`{"alg":"a"}`) + "." + b64(`{}`) + ".AA")
	f.Add(b64(`{"alg":"a"}`) + "." + b64(`{}`) + ".AB")   // unused bits
	f.Add(b64(`{"alg":"a"}`) + "." + b64(`{}`) + ".AA\n") // line break
	f.Add("e30=.e30=.e30=")
	f.Fuzz(func(t *testing.T, in string) {
		h, c, err := claims.ParseUnverified(in)
		if err != nil {
			var pe *claims.ParseError
			if !errors.As(err, &pe) || pe.Part == "token" && (pe.Offset < 0 || pe.Offset > len(in)) {
				t.Fatalf("ParseUnverified = %#v", err)
			}
			if !cmp.Equal(h, claims.Header{}) || diffClaims(claims.Claims{}, c) != "" {
				t.Fatalf("a result came with error %v", err)
			}
			return
		}
		// There is one spelling of a token.
		parts := strings.Split(in, ".")
		if len(parts) != 3 || b64(string(c.Payload())) != parts[1] {
			t.Fatalf("payload of %q written again is %q", in, b64(string(c.Payload())))
		}
	})
}

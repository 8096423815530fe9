package issuer_test

import (
	"crypto/rsa"
	"encoding/json"
	"reflect"
	"testing"

	"github.com/onafed/onafed/idp/issuer"
)

// ParseKeySet does not panic. It returns no keys with an error, and only keys that an algorithm
// accepts.
func FuzzParseKeySet(f *testing.F) {
	h := newHandler(f, "https://issuer.example", 2)
	f.Add(h.Documents()[".well-known/jwks.json"])
	for _, s := range []string{
		`{"keys":[]}`, `{"keys":null}`, `{}`, `[]`, `null`, ``, `{"keys":[{}]}`, `{"keys":[null,1,"x",[]]}`,
		`{"keys":[{"kty":"RSA","n":"AQ","e":"AQAB"}]}`, `{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}`,
		`{"keys":[],"keys":[]}`, `{"keys":[]} `, `{"keys":[]}x`, "{\"keys\":[],\"\xff\":1}", `{"keys":[{"kty":"EC","kty":"RSA"}]}`,
		`{"keys":[{"kty":"oct","k":"AAAA","kid":"\u0000"}]}`, `{"keys":[{"kty":"RSA","kid":1}]}`, `{"keys":[{"kty":"RSA","key_ops":["sign"]}]}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		keys, err := issuer.ParseKeySet(data)
		if err != nil && keys != nil {
			t.Fatalf("keys %v and error %v", keys, err)
		}
		if len(keys) > 200 {
			t.Fatalf("%d keys", len(keys))
		}
		for _, k := range keys {
			if p, ok := k.Public.(*rsa.PublicKey); ok && (p.N.BitLen() < 2048 || p.N.BitLen() > 8192) {
				t.Fatalf("a key of %d bits", p.N.BitLen())
			}
			if k.Use != "" && k.Use != "sig" {
				t.Fatalf("use %q", k.Use)
			}
		}
		again, err := issuer.ParseKeySet(data)
		if err == nil && !reflect.DeepEqual(keys, again) {
			t.Fatalf("parsed twice: %v, %v", keys, again)
		}
	})
}

// ParseMetadata does not panic. It returns nil with an error, and otherwise the values that
// encoding/json decodes.
func FuzzParseMetadata(f *testing.F) {
	h := newHandler(f, "https://issuer.example", 2)
	f.Add(h.Documents()[".well-known/openid-configuration"])
	for _, s := range []string{
		``, `{}`, `null`, `{"issuer":"a","jwks_uri":"b"}`, `{"issuer":"a","issuer":"b","jwks_uri":"c"}`, `{"Issuer":"a","jwks_uri":"b"}`,
		`{"issuer":"a","jwks_uri":"b","claims_supported":null}`, `{"issuer":"a","jwks_uri":"b","claims_supported":"x"}`,
		`{"issuer":"a","jwks_uri":"b","claims_supported":["x",1]}`, `{"issuer":"\ud800","jwks_uri":"b"}`, "{\"issuer\":\"\xff\",\"jwks_uri\":\"b\"}",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := issuer.ParseMetadata(data)
		if (err == nil) == (m == nil) {
			t.Fatalf("ParseMetadata = %v, %v", m, err)
		}
		if err != nil {
			return
		}
		var members map[string]json.RawMessage
		var want string
		if err := json.Unmarshal(data, &members); err != nil {
			t.Fatalf("encoding/json refuses it: %v", err)
		}
		if err := json.Unmarshal(members["issuer"], &want); err != nil || want != m.Issuer {
			t.Fatalf("issuer %q, encoding/json decodes %q, %v", m.Issuer, want, err)
		}
	})
}

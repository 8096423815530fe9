package jose_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/onafed/onafed/internal/jose"
)

func TestParseSetSkips(t *testing.T) {
	t.Parallel()
	ones := func(n int) string {
		return base64.RawURLEncoding.EncodeToString([]byte(strings.Repeat("\xff", n)))
	}
	for name, key := range map[string]string{
		"null":                `null`,
		"a string":            `"x"`,
		"no kty":              `{}`,
		"kty null":            `{"kty":null}`,
		"kty in small":        `{"kty":"rsa"}`,
		"Kty":                 `{"Kty":"RSA"}`,
		"oct":                 `{"kty":"oct","k":"AA"}`,
		"for encryption":      `{"kty":"RSA","use":"enc"}`,
		"for signing only":    `{"kty":"RSA","key_ops":["sign"]}`,
		"key_ops of a number": strings.Replace(rfc7638, `"kty"`, `"key_ops":["verify",1],"kty"`, 1),
		"key_ops null":        strings.Replace(rfc7638, `"kty"`, `"key_ops":null,"kty"`, 1),
		"key_ops a string":    `{"kty":"RSA","key_ops":"verify"}`,
		"alg PS256":           strings.Replace(rfc7638, "RS256", "PS256", 1),
		"alg HS256":           strings.Replace(rfc7638, "RS256", "HS256", 1),
		"alg of another kind": strings.Replace(rfc7638, "RS256", "ES256", 1),
		"kid a number":        `{"kty":"RSA","kid":1}`,
		"no n":                `{"kty":"RSA","e":"AQAB"}`,
		"no e":                `{"kty":"RSA","n":"` + ones(256) + `"}`,
		"n padded":            `{"kty":"RSA","e":"AQAB","n":"` + ones(257) + `=="}`,
		"n a number":          `{"kty":"RSA","e":"AQAB","n":1}`,
		"n short":             `{"kty":"RSA","e":"AQAB","n":"` + ones(128) + `"}`,
		"n of 65,536 bits":    `{"kty":"RSA","e":"AQAB","n":"` + ones(8192) + `"}`,
		"e of 5 bytes":        `{"kty":"RSA","e":"AQAAAAE","n":"` + ones(256) + `"}`,
		"e even":              `{"kty":"RSA","e":"Ag","n":"` + ones(256) + `"}`,
		"e 1":                 `{"kty":"RSA","e":"AQ","n":"` + ones(256) + `"}`,
		"n even":              `{"kty":"RSA","e":"AQAB","n":"` + base64.RawURLEncoding.EncodeToString([]byte(strings.Repeat("\xfe", 256))) + `"}`,
		"no crv":              `{"kty":"EC","x":"AA","y":"AA"}`,
		"P-224":               `{"kty":"EC","crv":"P-224","x":"AA","y":"AA"}`,
		"secp256k1":           `{"kty":"EC","crv":"secp256k1","x":"` + ones(32) + `","y":"` + ones(32) + `"}`,
		"off the curve":       `{"kty":"EC","crv":"P-256","x":"` + ones(32) + `","y":"` + ones(32) + `"}`,
		"infinity":            `{"kty":"EC","crv":"P-256","x":"` + base64.RawURLEncoding.EncodeToString(make([]byte, 32)) + `","y":"` + base64.RawURLEncoding.EncodeToString(make([]byte, 32)) + `"}`,
		"wrong length":        `{"kty":"EC","crv":"P-384","x":"` + ones(32) + `","y":"` + ones(32) + `"}`,
		"lone surrogate":      `{"kty":"RSA","kid":"\ud800"}`,
		"repeated below":      strings.Replace(rfc7638, `"kty"`, `"x":{"a":1,"a":2},"kty"`, 1),
		"nested too deeply":   strings.Replace(rfc7638, `"kty"`, `"x":`+strings.Repeat("[", 40)+strings.Repeat("]", 40)+`,"kty"`, 1),
		"a member twice":      `{"kty":"RSA","kid":"a","kid":"b"}`,
	} {
		s, err := jose.ParseSet([]byte(`{"keys":[` + key + `]}`))
		if err != nil || len(s.Keys) != 0 || s.Skipped != 1 {
			t.Errorf("%s: ParseSet = %+v, %v, want the key skipped", name, s, err)
		}
	}
}

// A bad entry does not disable a good one.
func TestParseSetKeepsTheGoodKey(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{`{"a":1,"a":2}`, `{"kid":"\ud800"}`, `1`, `"]"`, `[{}]`, `{"x":"}]"}`, strings.Repeat("[", 100) + strings.Repeat("]", 100)} {
		s, err := jose.ParseSet([]byte(`{"keys":[` + bad + `,` + rfc7638 + `]}`))
		if err != nil || len(s.Keys) != 1 || s.Skipped != 1 {
			t.Errorf("ParseSet of a set with %s = %+v, %v", bad, s, err)
		}
	}
}

func TestParseSetRefuses(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]string{
		"empty": ``, "null": `null`, "a list": `[]`, "no keys": `{}`, "Keys": `{"Keys":[]}`, "keys null": `{"keys":null}`,
		"keys an object": `{"keys":{}}`, "keys twice": `{"keys":[],"keys":[]}`, "a member twice": `{"a":1,"a":2,"keys":[]}`,
		"trailing text": `{"keys":[]}x`, "not JSON inside of a key": `{"keys":[{"kty":RSA}]}`, "not UTF-8": "{\"keys\":[{\"kid\":\"\xff\"}]}",
		"too many entries": `{"keys":[1` + strings.Repeat(",1", 1000) + `]}`,
	} {
		if s, err := jose.ParseSet([]byte(set)); err == nil || s.Keys != nil {
			t.Errorf("%s: ParseSet = %+v, %v, want an error", name, s, err)
		}
	}
}

func TestParseSet(t *testing.T) {
	t.Parallel()
	s, err := jose.ParseSet([]byte(`{"x":1,"keys":[` + rfc7638 + `,{"kty":"oct"},{"kty":"EC"},` + rfc7638 + `]}`))
	if err != nil || len(s.Keys) != 1 || s.RSA != 2 || s.EC != 1 || s.Skipped != 3 {
		t.Errorf("ParseSet = %+v, %v", s, err)
	}
}

// The limit holds for a kty with escapes, too.
func TestParseSetCountsKinds(t *testing.T) {
	t.Parallel()
	for kty, limited := range map[string]bool{`"RSA"`: true, `"EC"`: true, `"\u0045C"`: true, `"R\u0053A"`: true, `"ec"`: false, `"oct"`: false, `null`: false, `1`: false} {
		for _, n := range []int{jose.MaxKeys, jose.MaxKeys + 1} {
			set := `{"keys":[` + strings.TrimSuffix(strings.Repeat(`{"kty":`+kty+`},`, n), ",") + `]}`
			if s, err := jose.ParseSet([]byte(set)); (err != nil) != (limited && n > jose.MaxKeys) || err == nil && s.Skipped != n {
				t.Errorf("ParseSet of %d keys of kty %s = %+v, %v", n, kty, s, err)
			}
		}
	}
}

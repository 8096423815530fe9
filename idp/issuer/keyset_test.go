package issuer_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/onafed/onafed/idp/idptest"
	"github.com/onafed/onafed/idp/issuer"
)

// keyJSON returns the JSON Web Key of a new key.
func keyJSON(t *testing.T, kid string) string {
	t.Helper()
	ring := newRing(t, nil)
	publish(t, ring, kid)
	set, err := json.Marshal(ring)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(strings.TrimPrefix(string(set), `{"keys":[`), "]}")
}

// allOnes returns an odd number of the given length in base64url.
func allOnes(bits int) string {
	return base64.RawURLEncoding.EncodeToString(bytes.Repeat([]byte{0xff}, bits/8))
}

// An entry that cannot be used does not affect the other entries of a key set, unless it has the
// same kid.
func TestUnusableEntriesAreSkipped(t *testing.T) {
	t.Parallel()
	good, impostor := keyJSON(t, "good"), keyJSON(t, "good")
	x := base64.RawURLEncoding.EncodeToString(make([]byte, 32))
	for name, tt := range map[string]struct {
		extra string
		want  bool
	}{
		"no other entry":            {``, true},
		"unknown kty":               {`,{"kty":"AKP","kid":"x","alg":"ML-DSA-44","pub":"AA"}`, true},
		"OKP":                       {`,{"kty":"OKP","crv":"Ed25519","kid":"x","x":"` + x + `"}`, true},
		"secret":                    {`,{"kty":"oct","kid":"x","k":"AAAA"}`, true},
		"no kty":                    {`,{"kid":"x"}`, true},
		"kty is a number":           {`,{"kty":1,"kid":"x"}`, true},
		"string":                    {`,"x"`, true},
		"null":                      {`,null`, true},
		"RSA of 65,536 bits":        {`,{"kty":"RSA","kid":"x","e":"AQAB","n":"` + allOnes(65536) + `"}`, true},
		"RSA of 8,200 bits":         {`,{"kty":"RSA","kid":"x","e":"AQAB","n":"` + allOnes(8200) + `"}`, true},
		"RSA of 1,024 bits":         {`,{"kty":"RSA","kid":"x","e":"AQAB","n":"` + allOnes(1024) + `"}`, true},
		"RSA with exponent 1":       {`,{"kty":"RSA","kid":"x","e":"AQ","n":"` + allOnes(2048) + `"}`, true},
		"RSA with exponent 0":       {`,{"kty":"RSA","kid":"x","e":"AA","n":"` + allOnes(2048) + `"}`, true},
		"RSA with exponent 2":       {`,{"kty":"RSA","kid":"x","e":"Ag","n":"` + allOnes(2048) + `"}`, true},
		"RSA with exponent of 2^40": {`,{"kty":"RSA","kid":"x","e":"AQAAAAAB","n":"` + allOnes(2048) + `"}`, true},
		"EC off the curve":          {`,{"kty":"EC","crv":"P-256","kid":"x","x":"` + x + `","y":"` + x + `"}`, true},
		"EC with a short x":         {`,{"kty":"EC","crv":"P-256","kid":"x","x":"AA","y":"` + x + `"}`, true},
		"EC on secp256k1":           {`,{"kty":"EC","crv":"secp256k1","kid":"x","x":"` + x + `","y":"` + x + `"}`, true},
		"member appears twice":      {`,{"kty":"EC","kty":"RSA","kid":"x"}`, true},
		"bad x5c":                   {`,{"kty":"RSA","kid":"x","e":"AQAB","n":"AA","x5c":[1]}`, true},
		"same kid, unknown kty":     {`,{"kty":"OKP","kid":"good"}`, true},
		"same kid, for encryption":  {`,` + strings.Replace(impostor, `"use":"sig"`, `"use":"enc"`, 1), true},
		"the same key twice":        {`,` + good, true},
		"another key with the kid":  {`,` + impostor, false},
		"another key, then again":   {`,` + impostor + `,` + good, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			iss, keys := remote(t, issuer.RemoteKeySetOptions{})
			iss.Inject(idptest.Fault{Body: []byte(`{"keys":[` + good + tt.extra + `]}`)})
			if !tt.want {
				wantNoKey(t, keys, "good")
				return
			}
			wantKey(t, keys, "good")
			if all, err := keys.Keys(t.Context(), ""); err != nil || len(all) != 1 {
				t.Errorf("Keys(\"\") = %v, %v; want only the usable key", all, err)
			}
		})
	}
}

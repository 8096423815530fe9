package jose_test

import (
	"crypto/rsa"
	"strings"
	"testing"

	"github.com/onafed/onafed/internal/jose"
)

// rfc7638 is the example key of RFC 7638, section 3.1, with its thumbprint.
const (
	rfc7638           = `{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}`
	rfc7638Thumbprint = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
)

// parseKey reads a set of one key.
func parseKey(tb testing.TB, key string) jose.Key {
	tb.Helper()
	s, err := jose.ParseSet([]byte(`{"keys":[` + key + `]}`))
	if err != nil || len(s.Keys) != 1 {
		tb.Fatalf("ParseSet of the key %s = %+v, %v", key, s, err)
	}
	return s.Keys[0]
}

func TestThumbprint(t *testing.T) {
	t.Parallel()
	k := parseKey(t, rfc7638)
	if k.ID != "2011-04-29" || k.Algorithm != "RS256" || k.Use != "" {
		t.Fatalf("ParseSet = %+v", k)
	}
	if got, err := jose.Thumbprint(k.Public); err != nil || got != rfc7638Thumbprint {
		t.Errorf("Thumbprint = %q, %v; want %q", got, err, rfc7638Thumbprint)
	}
}

func TestKeysRoundTrip(t *testing.T) {
	t.Parallel()
	for alg, key := range keys(t) {
		for _, k := range []jose.Key{
			{ID: "k0", Algorithm: alg, Use: "sig", Public: key.Public()},
			{Public: key.Public()},
			{ID: "\"\\\u2028<&>é", Public: key.Public()},
		} {
			b, err := jose.MarshalKey(k, [][]byte{{1, 2, 3}})
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(b), `"x5c":["AQID"]`) {
				t.Errorf("no x5c in %s", b)
			}
			got := parseKey(t, string(b))
			if got.ID != k.ID || got.Algorithm != k.Algorithm || got.Use != k.Use || !jose.Equal(got.Public, k.Public) {
				t.Errorf("ParseSet of the key %s = %+v, want %+v", b, got, k)
			}
		}
	}
}

// Of a set that contains private keys, only the public keys are read.
func TestParseSetIgnoresPrivateMembers(t *testing.T) {
	t.Parallel()
	withD := strings.Replace(rfc7638, `"e":"AQAB"`, `"e":"AQAB","d":"AQAB","p":1,"x5c":[1],"jku":"https://evil.example"`, 1)
	k := parseKey(t, withD)
	if _, ok := k.Public.(*rsa.PublicKey); !ok {
		t.Errorf("ParseSet returned a %T", k.Public)
	}
}

func TestEqual(t *testing.T) {
	t.Parallel()
	a, b := keys(t), keys(t)
	for alg := range a {
		if !jose.Equal(a[alg].Public(), a[alg].Public()) || jose.Equal(a[alg].Public(), b[alg].Public()) {
			t.Errorf("%s: Equal is wrong for a key and itself, or for two keys", alg)
		}
	}
	if jose.Equal(nil, nil) || jose.Equal("x", "x") || jose.Equal(a["RS256"].Public(), nil) {
		t.Error("Equal is true for values that are not keys")
	}
}

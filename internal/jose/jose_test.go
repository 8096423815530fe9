package jose_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/internal/jose"
)

// rfc7638 is the example of RFC 7638 section 3.1, with the thumbprint that it computes.
const (
	rfc7638           = `{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}`
	rfc7638Thumbprint = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
)

func TestThumbprint(t *testing.T) {
	t.Parallel()
	k, err := jose.ParseKey([]byte(rfc7638))
	if err != nil || k.ID != "2011-04-29" || k.Algorithm != "RS256" || k.Use != "" {
		t.Fatalf("ParseKey = %+v, %v", k, err)
	}
	if got, err := jose.Thumbprint(k.Public); err != nil || got != rfc7638Thumbprint {
		t.Errorf("Thumbprint = %q, %v; want %q", got, err, rfc7638Thumbprint)
	}
	if got, err := jose.Thumbprint("x"); err == nil {
		t.Errorf("Thumbprint of a string = %q", got)
	}
}

func keys(tb testing.TB) map[string]crypto.Signer {
	tb.Helper()
	rk, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		tb.Fatal(err)
	}
	m := map[string]crypto.Signer{"RS256": rk, "RS384": rk, "RS512": rk}
	for name, c := range map[string]elliptic.Curve{"ES256": elliptic.P256(), "ES384": elliptic.P384(), "ES512": elliptic.P521()} {
		k, err := ecdsa.GenerateKey(c, rand.Reader)
		if err != nil {
			tb.Fatal(err)
		}
		m[name] = k
	}
	return m
}

// TestAlgorithms crosses every algorithm with every key.
func TestAlgorithms(t *testing.T) {
	t.Parallel()
	all := keys(t)
	if len(all) != len(jose.Names()) {
		t.Fatalf("%d names, %d keys", len(jose.Names()), len(all))
	}
	message := []byte("header.payload")
	for _, name := range jose.Names() {
		alg, ok := jose.Lookup(name)
		if !ok || alg.Name() != name {
			t.Fatalf("Lookup(%q) = %v, %v", name, alg, ok)
		}
		sig, err := alg.Sign(t.Context(), all[name], message)
		if err != nil {
			t.Fatal(err)
		}
		for other, key := range all {
			fits := other == name || strings.HasPrefix(name, "RS") && strings.HasPrefix(other, "RS")
			if err := alg.Fits(key.Public()); (err == nil) != fits {
				t.Errorf("%s fits a key for %s: %v, want %v", name, other, err, fits)
			}
			if err := alg.Verify(key.Public(), message, sig); (err == nil) != fits {
				t.Errorf("%s with a key for %s: %v, want %v", name, other, err, fits)
			}
			if o, _ := jose.Lookup(other); other != name && o.Verify(key.Public(), message, sig) == nil {
				t.Errorf("a signature by %s is one by %s", name, other)
			}
		}
		if err := alg.Verify(all[name].Public(), []byte("header.payloae"), sig); err == nil {
			t.Errorf("%s: another message was accepted", name)
		}
		if err := alg.Verify(all[name].Public(), message, nil); err == nil {
			t.Errorf("%s: no signature was accepted", name)
		}
		if err := alg.Verify(all[name], message, sig); err == nil {
			t.Errorf("%s: a private key was taken to verify with", name)
		}
	}
	for _, name := range []string{"", "none", "None", "HS256", "PS256", "EdDSA", "ES256K", "rs256", "RS256 ", "RS1"} {
		if alg, ok := jose.Lookup(name); ok {
			t.Errorf("Lookup(%q) = %v", name, alg)
		}
	}
	var zero jose.Algorithm
	if zero.Fits(all["RS256"].Public()) == nil || zero.Fits(all["ES256"].Public()) == nil || zero.Verify(all["RS256"].Public(), message, nil) == nil {
		t.Error("the zero Algorithm fits a key")
	}
	if _, err := zero.Sign(t.Context(), all["RS256"], message); err == nil {
		t.Error("the zero Algorithm signs")
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
			b, err := jose.AppendKey([]byte("x"), k, [][]byte{{1, 2, 3}})
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(b), `"x5c":["AQID"]`) {
				t.Errorf("no x5c in %s", b)
			}
			got, err := jose.ParseKey(b[1:])
			if err != nil || got.ID != k.ID || got.Algorithm != k.Algorithm || got.Use != k.Use || !jose.Equal(got.Public, k.Public) {
				t.Errorf("ParseKey(%s) = %+v, %v; want %+v", b[1:], got, err, k)
			}
		}
	}
	for name, k := range map[string]jose.Key{
		"no key": {}, "kid not UTF-8": {ID: "\xff", Public: keys(t)["ES256"].Public()},
		"zero ECDSA key": {Public: &ecdsa.PublicKey{Curve: elliptic.P256()}}, "private key": {Public: keys(t)["ES256"]},
	} {
		if b, err := jose.AppendKey(nil, k, nil); err == nil {
			t.Errorf("%s: AppendKey = %s", name, b)
		}
	}
}

// TestPrivateMembersAreNotRead: a set that gives its private keys away is still a set of public ones.
func TestPrivateMembersAreNotRead(t *testing.T) {
	t.Parallel()
	withD := strings.Replace(rfc7638, `"e":"AQAB"`, `"e":"AQAB","d":"AQAB","p":1,"x5c":[1],"jku":"https://evil.example"`, 1)
	k, err := jose.ParseKey([]byte(withD))
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := k.Public.(*rsa.PublicKey); !ok {
		t.Errorf("a %T was read", k.Public)
	}
}

func TestParseKeyRefuses(t *testing.T) {
	t.Parallel()
	ones := func(n int) string {
		return base64.RawURLEncoding.EncodeToString([]byte(strings.Repeat("\xff", n)))
	}
	for name, tt := range map[string]struct {
		json string
		skip bool
	}{
		"empty":               {``, false},
		"null":                {`null`, false},
		"a string":            {`"x"`, false},
		"no kty":              {`{}`, false},
		"kty null":            {`{"kty":null}`, false},
		"kty in small":        {`{"kty":"rsa"}`, true},
		"Kty":                 {`{"Kty":"RSA"}`, false},
		"oct":                 {`{"kty":"oct","k":"AA"}`, true},
		"for encryption":      {`{"kty":"RSA","use":"enc"}`, true},
		"for signing only":    {`{"kty":"RSA","key_ops":["sign"]}`, true},
		"key_ops a string":    {`{"kty":"RSA","key_ops":"verify"}`, false},
		"alg PS256":           {strings.Replace(rfc7638, "RS256", "PS256", 1), true},
		"alg HS256":           {strings.Replace(rfc7638, "RS256", "HS256", 1), true},
		"alg of another kind": {strings.Replace(rfc7638, "RS256", "ES256", 1), false},
		"kid a number":        {`{"kty":"RSA","kid":1}`, false},
		"no n":                {`{"kty":"RSA","e":"AQAB"}`, false},
		"no e":                {`{"kty":"RSA","n":"` + ones(256) + `"}`, false},
		"n padded":            {`{"kty":"RSA","e":"AQAB","n":"` + ones(257) + `=="}`, false},
		"n a number":          {`{"kty":"RSA","e":"AQAB","n":1}`, false},
		"n short":             {`{"kty":"RSA","e":"AQAB","n":"` + ones(128) + `"}`, false},
		"n of 65,536 bits":    {`{"kty":"RSA","e":"AQAB","n":"` + ones(8192) + `"}`, false},
		"e of 5 bytes":        {`{"kty":"RSA","e":"AQAAAAE","n":"` + ones(256) + `"}`, false},
		"e even":              {`{"kty":"RSA","e":"Ag","n":"` + ones(256) + `"}`, false},
		"e 1":                 {`{"kty":"RSA","e":"AQ","n":"` + ones(256) + `"}`, false},
		"n even":              {`{"kty":"RSA","e":"AQAB","n":"` + base64.RawURLEncoding.EncodeToString([]byte(strings.Repeat("\xfe", 256))) + `"}`, false},
		"no crv":              {`{"kty":"EC","x":"AA","y":"AA"}`, false},
		"P-224":               {`{"kty":"EC","crv":"P-224","x":"AA","y":"AA"}`, true},
		"secp256k1":           {`{"kty":"EC","crv":"secp256k1","x":"` + ones(32) + `","y":"` + ones(32) + `"}`, true},
		"off the curve":       {`{"kty":"EC","crv":"P-256","x":"` + ones(32) + `","y":"` + ones(32) + `"}`, false},
		"infinity":            {`{"kty":"EC","crv":"P-256","x":"` + base64.RawURLEncoding.EncodeToString(make([]byte, 32)) + `","y":"` + base64.RawURLEncoding.EncodeToString(make([]byte, 32)) + `"}`, false},
		"wrong length":        {`{"kty":"EC","crv":"P-384","x":"` + ones(32) + `","y":"` + ones(32) + `"}`, false},
		"a member twice":      {`{"kty":"RSA","kid":"a","kid":"b"}`, false},
		"trailing":            {rfc7638 + "x", false},
	} {
		k, err := jose.ParseKey([]byte(tt.json))
		if err == nil || k != (jose.Key{}) {
			t.Errorf("%s: ParseKey = %+v, %v; want an error", name, k, err)
		}
		if errors.Is(err, jose.ErrSkip) != tt.skip {
			t.Errorf("%s: %v, want skip %v", name, err, tt.skip)
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

// A kind is what kty says, not how its letters are written: the limit holds for escaped ones too.
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

func TestEqual(t *testing.T) {
	t.Parallel()
	a, b := keys(t), keys(t)
	for alg := range a {
		if !jose.Equal(a[alg].Public(), a[alg].Public()) || jose.Equal(a[alg].Public(), b[alg].Public()) {
			t.Errorf("%s: Equal is wrong", alg)
		}
	}
	if jose.Equal(nil, nil) || jose.Equal("x", "x") || jose.Equal(a["RS256"].Public(), nil) {
		t.Error("what is no key is equal")
	}
}

func TestDecodeIsCanonical(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]bool{
		"": true, "AA": true, "_-8": true, "AB": false, "AA==": false, "AA=": false, "+/8": false, "A": false, "A\nA": false, "AA\n": false, "\rAA": false, " AA": false, "AAé": false,
	} {
		b, err := jose.Decode(in)
		if (err == nil) != want {
			t.Errorf("Decode(%q) = %v, %v; want ok %v", in, b, err, want)
		}
		if err == nil && jose.Encode(b) != in {
			t.Errorf("Encode(Decode(%q)) = %q", in, jose.Encode(b))
		}
	}
}

func TestSplitCostsNothing(t *testing.T) {
	dots := strings.Repeat(".", claims.MaxTokenSize)
	if n := testing.AllocsPerRun(10, func() { _, _ = jose.Split("aaaa.bbbb.cccc") }); n != 0 {
		t.Errorf("Split: %v allocations, want 0", n)
	}
	if _, err := jose.Split(dots); err == nil {
		t.Error("dots were accepted")
	}
	if _, err := jose.Split("a.b." + strings.Repeat("c", claims.MaxTokenSize)); err == nil {
		t.Error("more than MaxTokenSize was accepted")
	}
}

// FuzzSplit: no panic; an error means zero; the parts joined are the text; and no error repeats it.
func FuzzSplit(f *testing.F) {
	for _, s := range []string{"", ".", "..", "...", "a.b.c", "a.b.c.", ".a.b.c", "a..c", "a.b.", "a.b.c.d.e", "a.b\n.c", "\x00.\x00.\x00", "é.é.é"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		c, err := jose.Split(raw)
		if err != nil {
			if c != (jose.Compact{}) {
				t.Fatalf("Split(%q) = %+v with %v", raw, c, err)
			}
			return
		}
		if c.Signed+"."+c.Signature != raw || c.Header+"."+c.Payload != c.Signed || strings.Count(raw, ".") != 2 {
			t.Fatalf("Split(%q) = %+v", raw, c)
		}
		for _, part := range []string{c.Header, c.Payload, c.Signature} {
			if b, err := jose.Decode(part); err == nil && jose.Encode(b) != part {
				t.Fatalf("%q is spelt in two ways", part)
			}
		}
	})
}

// FuzzMembers reads every object that encoding/json reads into a map, with the same members, but for those with a name twice.
func FuzzMembers(f *testing.F) {
	for _, s := range []string{`{}`, `{"a":1}`, `{"a":1,"a":2}`, `{"a":{"a":1}}`, `[]`, `null`, `{"\u0061":1,"a":2}`, `{"a":1}x`, "{\"\xff\":1}", `{"a":`, ` {"a" : [1, 2] } `} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := jose.Members(data)
		if err != nil {
			if got != nil {
				t.Fatalf("%v with %v", got, err)
			}
			return
		}
		var want map[string]json.RawMessage
		if err := json.Unmarshal(data, &want); err != nil {
			t.Fatalf("Members(%q) = %v, encoding/json: %v", data, got, err)
		}
		if len(got) != len(want) {
			t.Fatalf("Members(%q) = %v, want %v", data, got, want)
		}
		for name, v := range want {
			if !slices.Equal(got[name], v) {
				t.Fatalf("member %q is %q, want %q", name, got[name], v)
			}
		}
	})
}

// TestRSAKeysOutsideTheLimits has keys that come as Go values and not as JSON.
func TestRSAKeysOutsideTheLimits(t *testing.T) {
	t.Parallel()
	n := func(bits uint) *big.Int {
		return new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), bits), big.NewInt(1))
	}
	for name, tt := range map[string]struct {
		k    *rsa.PublicKey
		want bool
	}{
		"2048":           {&rsa.PublicKey{N: n(2048), E: 65537}, true},
		"8192":           {&rsa.PublicKey{N: n(8192), E: 65537}, true},
		"2047":           {&rsa.PublicKey{N: n(2047), E: 65537}, false},
		"8193":           {&rsa.PublicKey{N: n(8193), E: 65537}, false},
		"e 3":            {&rsa.PublicKey{N: n(2048), E: 3}, true},
		"e 0":            {&rsa.PublicKey{N: n(2048)}, false},
		"e negative":     {&rsa.PublicKey{N: n(2048), E: -3}, false},
		"e beyond 31":    {&rsa.PublicKey{N: n(2048), E: 1<<32 + 1}, false},
		"no n":           {&rsa.PublicKey{E: 3}, false},
		"nil":            {nil, false},
		"n negative odd": {&rsa.PublicKey{N: new(big.Int).Neg(n(2048)), E: 3}, false},
	} {
		if err := jose.CheckPublicKey(tt.k); (err == nil) != tt.want {
			t.Errorf("%s: %v, want ok %v", name, err, tt.want)
		}
	}
}

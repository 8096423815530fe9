package jose_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"math/big"
	"strings"
	"testing"

	"github.com/onafed/onafed/internal/jose"
)

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

// Each algorithm is tried with each key.
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
				t.Errorf("a signature with %s is valid with %s", name, other)
			}
		}
		if err := alg.Verify(all[name].Public(), []byte("header.payloae"), sig); err == nil {
			t.Errorf("%s: the signature of another message is valid", name)
		}
		if err := alg.Verify(all[name].Public(), message, nil); err == nil {
			t.Errorf("%s: an empty signature is valid", name)
		}
		if err := alg.Verify(all[name], message, sig); err == nil {
			t.Errorf("%s: Verify accepted a private key", name)
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
		t.Error("Sign with the zero Algorithm succeeded")
	}
}

// These keys are Go values and were not read from JSON.
func TestRSAKeysOutsideTheLimits(t *testing.T) {
	t.Parallel()
	n := func(bits uint) *big.Int {
		return new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), bits), big.NewInt(1))
	}
	beyond := int64(1<<32 + 1) // 1 where an int has 32 bits, which is refused too
	for name, tt := range map[string]struct {
		k    *rsa.PublicKey
		want bool
	}{
		"2048":           {&rsa.PublicKey{N: n(2048), E: 65537}, true},
		"8192":           {&rsa.PublicKey{N: n(8192), E: 65537}, true},
		"2047":           {&rsa.PublicKey{N: n(2047), E: 65537}, false},
		"8193":           {&rsa.PublicKey{N: n(8193), E: 65537}, false},
		"e 2^31-1":       {&rsa.PublicKey{N: n(2048), E: 1<<31 - 1}, true},
		"e 17":           {&rsa.PublicKey{N: n(2048), E: 17}, true},
		"e 1":            {&rsa.PublicKey{N: n(2048), E: 1}, false},
		"e 2":            {&rsa.PublicKey{N: n(2048), E: 2}, false},
		"e 65536":        {&rsa.PublicKey{N: n(2048), E: 65536}, false},
		"e 2^30":         {&rsa.PublicKey{N: n(2048), E: 1 << 30}, false},
		"e 3":            {&rsa.PublicKey{N: n(2048), E: 3}, true},
		"e 0":            {&rsa.PublicKey{N: n(2048)}, false},
		"e negative":     {&rsa.PublicKey{N: n(2048), E: -3}, false},
		"e beyond 31":    {&rsa.PublicKey{N: n(2048), E: int(beyond)}, false},
		"no n":           {&rsa.PublicKey{E: 3}, false},
		"nil":            {nil, false},
		"n negative odd": {&rsa.PublicKey{N: new(big.Int).Neg(n(2048)), E: 3}, false},
	} {
		if err := jose.CheckPublicKey(tt.k); (err == nil) != tt.want {
			t.Errorf("%s: %v, want ok %v", name, err, tt.want)
		}
	}
}

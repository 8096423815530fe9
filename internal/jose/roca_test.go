package jose_test

import (
	"crypto/rsa"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/onafed/onafed/internal/jose"
)

// rocaPrime returns a prime as the flawed library of Infineon makes it: k*m + (65537^a mod m), where
// m is the product of the first primes.
func rocaPrime(rnd *rand.Rand, m *big.Int, bits int) *big.Int {
	random := func(bits int) *big.Int {
		b := make([]byte, bits/8)
		for i := range b {
			b[i] = byte(rnd.UintN(256))
		}
		b[0] |= 0xc0
		return new(big.Int).SetBytes(b)
	}
	for {
		p := new(big.Int).Exp(big.NewInt(65537), random(64), m)
		k := new(big.Int).Div(random(bits), m)
		if p.Add(p, k.Mul(k, m)); p.BitLen() == bits && p.ProbablyPrime(1) {
			return p
		}
	}
}

// primorial returns the product of the first n primes. Table 1 of the paper has n for each size: 126
// for keys of 1,984 to 3,936 bits.
func primorial(n int) *big.Int {
	m := big.NewInt(1)
	for p := int64(2); n > 0; p++ {
		if b := big.NewInt(p); b.ProbablyPrime(0) {
			m.Mul(m, b)
			n--
		}
	}
	return m
}

func TestROCAKeysAreRefused(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, tt := range []struct{ primes, bits int }{{71, 1024}, {126, 1024}, {126, 1536}} {
		m := primorial(tt.primes)
		n := new(big.Int).Mul(rocaPrime(rnd, m, tt.bits), rocaPrime(rnd, m, tt.bits))
		k := &rsa.PublicKey{N: n, E: 65537}
		if err := jose.CheckPublicKey(k); err == nil {
			t.Errorf("a key of %d bits is accepted", n.BitLen())
		}
		text := `{"kty":"RSA","e":"AQAB","kid":"k","n":"` + jose.Encode(n.Bytes()) + `"}`
		if s, err := jose.ParseSet([]byte(`{"keys":[` + text + `]}`)); err != nil || len(s.Keys) != 0 || s.Skipped != 1 {
			t.Errorf("ParseSet = %+v, %v", s, err)
		}
		// The neighbors have other remainders.
		for d := int64(2); d < 200; d += 2 {
			if k := (&rsa.PublicKey{N: new(big.Int).Add(n, big.NewInt(d)), E: 65537}); jose.CheckPublicKey(k) != nil {
				t.Errorf("modulus + %d is refused", d)
			}
		}
	}
}

// Ordinary moduli are accepted. The form is rare: 2^-27.8 of them have it.
func TestOrdinaryModuliAreNotROCA(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(3, 4))
	b := make([]byte, 256)
	for range 2000 {
		for i := range b {
			b[i] = byte(rnd.UintN(256))
		}
		b[0], b[255] = b[0]|0x80, b[255]|1
		if err := jose.CheckPublicKey(&rsa.PublicKey{N: new(big.Int).SetBytes(b), E: 65537}); err != nil {
			t.Fatal(err)
		}
	}
}

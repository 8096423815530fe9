package jose

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha256" // for crypto.Hash.New
	_ "crypto/sha512"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"math/big"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jws"
)

const (
	// MinRSABits is the smallest RSA modulus that signs or verifies (RFC 7518, section 3.3).
	MinRSABits = 2048
	// MaxRSABits is the largest RSA modulus. The time of a verification grows with the square of
	// the size, and keys come from outside: a key of 65,536 bits would use a processor for a tenth
	// of a second for each token.
	MaxRSABits = 8192
	// maxRSAExponent is the largest public exponent, as in crypto/rsa. Usual keys have 65537. The
	// time of a verification grows with the length of the exponent.
	maxRSAExponent = 1<<31 - 1
)

// Algorithm is a signature algorithm. [Lookup] returns one. The zero Algorithm fits no key.
type Algorithm struct {
	name     string
	hash     crypto.Hash
	curve    elliptic.Curve // nil for RSA
	verifier jws.Verifier
}

// algorithms returns all algorithms, without their verifiers.
func algorithms() []Algorithm {
	return []Algorithm{
		{name: "RS256", hash: crypto.SHA256},
		{name: "RS384", hash: crypto.SHA384},
		{name: "RS512", hash: crypto.SHA512},
		{name: "ES256", hash: crypto.SHA256, curve: elliptic.P256()},
		{name: "ES384", hash: crypto.SHA384, curve: elliptic.P384()},
		{name: "ES512", hash: crypto.SHA512, curve: elliptic.P521()},
	}
}

// Names returns the names of all algorithms.
func Names() []string {
	var names []string
	for _, a := range algorithms() {
		names = append(names, a.name)
	}
	return names
}

// Lookup returns the algorithm with the given name. Letter case matters (RFC 7515, section 4.1.1).
func Lookup(name string) (Algorithm, bool) {
	for _, a := range algorithms() {
		if a.name == name {
			var err error
			a.verifier, err = jws.NewVerifier(jwa.SignatureAlgorithm(name))
			return a, err == nil
		}
	}
	return Algorithm{}, false
}

// NameFor returns the default algorithm for a key: RS256 for RSA, and the algorithm of its curve
// for ECDSA. It returns "" for a key that fits no algorithm.
func NameFor(pub crypto.PublicKey) string {
	switch k := pub.(type) {
	case *rsa.PublicKey:
		return "RS256"
	case *ecdsa.PublicKey:
		for _, a := range algorithms() {
			if k != nil && a.curve != nil && a.curve == k.Curve {
				return a.name
			}
		}
	}
	return ""
}

// Name returns the name of the algorithm, as in a header.
func (a Algorithm) Name() string { return a.name }

// Fits returns an error if a public key cannot be used with the algorithm. It is fast: it checks
// the type, the size and the curve.
func (a Algorithm) Fits(pub crypto.PublicKey) error {
	switch k := pub.(type) {
	case *rsa.PublicKey:
		if a.curve != nil || a.name == "" {
			return fmt.Errorf("an RSA key cannot be used with %q", a.name)
		}
		return checkRSA(k)
	case *ecdsa.PublicKey:
		if a.curve == nil || k == nil || k.Curve != a.curve {
			return fmt.Errorf("this ECDSA key cannot be used with %q", a.name)
		}
		if k.X == nil || k.Y == nil { //nolint:staticcheck // other methods panic if they are nil
			return errors.New("the ECDSA key is empty")
		}
		return nil
	default:
		return fmt.Errorf("a key of type %T cannot be used", pub)
	}
}

// SignatureSize returns the length in bytes of a signature with the algorithm. The key must fit the
// algorithm.
func (a Algorithm) SignatureSize(pub crypto.PublicKey) int {
	if k, ok := pub.(*rsa.PublicKey); ok {
		return k.Size()
	}
	return 2 * ((a.curve.Params().BitSize + 7) / 8) // RFC 7518, section 3.4
}

func checkRSA(k *rsa.PublicKey) error {
	if k == nil || k.N == nil || k.N.Sign() <= 0 {
		return errors.New("the RSA key is empty")
	}
	if n := k.N.BitLen(); n < MinRSABits || n > MaxRSABits {
		return fmt.Errorf("an RSA key of %d bits is outside %d to %d", n, MinRSABits, MaxRSABits)
	}
	if k.N.Bit(0) == 0 {
		return errors.New("the RSA modulus is even")
	}
	if k.E < 3 || k.E&1 == 0 || k.E > maxRSAExponent {
		return errors.New("the RSA exponent is not an odd number between 3 and 2^31-1")
	}
	return nil
}

// CheckPublicKey returns an error if a public key cannot be used with any algorithm. Unlike
// [Algorithm.Fits] it also checks that an ECDSA key is a point on its curve, and that an RSA key
// does not come from a generator whose keys can be factored. These checks are too slow to repeat
// for every token.
func CheckPublicKey(pub crypto.PublicKey) error {
	a, ok := Lookup(NameFor(pub))
	if !ok {
		return fmt.Errorf("a key of type %T cannot be used", pub)
	}
	if err := a.Fits(pub); err != nil {
		return err
	}
	switch k := pub.(type) {
	case *rsa.PublicKey:
		if hasROCAFingerprint(k.N) {
			return errors.New("the RSA key can be factored (ROCA, CVE-2017-15361); make a new one")
		}
	case *ecdsa.PublicKey:
		if _, err := k.ECDH(); err != nil {
			return errors.New("the ECDSA key is not a point on its curve")
		}
	}
	return nil
}

var errSignature = errors.New("the signature does not match")

// Verify checks a signature over the given bytes. A key that does not fit the algorithm is an
// error.
func (a Algorithm) Verify(pub crypto.PublicKey, signed, signature []byte) error {
	if err := a.Fits(pub); err != nil {
		return err
	}
	if err := a.verifier.Verify(signed, signature, pub); err != nil {
		return errSignature // the error of jwx adds nothing, and a later version might include parts of the token
	}
	return nil
}

// contextSigner is implemented by keys that sign over a network, see issuer.ContextSigner.
type contextSigner interface {
	crypto.Signer
	SignContext(ctx context.Context, rand io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error)
}

// Sign signs bytes with a key. The caller must have checked with [Algorithm.Fits] that the public
// key fits. A key with a method SignContext receives ctx.
//
// Sign does not use jwx, because jwx copies an ECDSA key before each signature, and crypto/ecdsa
// caches its computations by the address of the key.
func (a Algorithm) Sign(ctx context.Context, key crypto.Signer, signed []byte) ([]byte, error) {
	if a.name == "" {
		return nil, errors.New("the algorithm is missing")
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	h := a.hash.New()
	h.Write(signed)
	digest := h.Sum(nil)
	var sig []byte
	var err error
	if k, ok := key.(contextSigner); ok {
		sig, err = k.SignContext(ctx, rand.Reader, digest, a.hash)
	} else {
		sig, err = key.Sign(rand.Reader, digest, a.hash)
	}
	if err != nil {
		return nil, err
	}
	size := a.SignatureSize(key.Public())
	if a.curve != nil {
		return fixedSize(sig, a.curve.Params().N, size)
	}
	if len(sig) != size {
		return nil, fmt.Errorf("the key returned a signature of %d bytes, want %d", len(sig), size)
	}
	return sig, nil
}

// fixedSize converts the ASN.1 signature of an ECDSA key to the form of RFC 7518, section 3.4: r,
// then s, each as long as the order n of the curve. It checks the signature, because keys that a
// caller implements may return something else.
func fixedSize(der []byte, n *big.Int, size int) ([]byte, error) {
	var v struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(der, &v); err != nil || len(rest) > 0 || v.R.Sign() <= 0 || v.S.Sign() <= 0 || v.R.Cmp(n) >= 0 || v.S.Cmp(n) >= 0 {
		return nil, errors.New("the key did not return an ASN.1 signature for its curve")
	}
	sig := make([]byte, size)
	v.R.FillBytes(sig[:size/2])
	v.S.FillBytes(sig[size/2:])
	return sig, nil
}

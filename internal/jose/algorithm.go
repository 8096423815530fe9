package jose

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha256" // the hashes of the algorithms
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
	// MinRSABits is the smallest RSA modulus that signs or verifies; RFC 7518 section 3.3 asks for it.
	MinRSABits = 2048
	// MaxRSABits is the largest one. The time of a verification grows with the square of the size, and a set of keys comes from
	// outside: one key of 65,536 bits would take a processor for a tenth of a second a token.
	MaxRSABits = 8192
)

// An Algorithm is one way to sign. The zero value is none and fits no key; [Lookup] yields the others.
type Algorithm struct {
	name     string
	hash     crypto.Hash
	curve    elliptic.Curve // nil for RSA
	verifier jws.Verifier
}

// Names returns the algorithms there are.
func Names() []string {
	return []string{"RS256", "RS384", "RS512", "ES256", "ES384", "ES512"}
}

// Lookup returns the algorithm of exactly that name; case matters, as RFC 7515 section 4.1.1 says.
func Lookup(name string) (Algorithm, bool) {
	a := Algorithm{name: name}
	switch name {
	case "RS256":
		a.hash = crypto.SHA256
	case "RS384":
		a.hash = crypto.SHA384
	case "RS512":
		a.hash = crypto.SHA512
	case "ES256":
		a.hash, a.curve = crypto.SHA256, elliptic.P256()
	case "ES384":
		a.hash, a.curve = crypto.SHA384, elliptic.P384()
	case "ES512":
		a.hash, a.curve = crypto.SHA512, elliptic.P521()
	default:
		return Algorithm{}, false
	}
	var err error
	if a.verifier, err = jws.NewVerifier(jwa.SignatureAlgorithm(name)); err != nil {
		return Algorithm{}, false
	}
	return a, true
}

// NameFor returns the algorithm that a key is used with when nobody says: RS256 for RSA, and the one of its curve for ECDSA.
// It is "" for a key that fits none.
func NameFor(pub crypto.PublicKey) string {
	switch k := pub.(type) {
	case *rsa.PublicKey:
		return "RS256"
	case *ecdsa.PublicKey:
		switch k.Curve {
		case elliptic.P256():
			return "ES256"
		case elliptic.P384():
			return "ES384"
		case elliptic.P521():
			return "ES512"
		}
	}
	return ""
}

// Name returns the algorithm's name as in a header.
func (a Algorithm) Name() string { return a.name }

// Fits says why a public key cannot be used with the algorithm, or nil. It is cheap: it looks at the kind, the size and the curve.
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
		return nil
	default:
		return fmt.Errorf("a key of type %T cannot be used", pub)
	}
}

// SignatureSize is how many bytes a signature with the algorithm and the private half of a key that fits it has.
func (a Algorithm) SignatureSize(pub crypto.PublicKey) int {
	if k, ok := pub.(*rsa.PublicKey); ok {
		return k.Size()
	}
	return 2 * ((a.curve.Params().BitSize + 7) / 8) // RFC 7518 section 3.4
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
	if k.E < 3 || k.E&1 == 0 || k.E > 1<<31-1 {
		return errors.New("the RSA exponent is not an odd number between 3 and 2^31-1")
	}
	return nil
}

// CheckPublicKey says why a public key cannot be trusted with any algorithm, or nil. Beyond [Algorithm.Fits] it makes sure that an
// ECDSA key is a point on its curve, which is too slow to do for every token.
func CheckPublicKey(pub crypto.PublicKey) error {
	a, ok := Lookup(NameFor(pub))
	if !ok {
		return fmt.Errorf("a key of type %T cannot be used", pub)
	}
	if err := a.Fits(pub); err != nil {
		return err
	}
	if k, ok := pub.(*ecdsa.PublicKey); ok {
		if k.X == nil || k.Y == nil { //nolint:staticcheck // ECDH panics without them, and a caller's zero key has none
			return errors.New("the ECDSA key is empty")
		}
		if _, err := k.ECDH(); err != nil {
			return errors.New("the ECDSA key is not a point on its curve")
		}
	}
	return nil
}

var errSignature = errors.New("the signature does not match")

// Verify checks a signature over the bytes that were signed. A key that does not fit the algorithm is an error, whatever the signature.
func (a Algorithm) Verify(pub crypto.PublicKey, signed, signature []byte) error {
	if err := a.Fits(pub); err != nil {
		return err
	}
	if err := a.verifier.Verify(signed, signature, pub); err != nil {
		return errSignature // jwx's text says no more, and could one day say too much
	}
	return nil
}

// contextSigner is issuer.ContextSigner.
type contextSigner interface {
	crypto.Signer
	SignContext(ctx context.Context, rand io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error)
}

// Sign signs bytes. The key must fit ([Algorithm.Fits] of its public key is the caller's to check once). One that has SignContext gets ctx.
//
// jwx is passed by here: it copies an ECDSA key before each signature, and crypto/ecdsa remembers what it has computed for a key
// by its address.
func (a Algorithm) Sign(ctx context.Context, key crypto.Signer, signed []byte) ([]byte, error) {
	if a.name == "" {
		return nil, errors.New("no algorithm")
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
		return nil, fmt.Errorf("the key returned a signature of %d bytes, not of %d", len(sig), size)
	}
	return sig, nil
}

// fixedSize turns the ASN.1 signature of an ECDSA key into that of RFC 7518 section 3.4: r and s one after the other, each as long as
// the order n of the curve. Keys of somebody else return something else now and then, so it is checked.
func fixedSize(der []byte, n *big.Int, size int) ([]byte, error) {
	var v struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(der, &v); err != nil || len(rest) > 0 || v.R.Sign() <= 0 || v.S.Sign() <= 0 || v.R.Cmp(n) >= 0 || v.S.Cmp(n) >= 0 {
		return nil, errors.New("the key returned something that is no ASN.1 signature of its curve")
	}
	sig := make([]byte, size)
	v.R.FillBytes(sig[:size/2])
	v.S.FillBytes(sig[size/2:])
	return sig, nil
}

package issuer_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"math/big"
	"testing"

	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/idp/idptest"
	"github.com/onafed/onafed/idp/issuer"
)

// emptyKeys are public keys without a value, or with a part missing.
func emptyKeys() map[string]crypto.PublicKey {
	var curve *elliptic.CurveParams
	return map[string]crypto.PublicKey{
		"nil":                       nil,
		"nil RSA":                   (*rsa.PublicKey)(nil),
		"nil ECDSA":                 (*ecdsa.PublicKey)(nil),
		"nil Ed25519":               ed25519.PublicKey(nil),
		"nil *Ed25519":              (*ed25519.PublicKey)(nil),
		"nil RSA private key":       (*rsa.PrivateKey)(nil),
		"nil ECDSA private key":     (*ecdsa.PrivateKey)(nil),
		"nil number":                (*big.Int)(nil),
		"nil function":              (func())(nil),
		"zero RSA":                  &rsa.PublicKey{},
		"RSA without modulus":       &rsa.PublicKey{E: 65537},
		"zero ECDSA":                &ecdsa.PublicKey{},
		"ECDSA with a nil curve":    &ecdsa.PublicKey{Curve: curve},
		"ECDSA without coordinates": &ecdsa.PublicKey{Curve: elliptic.P256()},
		"ECDSA without y":           &ecdsa.PublicKey{Curve: elliptic.P256(), X: big.NewInt(1)}, //nolint:staticcheck // as a caller may make one
		"RSA value":                 rsa.PublicKey{},
		"ECDSA value":               ecdsa.PublicKey{},
	}
}

// An empty key is not used, whichever way it gets into a key set. Nothing panics.
func TestEmptyKeysAreNotUsed(t *testing.T) {
	t.Parallel()
	for _, alg := range []string{"RS256", "ES256"} {
		iss := idptest.NewIssuer(t, &idptest.IssuerOptions{Algorithm: alg})
		raw := iss.Sign(iss.Claims("a"))
		for name, key := range emptyKeys() {
			empty := issuer.Key{ID: "k0", Public: key}
			for _, keys := range []issuer.KeySet{
				issuer.StaticKeySet(empty), issuer.StaticKeySet(empty, empty, issuer.Key{Public: key}), ownKeySet{empty},
			} {
				v := newVerifier(t, iss.URL, keys, issuer.VerifierOptions{AnyAudience: true, AnyOrganization: true, Algorithms: []string{alg}})
				if _, err := v.Verify(t.Context(), raw); err == nil {
					t.Errorf("%s, %s, %T: a token is accepted", alg, name, keys)
				}
			}
		}
	}
}

// ownKeySet is a KeySet of a program, which checks nothing.
type ownKeySet []issuer.Key

func (s ownKeySet) Keys(context.Context, string) ([]issuer.Key, error) { return s, nil }

// emptySigner is a signer whose zero value cannot be used, such as a client of a KMS.
type emptySigner struct {
	crypto.Signer
	public func() crypto.PublicKey
}

func (s *emptySigner) Public() crypto.PublicKey { return s.public() }

func TestNewSignerRefusesEmptyKeys(t *testing.T) {
	t.Parallel()
	for name, key := range map[string]crypto.Signer{
		"nil":               nil,
		"nil RSA":           (*rsa.PrivateKey)(nil),
		"nil ECDSA":         (*ecdsa.PrivateKey)(nil),
		"nil Ed25519":       ed25519.PrivateKey(nil),
		"nil *Ed25519":      (*ed25519.PrivateKey)(nil),
		"empty Ed25519":     ed25519.PrivateKey{},
		"zero RSA":          &rsa.PrivateKey{},
		"zero ECDSA":        &ecdsa.PrivateKey{},
		"nil own signer":    (*emptySigner)(nil),
		"zero own signer":   &emptySigner{},
		"signer of nothing": &emptySigner{public: func() crypto.PublicKey { return nil }},
	} {
		s, err := issuer.NewSigner(key, nil)
		if e, ok := errors.AsType[*issuer.OptionError](err); !ok || e.Option != "key" || s != nil {
			t.Errorf("%s: NewSigner = %v, %v, want an error about the key", name, s, err)
		}
	}
	ring, err := issuer.NewKeyRing(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []*issuer.Signer{nil, {}} {
		if err := ring.Publish(s); err == nil {
			t.Errorf("Publish(%v) succeeded", s)
		}
	}
}

// Typed nils of this package are as wrong as nil.
func TestNilKeySets(t *testing.T) {
	t.Parallel()
	for _, keys := range []issuer.KeySet{nil, (*issuer.RemoteKeySet)(nil), (*issuer.KeyRing)(nil), (*emptyKeySet)(nil)} {
		_, err := issuer.NewVerifier("https://a.example", keys, &issuer.VerifierOptions{AnyAudience: true})
		if e, ok := errors.AsType[*issuer.OptionError](err); !ok || e.Option != "keys" {
			t.Errorf("NewVerifier with a nil %T = %v", keys, err)
		}
	}
	for _, v := range []any{(*claims.Claims)(nil), (*struct{})(nil), map[string]any(nil), []byte(nil), nil} {
		iss := idptest.NewIssuer(t, nil)
		s, err := issuer.NewSigner(iss.PrivateKey(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Sign(t.Context(), v); err == nil {
			t.Errorf("Sign of a nil %T succeeded", v)
		}
	}
}

type emptyKeySet struct{ keys []issuer.Key }

func (s *emptyKeySet) Keys(context.Context, string) ([]issuer.Key, error) { return s.keys, nil }

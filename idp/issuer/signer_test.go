package issuer_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/idptest"
	"github.com/onafed/onafed/idp/issuer"
)

// kms is a key in another system, which only returns signatures.
type kms struct {
	pub  crypto.PublicKey
	sign func(digest []byte, opts crypto.SignerOpts) ([]byte, error)
}

func (k kms) Public() crypto.PublicKey { return k.pub }

func (k kms) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	return k.sign(digest, opts)
}

// A key may be a struct with secret fields, whose own methods fmt cannot call.
func TestPrintingASignerDoesNotShowTheKey(t *testing.T) {
	t.Parallel()
	s := newSigner(t, valueKey{ecKey(t), "s3cr3t"}, "k")
	idptest.AssertNoSecret(t, s, "s3cr3t")
	idptest.AssertNoSecret(t, *s, "s3cr3t")
}

// A valueKey is a key that is not a pointer.
type valueKey struct {
	*ecdsa.PrivateKey
	pin string
}

func TestSignEachAlgorithm(t *testing.T) {
	t.Parallel()
	rk := idptest.NewIssuer(t, nil).PrivateKey()
	ec := func(c elliptic.Curve) crypto.Signer {
		k, err := ecdsa.GenerateKey(c, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	for alg, key := range map[string]crypto.Signer{
		"RS256": rk, "RS384": rk, "RS512": rk,
		"ES256": ec(elliptic.P256()), "ES384": ec(elliptic.P384()), "ES512": ec(elliptic.P521()),
	} {
		remoteKey := kms{key.Public(), func(d []byte, o crypto.SignerOpts) ([]byte, error) { return key.Sign(rand.Reader, d, o) }}
		for where, k := range map[string]crypto.Signer{"in memory": key, "KMS": remoteKey} {
			s, err := issuer.NewSigner(k, &issuer.SignerOptions{KeyID: "k", Algorithm: alg})
			if err != nil {
				t.Fatal(err)
			}
			v := newVerifier(t, "https://a.example", issuer.StaticKeySet(s.Key()), issuer.VerifierOptions{AnyAudience: true, Algorithms: []string{alg}})
			for range 20 { // with r and s of different lengths
				raw, err := s.Sign(t.Context(), map[string]any{"iss": "https://a.example", "sub": "subject", "exp": time.Now().Add(time.Hour).Unix()})
				if err != nil {
					t.Fatalf("%s %s: %v", alg, where, err)
				}
				if _, err := v.Verify(t.Context(), raw); err != nil {
					t.Fatalf("%s %s: %v", alg, where, err)
				}
			}
		}
	}
}

func TestSignerDefaults(t *testing.T) {
	t.Parallel()
	key := ecKey(t)
	a, err := issuer.NewSigner(key, nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := issuer.NewSigner(key, &issuer.SignerOptions{Algorithm: "ES256"})
	if err != nil {
		t.Fatal(err)
	}
	if c, err := issuer.NewSigner(key, &issuer.SignerOptions{KeyID: strings.Repeat("k", 255)}); err != nil || len(c.Key().ID) != 255 {
		t.Errorf("NewSigner with the longest key ID: %v", err)
	}
	if a.Key().ID != b.Key().ID || len(a.Key().ID) != 43 || a.Key().Algorithm != "ES256" || a.Key().Use != "sig" {
		t.Errorf("Key() = %+v, %+v", a.Key(), b.Key())
	}
	raw, err := a.Sign(t.Context(), map[string]any{"sub": "<a&b>"})
	if err != nil {
		t.Fatal(err)
	}
	header, _ := base64.RawURLEncoding.DecodeString(strings.Split(raw, ".")[0])
	if want := `{"alg":"ES256","kid":"` + a.Key().ID + `"}`; string(header) != want {
		t.Errorf("header %s, want %s", header, want)
	}
	payload, _ := base64.RawURLEncoding.DecodeString(strings.Split(raw, ".")[1])
	if string(payload) != `{"sub":"<a&b>"}` {
		t.Errorf("payload %s", payload)
	}
	typed, err := issuer.NewSigner(key, &issuer.SignerOptions{KeyID: `"},"x":{"`, Type: "JWT"})
	if err != nil {
		t.Fatal(err)
	}
	raw, err = typed.Sign(t.Context(), json.RawMessage(` {"sub": 1e2}`))
	if err != nil {
		t.Fatal(err)
	}
	header, _ = base64.RawURLEncoding.DecodeString(strings.Split(raw, ".")[0])
	var m map[string]string
	if err := json.Unmarshal(header, &m); err != nil || len(m) != 3 || m["kid"] != `"},"x":{"` || m["typ"] != "JWT" {
		t.Errorf("header %s", header)
	}
	payload, _ = base64.RawURLEncoding.DecodeString(strings.Split(raw, ".")[1])
	if string(payload) != ` {"sub": 1e2}` {
		t.Errorf("payload %q, want the bytes of the argument", payload)
	}
}

func TestNewSignerRefuses(t *testing.T) {
	t.Parallel()
	key := ecKey(t)
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der := certificate(t, ecKey(t))
	for name, tt := range map[string]struct {
		key  crypto.Signer
		opts issuer.SignerOptions
	}{
		"nil":                        {nil, issuer.SignerOptions{}},
		"1024 bits":                  {small, issuer.SignerOptions{}},
		"Ed25519":                    {ed, issuer.SignerOptions{}},
		"P-224":                      {p224, issuer.SignerOptions{}},
		"no public key":              {kms{}, issuer.SignerOptions{}},
		"RS256 of an ECDSA key":      {key, issuer.SignerOptions{Algorithm: "RS256"}},
		"ES384 of a P-256 key":       {key, issuer.SignerOptions{Algorithm: "ES384"}},
		"none":                       {key, issuer.SignerOptions{Algorithm: "none"}},
		"HS256":                      {key, issuer.SignerOptions{Algorithm: "HS256"}},
		"kid not UTF-8":              {key, issuer.SignerOptions{KeyID: "\xff"}},
		"kid too long":               {key, issuer.SignerOptions{KeyID: strings.Repeat("k", 256)}},
		"typ not UTF-8":              {key, issuer.SignerOptions{Type: "\xff"}},
		"certificate of another key": {key, issuer.SignerOptions{Certificates: [][]byte{der}}},
		"malformed certificate":      {key, issuer.SignerOptions{Certificates: [][]byte{{1}}}},
	} {
		if s, err := issuer.NewSigner(tt.key, &tt.opts); err == nil || s != nil {
			t.Errorf("%s: NewSigner = %v, %v; want an error", name, s, err)
		}
	}
}

func TestSignRefuses(t *testing.T) {
	t.Parallel()
	s := newSigner(t, ecKey(t), "k")
	for name, c := range map[string]any{
		"nil": nil, "a string": "x", "an array": []int{1}, "bytes that are not JSON": []byte("{"), "bytes of an array": []byte("[]"), "no bytes": []byte{},
		"nil claims": (*claims.Claims)(nil), "zero claims": claims.Claims{}, "two objects": []byte("{}{}"), "a func": func() {},
		"longer than STS accepts": map[string]any{"x": strings.Repeat("x", 15000)},
		"a typed nil map":         map[string]any(nil),
	} {
		if raw, err := s.Sign(t.Context(), c); err == nil || raw != "" {
			t.Errorf("%s: Sign = %q, %v; want an error", name, raw, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Sign(ctx, map[string]any{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Sign with a context that has ended: %v", err)
	}
}

// The longest token that STS accepts is signed, and no longer one.
func TestSignUpToTheLimit(t *testing.T) {
	t.Parallel()
	for _, key := range []crypto.Signer{ecKey(t), idptest.NewIssuer(t, nil).PrivateKey()} {
		s := newSigner(t, key, "k")
		largest := 0
		for n := 14_650; n < 15_000; n++ {
			raw, err := s.Sign(t.Context(), fmt.Appendf(nil, `{"x":"%0*d"}`, n, 0))
			if err != nil {
				break
			}
			largest = len(raw)
		}
		if largest < claims.MaxTokenSize-1 || largest > claims.MaxTokenSize { // the length of a part is never 4n+1
			t.Errorf("%s: the largest token has %d bytes, want %d", s.Key().Algorithm, largest, claims.MaxTokenSize)
		}
	}
}

// Parsed claims are signed byte for byte.
func TestSignParsedClaims(t *testing.T) {
	t.Parallel()
	const payload = `{"iss":"https://a.example","x":{"b":1,"a":1.0}}`
	c, err := claims.Parse([]byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	s := newSigner(t, ecKey(t), "k")
	for _, v := range []any{c, &c} {
		raw, err := s.Sign(t.Context(), v)
		if err != nil {
			t.Fatal(err)
		}
		tok, err := idp.ParseToken(raw)
		if err != nil || string(tok.Claims().Payload()) != payload {
			t.Errorf("%T: payload %s, %v", v, tok.Claims().Payload(), err)
		}
	}
}

// An invalid signature of a KMS is an error.
func TestInvalidSignatureOfKMS(t *testing.T) {
	t.Parallel()
	key := ecKey(t)
	huge := new(big.Int).Lsh(big.NewInt(1), 600)
	der := func(r, s *big.Int) []byte {
		b, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	cause := errors.New("access denied")
	for name, tt := range map[string]struct {
		sig []byte
		err error
	}{
		"an error":            {nil, cause},
		"no signature":        {nil, nil},
		"garbage":             {[]byte("garbage"), nil},
		"r and s, not ASN.1":  {make([]byte, 64), nil},
		"another curve's":     {der(huge, big.NewInt(1)), nil},
		"huge s":              {der(big.NewInt(1), huge), nil},
		"the curve's order":   {der(key.Curve.Params().N, big.NewInt(1)), nil},
		"zero":                {der(big.NewInt(0), big.NewInt(0)), nil},
		"negative":            {der(big.NewInt(-1), big.NewInt(1)), nil},
		"trailing bytes":      {append(der(big.NewInt(1), big.NewInt(1)), 0), nil},
		"an empty sequence":   {[]byte{0x30, 0}, nil},
		"one number":          {[]byte{0x30, 3, 2, 1, 1}, nil},
		"an indefinite start": {[]byte{0x30, 0x80}, nil},
	} {
		s := newSigner(t, kms{key.Public(), func([]byte, crypto.SignerOpts) ([]byte, error) { return tt.sig, tt.err }}, "k")
		raw, err := s.Sign(t.Context(), map[string]any{})
		if err == nil || raw != "" {
			t.Errorf("%s: Sign = %q, %v; want an error", name, raw, err)
		}
		if tt.err != nil && !errors.Is(err, tt.err) {
			t.Errorf("%s: %v does not wrap the cause", name, err)
		}
	}
	rk := idptest.NewIssuer(t, nil).PrivateKey()
	for _, size := range []int{0, 255, 257} {
		s := newSigner(t, kms{rk.Public(), func([]byte, crypto.SignerOpts) ([]byte, error) { return make([]byte, size), nil }}, "k")
		if raw, err := s.Sign(t.Context(), map[string]any{}); err == nil {
			t.Errorf("an RSA signature of %d bytes: %q", size, raw)
		}
	}
}

// contextKMS is a kms with the method SignContext.
type contextKMS struct{ kms }

func (k contextKMS) SignContext(ctx context.Context, _ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if ctx.Value(contextKey{}) == nil {
		return nil, errors.New("not the caller's context")
	}
	return k.sign(digest, opts)
}

type contextKey struct{}

func TestContextReachesTheKey(t *testing.T) {
	t.Parallel()
	key := ecKey(t)
	s := newSigner(t, contextKMS{kms{key.Public(), func(d []byte, o crypto.SignerOpts) ([]byte, error) { return key.Sign(rand.Reader, d, o) }}}, "k")
	if _, err := s.Sign(context.WithValue(t.Context(), contextKey{}, true), map[string]any{}); err != nil {
		t.Error(err)
	}
}

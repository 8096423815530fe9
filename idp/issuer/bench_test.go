package issuer_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/onafed/onafed/idp/idptest"
	"github.com/onafed/onafed/idp/issuer"
)

func BenchmarkVerifyRS256(b *testing.B) {
	iss := idptest.NewIssuer(b, nil)
	v := iss.Verifier("a")
	raw := iss.Sign(iss.Claims("a"))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Verify(b.Context(), raw); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkVerifyRS256Raw measures the verification of the signature alone, the lower limit.
func BenchmarkVerifyRS256Raw(b *testing.B) {
	key := idptest.NewIssuer(b, nil).PrivateKey()
	sum := sha256.Sum256(make([]byte, 500))
	sig, err := key.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		b.Fatal(err)
	}
	pub := key.Public().(*rsa.PublicKey)
	b.ReportAllocs()
	for b.Loop() {
		if err := rsa.VerifyPKCS1v15(pub, crypto.SHA256, sum[:], sig); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerifyES256(b *testing.B) {
	iss := idptest.NewIssuer(b, &idptest.IssuerOptions{Algorithm: "ES256"})
	v := iss.Verifier("a")
	raw := iss.Sign(iss.Claims("a"))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Verify(b.Context(), raw); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSign(b *testing.B) {
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	iss := idptest.NewIssuer(b, nil)
	claims := iss.Claims("a")
	sum := sha256.Sum256(make([]byte, 500))
	for _, key := range []crypto.Signer{iss.PrivateKey(), ec} {
		s, err := issuer.NewSigner(key, nil)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(s.Key().Algorithm, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Sign(b.Context(), claims); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(s.Key().Algorithm+"/raw", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := key.Sign(rand.Reader, sum[:], crypto.SHA256); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// discard is a ResponseWriter that does nothing.
type discard struct{ h http.Header }

func (d discard) Header() http.Header         { return d.h }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

func BenchmarkJWKS(b *testing.B) {
	h := newHandler(b, "https://issuer.example", 2)
	r := httptest.NewRequest(http.MethodGet, "/.well-known/jwks.json", nil)
	w := discard{http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(w, r)
	}
}

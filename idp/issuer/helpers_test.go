package issuer_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"math/big"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/onafed/onafed/idp/issuer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func ecKey(tb testing.TB) *ecdsa.PrivateKey {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

func newSigner(tb testing.TB, key crypto.Signer, kid string) *issuer.Signer {
	tb.Helper()
	s, err := issuer.NewSigner(key, &issuer.SignerOptions{KeyID: kid})
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func newRing(tb testing.TB, o *issuer.KeyRingOptions) *issuer.KeyRing {
	tb.Helper()
	r, err := issuer.NewKeyRing(o)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// newHandler returns the handler of an issuer with n ECDSA keys k0, k1 and so on.
func newHandler(tb testing.TB, url string, n int) *issuer.Handler {
	tb.Helper()
	ring := newRing(tb, nil)
	for i := range n {
		if err := ring.Publish(newSigner(tb, ecKey(tb), fmt.Sprintf("k%d", i))); err != nil {
			tb.Fatal(err)
		}
	}
	h, err := issuer.NewHandler(url, ring, &issuer.HandlerOptions{InsecureLoopbackHTTP: true})
	if err != nil {
		tb.Fatal(err)
	}
	return h
}

// certificate returns a self-signed certificate for a key.
func certificate(tb testing.TB, key crypto.Signer) []byte {
	tb.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		tb.Fatal(err)
	}
	return der
}

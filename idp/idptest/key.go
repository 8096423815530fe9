package idptest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	_ "embed"
	"encoding/pem"
	"fmt"
)

// testKeyPEM is the first key of each RSA issuer. It is public, so only tests may trust it. It is
// fixed because generating an RSA key takes a tenth of a second.
//
//go:embed testkey.pem
var testKeyPEM []byte

// testKey returns the key in testKeyPEM.
func testKey() (*rsa.PrivateKey, error) {
	block, _ := pem.Decode(testKeyPEM)
	return x509.ParsePKCS1PrivateKey(block.Bytes)
}

// newKey generates a key for an algorithm.
func newKey(alg string) (crypto.Signer, error) {
	switch alg {
	case "RS256", "RS384", "RS512":
		return rsa.GenerateKey(rand.Reader, 2048)
	case "ES256":
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "ES384":
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "ES512":
		return ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	default:
		return nil, fmt.Errorf("unknown algorithm %q", alg)
	}
}

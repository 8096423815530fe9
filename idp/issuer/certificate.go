package issuer

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"time"
)

// SelfSignedCertificate returns a certificate of a key, in DER and signed by that key, for [SignerOptions.Certificates]. It is valid
// from an hour ago for the given time. It says nothing that the key does not say: it is for servers that read keys from x5c only.
func SelfSignedCertificate(key crypto.Signer, commonName string, validFor time.Duration) ([]byte, error) {
	if key == nil {
		return nil, errors.New("issuer: SelfSignedCertificate: the key is nil")
	}
	if validFor <= 0 {
		return nil, errors.New("issuer: SelfSignedCertificate: validFor is not positive")
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("issuer: SelfSignedCertificate: %w", err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: serial.Add(serial, big.NewInt(1)),
		Subject:      pkix.Name{CommonName: commonName},
		NotBefore:    now.Add(-time.Hour), // clocks differ
		NotAfter:     now.Add(validFor),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("issuer: SelfSignedCertificate: %w", err)
	}
	return der, nil
}

package issuer

import (
	"bytes"
	"cmp"
	"context"
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/internal/jose"
	"github.com/onafed/onafed/internal/quote"
)

// maxKeyID is the longest kid in bytes.
const maxKeyID = 255

// SignerOptions are the options of [NewSigner]. The zero value can be used.
type SignerOptions struct {
	// KeyID is the kid of the tokens and of the published key, at most 255 bytes of UTF-8; "" means
	// the RFC 7638 thumbprint of the key, which is the same on all machines.
	KeyID string
	// Algorithm is RS256, RS384, RS512, ES256, ES384 or ES512; "" means RS256 for an RSA key, and
	// the algorithm of its curve for an ECDSA key.
	Algorithm string
	// Type is the typ of the header; "" means no typ, as in Ona's tokens.
	Type string
	// Certificates are published with the key as x5c, in DER. The first one must be that of the
	// key. Some verifiers, such as Ceph, read keys only from certificates; AWS does not need them.
	// The verifiers of this package ignore them.
	Certificates [][]byte
}

// A ContextSigner is a [crypto.Signer] whose key is in another system, such as a KMS. [Signer.Sign]
// calls SignContext with its own context instead of Sign. The result is the same as that of Sign:
// for ECDSA, an ASN.1 signature.
type ContextSigner interface {
	crypto.Signer
	SignContext(ctx context.Context, rand io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error)
}

// A Signer signs tokens with one key. It is safe for concurrent use if the key is. The zero value
// is not usable; call [NewSigner].
type Signer struct {
	// key returns the key. It is a func, so that printing a Signer does not print the fields of a
	// key that is not a pointer.
	key    func() crypto.Signer
	public Key
	alg    jose.Algorithm
	header string // encoded, with the dot after it
	jwk    []byte // as it is published
}

// NewSigner returns a signer for a key: an *rsa.PrivateKey, an *ecdsa.PrivateKey, or a
// [crypto.Signer] with a public key of these kinds. It reads only the public key; [Signer.Sign]
// uses the private key. Nil options mean the zero value. The error is an *[OptionError].
func NewSigner(key crypto.Signer, opts *SignerOptions) (*Signer, error) {
	o := *cmp.Or(opts, &SignerOptions{})
	if key == nil {
		return nil, optionErrorf("NewSigner", "key", "must not be nil")
	}
	public, err := publicKey(key)
	if err != nil {
		return nil, &OptionError{"NewSigner", "key", err}
	}
	if err := jose.CheckPublicKey(public); err != nil {
		return nil, &OptionError{"NewSigner", "key", err}
	}
	o.Algorithm = cmp.Or(o.Algorithm, jose.NameFor(public))
	alg, ok := jose.Lookup(o.Algorithm)
	if !ok {
		return nil, optionErrorf("NewSigner", "Algorithm", "%s is not one of %v", quote.Text(o.Algorithm, maxShown), jose.Names())
	}
	if err := alg.Fits(public); err != nil {
		return nil, &OptionError{"NewSigner", "Algorithm", err}
	}
	if o.KeyID == "" {
		if o.KeyID, err = jose.Thumbprint(public); err != nil {
			return nil, &OptionError{"NewSigner", "key", err}
		}
	}
	if len(o.KeyID) > maxKeyID || !utf8.ValidString(o.KeyID) {
		return nil, optionErrorf("NewSigner", "KeyID", "is not at most %d bytes of UTF-8", maxKeyID)
	}
	if !utf8.ValidString(o.Type) {
		return nil, optionErrorf("NewSigner", "Type", "is not UTF-8")
	}
	if err := checkCertificates(o.Certificates, public); err != nil {
		return nil, &OptionError{"NewSigner", "Certificates", err}
	}
	s := &Signer{key: func() crypto.Signer { return key }, alg: alg, public: Key{ID: o.KeyID, Algorithm: o.Algorithm, Use: "sig", Public: public}}
	if err := s.encode(o); err != nil {
		return nil, fmt.Errorf("issuer: NewSigner: %w", err)
	}
	return s, nil
}

// publicKey returns the public key of a signer. A signer that cannot return one, such as a nil pointer
// in an interface, is an error here rather than a panic.
func publicKey(key crypto.Signer) (public crypto.PublicKey, err error) {
	defer func() {
		if recover() != nil {
			err = fmt.Errorf("the method Public of a %T panicked (a nil pointer?)", key)
		}
	}()
	return key.Public(), nil
}

// checkCertificates reports an error unless all certificates can be parsed and the first one is
// that of the key.
func checkCertificates(certificates [][]byte, public crypto.PublicKey) error {
	for i, der := range certificates {
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return fmt.Errorf("certificate %d: %w", i, err)
		}
		if i == 0 && !jose.Equal(public, cert.PublicKey) {
			return errors.New("the first certificate is that of another key")
		}
	}
	return nil
}

// encode sets the header of the tokens and the published key, so that Sign and Publish cannot fail.
func (s *Signer) encode(o SignerOptions) error {
	var err error
	if s.jwk, err = jose.MarshalKey(jose.Key(s.public), o.Certificates); err != nil {
		return err
	}
	header, err := json.Marshal(struct {
		Algorithm string `json:"alg"`
		KeyID     string `json:"kid"`
		Type      string `json:"typ,omitempty"`
	}{o.Algorithm, o.KeyID, o.Type})
	if err != nil {
		return err
	}
	s.header = jose.Encode(header) + "."
	return nil
}

// Key returns the public key as it is published.
func (s *Signer) Key() Key { return s.public }

// Sign returns a token (a compact JWS) with claims: a JSON object as []byte or [json.RawMessage],
// which is signed byte for byte; a [claims.Claims]; or a value that encoding/json encodes as an
// object. Sign does not add or check claims. A token of more than 20,000 bytes is an error, because
// STS refuses it.
//
// If the key is a [ContextSigner], it gets ctx. Otherwise ctx is only checked before the signature.
func (s *Signer) Sign(ctx context.Context, claims any) (string, error) {
	payload, err := payloadOf(claims)
	if err != nil {
		return "", err
	}
	return s.sign(ctx, payload)
}

func (s *Signer) sign(ctx context.Context, payload []byte) (string, error) {
	encodedLen := base64.RawURLEncoding.EncodedLen
	size := len(s.header) + encodedLen(len(payload)) + 1 + encodedLen(s.alg.SignatureSize(s.public.Public))
	if size > claims.MaxTokenSize { // checked before a signature, which may cost money
		return "", fmt.Errorf("issuer: the token has %d bytes; STS accepts at most %d", size, claims.MaxTokenSize)
	}
	token := make([]byte, 0, size)
	token = append(token, s.header...)
	token = jose.AppendEncoded(token, payload)
	sig, err := s.alg.Sign(ctx, s.key(), token)
	if err != nil {
		return "", fmt.Errorf("issuer: sign with key %s: %w", quote.Text(s.public.ID, maxShown), err)
	}
	token = append(token, '.')
	return string(jose.AppendEncoded(token, sig)), nil
}

// payloadOf returns the JSON object of claims.
func payloadOf(v any) ([]byte, error) {
	var payload []byte
	switch v := v.(type) {
	case []byte:
		payload = v
	case json.RawMessage:
		payload = v
	case claims.Claims:
		payload = v.Payload()
	case *claims.Claims:
		if v != nil {
			payload = v.Payload()
		}
	default:
		return encodeClaims(v)
	}
	if t := bytes.TrimLeft(payload, " \t\r\n"); len(t) == 0 || t[0] != '{' || !json.Valid(payload) {
		return nil, errors.New("issuer: claims: not a JSON object")
	}
	return payload, nil
}

func encodeClaims(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // so that a sub with <, > or & stays readable
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("issuer: claims: %w", err)
	}
	payload := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	if len(payload) == 0 || payload[0] != '{' {
		return nil, fmt.Errorf("issuer: claims: %T is not a JSON object", v)
	}
	return payload, nil
}

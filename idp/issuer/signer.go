package issuer

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/internal/jose"
	"github.com/onafed/onafed/internal/quote"
)

// SignerOptions are the choices of [NewSigner]. The zero value is fit for use.
type SignerOptions struct {
	// KeyID is the kid of the tokens and of the published key; "" means the key's RFC 7638 thumbprint, which is the same
	// wherever the key is loaded. At most 255 bytes of UTF-8.
	KeyID string
	// Algorithm is one of RS256, RS384, RS512, ES256, ES384 and ES512; "" means RS256 for an RSA key, and the one of its curve
	// for an ECDSA key.
	Algorithm string
	// Type is the typ of the header; "" writes none, as Ona does.
	Type string
	// Certificates are published beside the key as x5c: DER, the key's own first. AWS needs none; Ceph's STS does.
	// They are never looked at to verify a token.
	Certificates [][]byte
}

// A ContextSigner is a [crypto.Signer] whose key is elsewhere, such as in a key management service. [Signer.Sign] calls SignContext
// with its own context in place of Sign when the key has it. The result is what Sign returns: for ECDSA an ASN.1 signature.
type ContextSigner interface {
	crypto.Signer
	SignContext(ctx context.Context, rand io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error)
}

// A Signer turns claims into tokens with one key. It is safe for concurrent use if the key is.
type Signer struct {
	key    crypto.Signer
	public Key
	alg    jose.Algorithm
	header string // encoded, with its dot
	jwk    []byte // what is published, made here so that nothing can fail later
}

// NewSigner returns a signer for a key: an *rsa.PrivateKey, an *ecdsa.PrivateKey, or anything that signs on behalf of one. The key is
// not used until the first [Signer.Sign]; only its public half is read here. Nil options mean the zero value.
func NewSigner(key crypto.Signer, opts *SignerOptions) (*Signer, error) {
	var o SignerOptions
	if opts != nil {
		o = *opts
	}
	if key == nil {
		return nil, errors.New("issuer: NewSigner: the key is nil")
	}
	pub := key.Public()
	if err := jose.CheckPublicKey(pub); err != nil {
		return nil, fmt.Errorf("issuer: NewSigner: %w", err)
	}
	if o.Algorithm == "" {
		o.Algorithm = jose.NameFor(pub)
	}
	alg, ok := jose.Lookup(o.Algorithm)
	if !ok {
		return nil, fmt.Errorf("issuer: NewSigner: Algorithm %s is none of %v", quote.Text(o.Algorithm, maxShown), jose.Names())
	}
	if err := alg.Fits(pub); err != nil {
		return nil, fmt.Errorf("issuer: NewSigner: %w", err)
	}
	if o.KeyID == "" {
		var err error
		if o.KeyID, err = jose.Thumbprint(pub); err != nil {
			return nil, fmt.Errorf("issuer: NewSigner: %w", err)
		}
	}
	if len(o.KeyID) > 255 || !utf8.ValidString(o.KeyID) || !utf8.ValidString(o.Type) {
		return nil, errors.New("issuer: NewSigner: KeyID and Type must be UTF-8, KeyID of at most 255 bytes")
	}
	s := &Signer{key: key, alg: alg, public: Key{ID: o.KeyID, Algorithm: o.Algorithm, Use: "sig", Public: pub}}
	x5c := make([][]byte, len(o.Certificates))
	for i, der := range o.Certificates {
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, fmt.Errorf("issuer: NewSigner: Certificates[%d]: %w", i, err)
		}
		if i == 0 && !jose.Equal(pub, cert.PublicKey) {
			return nil, errors.New("issuer: NewSigner: Certificates[0] is not of this key")
		}
		x5c[i] = der
	}
	var err error
	if s.jwk, err = jose.AppendKey(nil, jose.Key(s.public), x5c); err != nil {
		return nil, fmt.Errorf("issuer: NewSigner: %w", err)
	}
	header, err := json.Marshal(struct {
		Algorithm string `json:"alg"`
		KeyID     string `json:"kid"`
		Type      string `json:"typ,omitempty"`
	}{o.Algorithm, o.KeyID, o.Type})
	if err != nil {
		return nil, fmt.Errorf("issuer: NewSigner: %w", err)
	}
	s.header = jose.Encode(header) + "."
	return s, nil
}

// Key returns the public key, as it is published.
func (s *Signer) Key() Key { return s.public }

// Sign returns a compact JWS over the claims: a JSON object as []byte or [json.RawMessage], taken byte for byte, a [claims.Claims]
// as it was parsed, or anything that encoding/json turns into an object. It does not add or judge claims.
// A token over 20,000 bytes, which STS would not take, is an error.
//
// The context reaches the key when that is a [ContextSigner]; else it is looked at before signing only.
func (s *Signer) Sign(ctx context.Context, claims any) (string, error) {
	payload, err := payloadOf(claims)
	if err != nil {
		return "", err
	}
	return s.sign(ctx, payload)
}

func (s *Signer) sign(ctx context.Context, payload []byte) (string, error) {
	// Before the key is asked, which may cost money, and time in any case.
	size := len(s.header) + encodedLen(len(payload)) + 1 + encodedLen(s.alg.SignatureSize(s.public.Public))
	if size > claims.MaxTokenSize {
		return "", fmt.Errorf("issuer: the token would have %d bytes, more than the %d that STS takes", size, claims.MaxTokenSize)
	}
	buf := make([]byte, 0, size)
	buf = append(buf, s.header...)
	buf = jose.AppendEncoded(buf, payload)
	sig, err := s.alg.Sign(ctx, s.key, buf)
	if err != nil {
		return "", fmt.Errorf("issuer: sign with key %s: %w", quote.Text(s.public.ID, maxShown), err)
	}
	buf = append(buf, '.')
	buf = jose.AppendEncoded(buf, sig)
	if len(buf) > claims.MaxTokenSize {
		return "", fmt.Errorf("issuer: the token would have %d bytes, more than the %d that STS takes", len(buf), claims.MaxTokenSize)
	}
	return string(buf), nil
}

// encodedLen is the length of n bytes in base64url without padding.
func encodedLen(n int) int { return (n*8 + 5) / 6 }

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
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false) // a token is not HTML, and sub stays readable
		if err := e.Encode(v); err != nil {
			return nil, fmt.Errorf("issuer: claims: %w", err)
		}
		payload = bytes.TrimSuffix(b.Bytes(), []byte("\n"))
		if len(payload) == 0 || payload[0] != '{' {
			return nil, fmt.Errorf("issuer: claims: %T is no JSON object", v)
		}
		return payload, nil
	}
	if t := bytes.TrimLeft(payload, " \t\r\n"); len(t) == 0 || t[0] != '{' || !json.Valid(payload) {
		return nil, errors.New("issuer: claims: not a JSON object")
	}
	return payload, nil
}

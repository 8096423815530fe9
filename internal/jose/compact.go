package jose

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/onafed/onafed/claims"
)

// Compact has the segments of a JWS in compact form (RFC 7515, section 7.1). They are encoded and
// not verified.
type Compact struct {
	Signed    string // header, dot and payload: the signed text
	Header    string
	Payload   string
	Signature string
}

// Split returns the segments of a compact JWS. The token must have three segments that are not
// empty, and at most [claims.MaxTokenSize] bytes. An error does not show the token. Split does not
// allocate, however many dots the token has.
func Split(raw string) (Compact, error) {
	if len(raw) > claims.MaxTokenSize {
		return Compact{}, fmt.Errorf("the token has %d bytes, more than %d", len(raw), claims.MaxTokenSize)
	}
	switch parts := strings.Count(raw, ".") + 1; parts {
	case 3:
	case 1:
		return Compact{}, errors.New("the token has no dot, so it is not a JWT")
	case 5:
		return Compact{}, errors.New("the token has five parts: it is encrypted (JWE), not signed")
	default:
		return Compact{}, fmt.Errorf("the token has %d parts, not three", parts)
	}
	header, rest, _ := strings.Cut(raw, ".")
	payload, signature, _ := strings.Cut(rest, ".")
	c := Compact{Signed: raw[:len(header)+1+len(payload)], Header: header, Payload: payload, Signature: signature}
	switch {
	case c.Header == "":
		return Compact{}, errors.New("the header is empty")
	case c.Payload == "":
		return Compact{}, errors.New("the payload is empty")
	case c.Signature == "":
		return Compact{}, errors.New("the signature is empty")
	}
	return c, nil
}

// Decode decodes one segment: base64url without padding. It accepts only the canonical spelling, so
// that two texts are never the same token. It refuses line breaks, which encoding/base64 would
// skip.
func Decode(segment string) ([]byte, error) {
	if strings.ContainsAny(segment, "\r\n") {
		return nil, errors.New("a segment contains a line break")
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(segment)
	if err != nil {
		return nil, errors.New("a segment is not unpadded base64url")
	}
	return b, nil
}

// Encode is the reverse of [Decode].
func Encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// AppendEncoded appends the encoding of b to dst.
func AppendEncoded(dst, b []byte) []byte { return base64.RawURLEncoding.AppendEncode(dst, b) }

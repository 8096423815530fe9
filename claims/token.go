package claims

import (
	"encoding/base64"
	"strings"
)

// MaxTokenSize is the maximum length of a token in bytes. AWS STS refuses longer ones.
const MaxTokenSize = 20000

// ParseUnverified reads the header and the claims of a token in compact form.
//
// It does not verify the signature, so anyone may have written the header and the claims. Use it to
// show a token, or to read a token that is sent to a service that verifies it. Never use it to
// grant access.
//
// The token must be a JWS of three parts and at most [MaxTokenSize] bytes, in base64url without
// padding, with nothing before or after it. Encrypted tokens and tokens without a signature are
// refused. The algorithm in the header is not checked. An error is a [*ParseError] and does not
// show the token.
func ParseUnverified(token string) (Header, Claims, error) {
	header, payload, err := decodeCompact(token)
	if err != nil {
		return Header{}, Claims{}, err
	}
	h, err := parseHeader(header)
	if err != nil {
		return Header{}, Claims{}, err
	}
	c, err := parsePayload(payload)
	if err != nil {
		return Header{}, Claims{}, err
	}
	return h, c, nil
}

// decodeCompact returns the decoded header and payload of a token in compact form (RFC 7515,
// section 7.1).
func decodeCompact(token string) (header, payload string, err error) {
	if len(token) > MaxTokenSize {
		return "", "", &ParseError{"token", MaxTokenSize, "longer than 20,000 bytes"}
	}
	first := strings.IndexByte(token, '.')
	if first < 0 {
		return "", "", &ParseError{"token", len(token), "not a JWT: one part instead of three"}
	}
	second := strings.IndexByte(token[first+1:], '.')
	if second < 0 {
		return "", "", &ParseError{"token", len(token), "two parts instead of three"}
	}
	second += first + 1
	if n := strings.Count(token[second+1:], "."); n > 0 {
		reason := "more than three parts"
		if n == 2 {
			reason = "five parts: encrypted (JWE)"
		}
		return "", "", &ParseError{"token", second + 1 + strings.IndexByte(token[second+1:], '.'), reason}
	}
	for _, part := range [...][2]int{{0, first}, {first + 1, second}, {second + 1, len(token)}} {
		if at, fault := base64Fault(token[part[0]:part[1]]); fault != "" {
			return "", "", &ParseError{"token", part[0] + at, fault}
		}
	}

	// Most tokens fit into the buffer. Both parts then take one allocation.
	var buf [1024]byte
	b := buf[:]
	if n := base64.RawURLEncoding.DecodedLen(first) + base64.RawURLEncoding.DecodedLen(second-first-1); n > len(b) {
		b = make([]byte, n)
	}
	n, err := base64.RawURLEncoding.Decode(b, []byte(token[:first]))
	if err != nil {
		return "", "", &ParseError{"token", 0, "not base64url"}
	}
	m, err := base64.RawURLEncoding.Decode(b[n:], []byte(token[first+1:second]))
	if err != nil {
		return "", "", &ParseError{"token", first + 1, "not base64url"}
	}
	text := string(b[:n+m])
	return text[:n], text[n:], nil
}

// base64Fault returns the offset of the first byte at which s is not unpadded base64url (RFC 7515,
// section 2), and the reason. It is stricter than package base64: line breaks are refused, and
// unused bits must be zero. Otherwise one token would have several spellings.
func base64Fault(s string) (int, string) {
	if s == "" {
		return 0, "empty part"
	}
	last := byte(0)
	for i := range len(s) {
		last = base64Digits[s[i]]
		if last == 0xff {
			if s[i] == '=' {
				return i, "padded base64"
			}
			return i, "character that is not in base64url"
		}
	}
	switch {
	case len(s)%4 == 1, len(s)%4 == 2 && last&0xf != 0, len(s)%4 == 3 && last&0x3 != 0:
		return len(s) - 1, "base64 ends in unused bits"
	}
	return 0, ""
}

// base64Digits has the value of each base64url digit, and 0xff for every other byte.
const base64Digits = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" +
	"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" +
	"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x3e\xff\xff" +
	"\x34\x35\x36\x37\x38\x39\x3a\x3b\x3c\x3d\xff\xff\xff\xff\xff\xff" +
	"\xff\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e" +
	"\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\xff\xff\xff\xff\x3f" +
	"\xff\x1a\x1b\x1c\x1d\x1e\x1f\x20\x21\x22\x23\x24\x25\x26\x27\x28" +
	"\x29\x2a\x2b\x2c\x2d\x2e\x2f\x30\x31\x32\x33\xff\xff\xff\xff\xff" +
	"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" +
	"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" +
	"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" +
	"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" +
	"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" +
	"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" +
	"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" +
	"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"

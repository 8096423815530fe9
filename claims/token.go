package claims

import (
	"encoding/base64"
	"errors"
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
	first, rest, _ := strings.Cut(token, ".")
	second, third, _ := strings.Cut(rest, ".")
	switch dots := strings.Count(token, "."); {
	case len(token) > MaxTokenSize:
		return "", "", &ParseError{"token", MaxTokenSize, "longer than 20,000 bytes"}
	case dots == 0:
		return "", "", &ParseError{"token", len(token), "not a JWT: one part instead of three"}
	case dots == 1:
		return "", "", &ParseError{"token", len(token), "two parts instead of three"}
	case dots > 2:
		reason := "more than three parts"
		if dots == 4 {
			reason = "five parts: encrypted (JWE)"
		}
		return "", "", &ParseError{"token", len(token) - len(third) + strings.IndexByte(third, '.'), reason}
	}

	// Most tokens fit into the buffer. Header and payload then take one allocation.
	var buf [2048]byte
	b := buf[:]
	if len(token) > len(b) {
		b = make([]byte, len(token))
	}
	var ends [3]int // of the decoded parts in b
	offset, end := 0, 0
	for i, part := range [...]string{first, second, third} {
		n, at, fault := decodePart(b[end:], part)
		if fault != "" {
			return "", "", &ParseError{"token", offset + at, fault}
		}
		offset += len(part) + len(".")
		end += n
		ends[i] = end
	}
	text := string(b[:ends[1]])
	return text[:ends[0]], text[ends[0]:], nil
}

// decodePart decodes unpadded base64url (RFC 7515, section 2) into dst, and returns the number of
// bytes, or the offset of a fault and the reason. Line breaks, which package base64 skips, are
// refused, and unused bits must be zero. Otherwise one token would have several spellings.
func decodePart(dst []byte, part string) (n, at int, fault string) {
	if part == "" {
		return 0, 0, "empty part"
	}
	n, err := base64.RawURLEncoding.Strict().Decode(dst, []byte(part))
	if err == nil && base64.RawURLEncoding.EncodedLen(n) == len(part) {
		return n, 0, ""
	}
	at = strings.IndexAny(part, "\r\n")
	if invalid, ok := errors.AsType[base64.CorruptInputError](err); ok {
		at = int(invalid)
	}
	switch c := part[at]; {
	case c == '=':
		return 0, at, "padded base64"
	case strings.IndexByte(base64Digits, c) < 0:
		return 0, at, "character that is not in base64url"
	default:
		return 0, len(part) - 1, "base64 ends in unused bits"
	}
}

const base64Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

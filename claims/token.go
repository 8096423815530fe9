package claims

import (
	"encoding/base64"
	"encoding/json"
	"strings"
)

// MaxTokenSize is the greatest length of a token in bytes: the most that AWS STS
// takes as a web identity token.
const MaxTokenSize = 20000

// Header is the JOSE header of a token. Ona's have alg and kid, and no typ.
type Header struct {
	Algorithm  string          // alg; never empty after parsing
	KeyID      string          // kid
	Type       string          // typ
	Nonce      string          // nonce
	JSONWebKey json.RawMessage // jwk: the key as the token has it, which proves nothing; nil if absent

	// Extra has the JSON text of the members other than alg, kid, nonce and jwk:
	// typ is in both, x5c and all that have no field are here only. It is nil if
	// there are none.
	Extra map[string]json.RawMessage
}

// ParseHeader reads the JOSE header of a token, a JSON object, as strictly as
// [Parse] reads claims. It is an error if alg is absent, and if the header asks
// for what this package does not do: encryption (enc, zip) or extensions that
// must be understood (crit, RFC 7515, section 4.1.11). An error is a
// [*ParseError].
func ParseHeader(header []byte) (Header, error) {
	if len(header) > MaxTokenSize {
		return Header{}, &ParseError{"header", MaxTokenSize, "too long"}
	}
	return parseHeader(string(header))
}

// parseHeader is ParseHeader of a header whose size was checked.
func parseHeader(header string) (Header, error) {
	p := scanner{s: header}
	var h Header
	if !p.text(func(name string, at int) bool { return p.headerMember(&h, name, at) }) {
		return Header{}, p.err("header")
	}
	if h.Algorithm == "" {
		return Header{}, &ParseError{"header", len(header), "no alg"}
	}
	return h, nil
}

// headerMember reads the value of the member whose name is at offset at.
func (p *scanner) headerMember(h *Header, name string, at int) bool {
	switch name {
	case "alg":
		return p.headerText(&h.Algorithm, name)
	case "kid":
		return p.headerText(&h.KeyID, name)
	case "nonce":
		return p.headerText(&h.Nonce, name)
	case "jwk":
		return p.raw(&h.JSONWebKey)
	case "enc", "zip":
		return p.fail(at, "encrypted token")
	case "crit":
		return p.fail(at, "crit names extensions that are not understood")
	}
	switch known := foldedTo(name); known {
	case "alg", "kid", "nonce", "jwk", "enc", "zip", "crit", "typ":
		return p.fail(at, "member name differs from "+known+" only in case")
	}
	start := p.i
	var ok bool
	if name == "typ" {
		ok = p.headerText(&h.Type, name)
	} else {
		ok = p.skip(1)
	}
	if !ok {
		return false
	}
	if h.Extra == nil {
		h.Extra = make(map[string]json.RawMessage)
	}
	h.Extra[name] = json.RawMessage(p.s[start:p.i])
	return true
}

// headerText reads a string into dst. Unlike a claim, a parameter of the header
// is not null to say that it is absent.
func (p *scanner) headerText(dst *string, name string) bool {
	if p.i == len(p.s) || p.s[p.i] != '"' {
		return p.fail(p.i, name+" is not a string")
	}
	s, ok := p.str()
	*dst = s
	return ok
}

// ParseUnverified reads the header and the claims of a token in compact form.
//
// It does not verify the signature, so anybody can have written what it returns.
// That is safe for showing a token, and for a token that is only sent on to
// somebody who verifies it; it is never safe for letting somebody in.
//
// The token is a JWS of three parts and at most [MaxTokenSize] bytes, with
// nothing around it, in base64url without padding. Encrypted tokens and those
// without a signature are refused; which algorithm the header names is for who
// verifies it. An error is a [*ParseError] and does not show the token.
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

// decodeCompact returns the decoded header and payload of a token in compact
// form (RFC 7515, section 7.1).
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

	// Most tokens fit into the buffer, and both parts then take one
	// allocation.
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

// base64Fault returns the offset of the first fault of s as unpadded base64url
// (RFC 7515, section 2), which is stricter than package base64: no line breaks,
// and the bits that are left over are zero, as else one token had several
// spellings.
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

// base64Digits has the value of each base64url digit, and 0xff for every other
// byte.
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

package idp

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/internal/textfile"
)

// Issuer is the issuer of every Ona ID token. It does not depend on the host name that an
// organization uses in the browser.
const Issuer = "https://app.gitpod.io"

// A Token is an OIDC ID token: its text and the claims in it. It is immutable and safe for
// concurrent use.
//
// Until it expires, a token is a secret: anyone who has the text can act as the identity in it.
// Therefore only [Token.Raw] returns the text. All verbs of fmt, the handlers of log/slog,
// encoding/json, encoding/xml and other encoders of text write the fingerprint. For a token in an
// unexported field of another struct, fmt writes an address instead, because it cannot call methods
// there. encoding/gob fails.
//
// The zero Token is empty: Raw returns "", and the token is never valid. A nil *Token behaves the
// same, but its methods that print and marshal have value receivers and must not be called; fmt
// prints it as <nil> and encoding/json as null.
type Token struct {
	// content is a func, because code that prints by reflection cannot read the variables of a
	// func: fmt prints its address, and dumpers that follow pointers do not follow it.
	content func() *content
	// The second field prevents a crash. A struct whose only field is a func is stored like a
	// pointer. Package reflect holds such a value directly, and a dumper that computes the address
	// of a copied Token, as go-spew does, would end the program.
	_ bool
}

// content is the data of a Token. ParseToken makes it; it is never changed afterwards.
type content struct {
	raw    string
	header claims.Header
	claims claims.Claims
}

// ParseToken parses an ID token: a compact JWS (RFC 7515 section 3.1) of three base64url parts and
// at most [claims.MaxTokenSize] bytes, without white space around it. It does not verify the
// signature, and it accepts expired tokens. To verify a token that you received, use package issuer.
//
// The error is a [*NotTokenError]. It never contains the text.
func ParseToken(raw string) (*Token, error) {
	if reason := notCompact(raw); reason != "" {
		return nil, &NotTokenError{Reason: reason}
	}
	h, c, err := claims.ParseUnverified(raw)
	if err != nil {
		return nil, &NotTokenError{Reason: "the text is not a valid JWT", Err: err}
	}
	data := &content{raw: raw, header: h, claims: c}
	return &Token{content: func() *content { return data }}, nil
}

// notCompact returns why raw cannot be a compact JWS, for a person who configured a wrong value, or
// "" if it may be one.
func notCompact(raw string) string {
	if raw == "" {
		return "it is empty"
	}
	if err := textfile.Check(raw); err != nil {
		return err.Error()
	}
	if len(raw) > claims.MaxTokenSize {
		return fmt.Sprintf("it has %d bytes, want at most %d", len(raw), claims.MaxTokenSize)
	}
	if hint := pasted(raw); hint != "" {
		return hint
	}
	switch dots := strings.Count(raw, "."); {
	case strings.ContainsAny(raw, " \t\r\n"):
		return "it contains white space"
	case dots == 4:
		return "it is an encrypted token (JWE)"
	case dots != 2:
		return fmt.Sprintf("want a JWT, three parts joined by dots, got an opaque value of %d bytes"+
			" (an API key or a personal access token is not an ID token)", len(raw))
	}
	return ""
}

// pasted returns what to remove from a token that was copied with the text around it, or "".
func pasted(raw string) string {
	const header, scheme = "authorization:", "bearer"
	switch start := strings.ToLower(raw[:min(len(raw), len(header))]); {
	case start == header:
		return `it is a whole header; give only the token, without "Authorization: Bearer"`
	case strings.HasPrefix(start, scheme) && (len(raw) == len(scheme) || strings.IndexByte(" \t\r\n:=+%", raw[len(scheme)]) >= 0):
		return `it begins with "Bearer"; give only the token after it`
	}
	switch raw[0] {
	case '"', '\'', '`':
		return "it is in quotation marks; remove them"
	case '{', '[':
		return "it is JSON; give only the token in it"
	}
	return ""
}

// A NotTokenError reports that a text is not an ID token. It does not contain the text, which may be
// another secret.
type NotTokenError struct {
	Reason string
	Err    error // a *claims.ParseError, or nil if the text was not parsed
}

// Error returns the reason.
func (e *NotTokenError) Error() string {
	if e.Err != nil {
		return "idp: not an ID token: " + e.Reason + ": " + e.Err.Error()
	}
	return "idp: not an ID token: " + e.Reason
}

// Unwrap returns e.Err.
func (e *NotTokenError) Unwrap() error { return e.Err }

func (t *Token) data() *content {
	if t == nil || t.content == nil {
		return &content{}
	}
	return t.content()
}

// Raw returns the text of the token, which is a secret. Send it only to the service that verifies
// it.
func (t *Token) Raw() string { return t.data().raw }

// Claims returns the claims of the token. They are not verified: use them to select, show and
// schedule, not to authorize. The caller may change the result.
func (t *Token) Claims() claims.Claims {
	c := t.data().claims
	// Many callers share a token, and one of them may sort the audiences.
	c.Audience = slices.Clone(c.Audience)
	c.EnvironmentInitializers = slices.Clone(c.EnvironmentInitializers)
	c.CreatorIDPClaims = slices.Clone(c.CreatorIDPClaims)
	c.IDPClaims = slices.Clone(c.IDPClaims)
	return c
}

// Header returns the JOSE header of the token. It is not verified. The caller may change the result.
func (t *Token) Header() claims.Header {
	h := t.data().header
	h.JSONWebKey = slices.Clone(h.JSONWebKey)
	h.Extra = maps.Clone(h.Extra)
	for name, value := range h.Extra {
		h.Extra[name] = slices.Clone(value)
	}
	return h
}

// Expiry returns when the token expires, or the zero time if it has no exp claim.
func (t *Token) Expiry() time.Time { return t.data().claims.Expiry }

// ValidAt reports whether the token has an expiry and at is before it. It checks no other claim.
func (t *Token) ValidAt(at time.Time) bool { return at.Before(t.Expiry()) }

// Equal reports whether t and u have the same text. Two empty tokens are equal.
func (t *Token) Equal(u *Token) bool {
	return subtle.ConstantTimeCompare([]byte(t.Raw()), []byte(u.Raw())) == 1
}

// fingerprintLen is the number of hexadecimal digits in a fingerprint. 48 bits distinguish the
// tokens in a log. They do not help to find the text, because its signature has far more bits.
const fingerprintLen = 12

// Fingerprint returns the first 12 hexadecimal digits of the SHA-256 of the text, or "" for an empty
// token. It is the same in every process and version, so it connects the logs of several programs.
// To compute it in a shell:
//
//	printf %s "$TOKEN" | sha256sum | cut -c 1-12
func (t *Token) Fingerprint() string {
	raw := t.Raw()
	if raw == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(raw))
	return hex.EncodeToString(sum[:])[:fingerprintLen]
}

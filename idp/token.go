package idp

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/onafed/onafed/claims"
)

// Issuer is the issuer of every Ona ID token, whatever host the organization sees in its browser.
const Issuer = "https://app.gitpod.io"

// AudienceAWS is the audience that AWS STS expects of a web identity token unless the IAM identity provider names others.
const AudienceAWS = "sts.amazonaws.com"

// A Token is an OIDC ID token: what it says and the text that proves it. It is immutable and safe for concurrent use.
//
// A token is a secret until it expires: whoever has the text is the identity in it. Therefore [Token.Raw] is the only way to the
// text. Every verb of fmt, the handlers of log/slog, encoding/json, encoding/xml and whatever else asks for text get the
// fingerprint instead, also when the token is an unexported field of another struct; encoding/gob is refused.
//
// The zero Token is empty: Raw returns "", and it is valid at no time. So is a nil *Token, of which the methods that print and
// marshal must not be called, since they belong to the value; fmt prints it as <nil> and encoding/json as null.
type Token struct {
	// content is a func because nothing that prints by reflection looks into one: fmt shows an address where it meets an
	// unexported field, and the dumpers that follow pointers stop here as well.
	content func() *content
}

// content is what a Token holds. It is never written to after ParseToken.
type content struct {
	raw    string
	header claims.Header
	claims claims.Claims
}

// ParseToken returns the token of a compact JWS (RFC 7515 section 3.1) that is made of three base64url parts, of at most
// [claims.MaxTokenSize] bytes, with nothing before or behind it. It does not verify the signature and does not look at the clock:
// an expired token parses. To check a token that somebody hands to you, use package issuer.
//
// The error is a [*NotTokenError]. It never contains the text.
func ParseToken(raw string) (*Token, error) {
	if reason := notCompact(raw); reason != "" {
		return nil, &NotTokenError{Reason: reason}
	}
	h, c, err := claims.ParseUnverified(raw)
	if err != nil {
		return nil, &NotTokenError{Reason: "the text has the form of a JWT but is none", Err: err}
	}
	held := &content{raw: raw, header: h, claims: c}
	return &Token{content: func() *content { return held }}, nil
}

// notCompact says what raw is instead of a compact JWS, in words for the person who put it there, or "".
func notCompact(raw string) string {
	switch dots := strings.Count(raw, "."); {
	case raw == "":
		return "it is empty"
	case len(raw) > claims.MaxTokenSize:
		return fmt.Sprintf("it has %d bytes, more than the %d of the largest ID token", len(raw), claims.MaxTokenSize)
	case strings.ContainsAny(raw, " \t\r\n"):
		return "there is white space in it"
	case strings.Contains(raw, "\x00"):
		return "there are zero bytes in it (a text file in UTF-16?)"
	case dots == 4:
		return "it is an encrypted token (JWE)"
	case dots != 2:
		return fmt.Sprintf("want a JWT, three parts joined by dots, got an opaque value of %d bytes (an API key or a personal access token is not an ID token)", len(raw))
	}
	return ""
}

// A NotTokenError says that a text is not an ID token. It does not hold the text, which may be another secret.
type NotTokenError struct {
	Reason string
	Err    error // the parser's reason, a *claims.ParseError; nil when the text was not even parsed
}

// Error implements error.
func (e *NotTokenError) Error() string {
	if e.Err != nil {
		return "idp: not an ID token: " + e.Reason + ": " + e.Err.Error()
	}
	return "idp: not an ID token: " + e.Reason
}

// Unwrap returns e.Err.
func (e *NotTokenError) Unwrap() error { return e.Err }

func (t *Token) held() *content {
	if t == nil || t.content == nil {
		return &content{}
	}
	return t.content()
}

// Raw returns the text of the token, the secret itself, for sending it to the one who must check it.
func (t *Token) Raw() string { return t.held().raw }

// Claims returns what the token says. Nothing of it is verified: it is for choosing, showing and scheduling, not for letting
// somebody in. The result is the caller's own.
func (t *Token) Claims() claims.Claims {
	c := t.held().claims
	// A token is shared by many; who sorts the audiences of one must not sort them for all.
	c.Audience = slices.Clone(c.Audience)
	c.EnvironmentInitializers = slices.Clone(c.EnvironmentInitializers)
	c.CreatorIDPClaims = slices.Clone(c.CreatorIDPClaims)
	c.IDPClaims = slices.Clone(c.IDPClaims)
	return c
}

// Header returns the token's JOSE header, unverified. The result is the caller's own.
func (t *Token) Header() claims.Header {
	h := t.held().header
	h.JSONWebKey = slices.Clone(h.JSONWebKey)
	h.Extra = maps.Clone(h.Extra)
	for name, value := range h.Extra {
		h.Extra[name] = slices.Clone(value)
	}
	return h
}

// Expiry returns when the token expires, or the zero time for a token that does not say so.
func (t *Token) Expiry() time.Time { return t.held().claims.Expiry }

// ValidAt reports whether the token has an expiry and at is before it. It looks at no other claim.
func (t *Token) ValidAt(at time.Time) bool { return at.Before(t.Expiry()) }

// Equal reports whether t and u are the same text. Two empty tokens are equal.
func (t *Token) Equal(u *Token) bool {
	return subtle.ConstantTimeCompare([]byte(t.Raw()), []byte(u.Raw())) == 1
}

// fingerprintLen is how many hexadecimal digits of SHA-256 are shown: 48 bits tell the tokens of a log apart and say nothing about
// the text, whose signature alone has far more bits than can be searched.
const fingerprintLen = 12

// Fingerprint returns the first 12 hexadecimal digits of the SHA-256 of the text, or "" for an empty token. It is the same in
// every process and every version, so log lines of several programs can be joined by it. On a command line it is
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

// errGob is not exported: nobody can do anything about it but stop encoding tokens.
var errGob = errors.New("idp: a token is not encoded with gob, which would write the secret; hand over Raw where that is meant")

package authtoken

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"
)

// A Token is a password for a service and its expiry. It is immutable and safe for concurrent use.
//
// Until it expires, a token is a secret. Therefore only [Token.Raw] returns the text. All verbs of
// fmt, the handlers of log/slog and encoders of text write the expiry instead. For a token in an
// unexported field of another struct, fmt writes the fields of the token, which do not contain the
// text. encoding/gob fails.
//
// The zero Token is empty: Raw returns "", and Expiry the zero time.
type Token struct {
	// raw is a func because code that prints by reflection does not look into one.
	raw    func() string
	expiry time.Time
}

func newToken(raw string, expiry time.Time) Token {
	return Token{raw: func() string { return raw }, expiry: expiry}
}

// Raw returns the text of the token, which is a secret. Send it only to its service.
func (t Token) Raw() string {
	if t.raw == nil {
		return ""
	}
	return t.raw()
}

// Expiry returns when the token expires: the end of the token or of the credentials that signed it,
// whichever is earlier. It is the zero time for a token that does not expire.
func (t Token) Expiry() time.Time { return t.expiry }

// String returns a description with the expiry and without the text.
func (t Token) String() string {
	switch {
	case t.raw == nil:
		return "authtoken.Token(empty)"
	case t.expiry.IsZero():
		return "authtoken.Token(does not expire)"
	}
	return "authtoken.Token(expires " + t.expiry.UTC().Format(time.RFC3339) + ")"
}

// Format writes the same as String for every verb and flag.
func (t Token) Format(s fmt.State, _ rune) {
	_, _ = io.WriteString(s, t.String()) // the State of fmt writes to memory and does not fail
}

// LogValue returns the expiry.
func (t Token) LogValue() slog.Value { return slog.GroupValue(slog.Time("expiry", t.expiry)) }

// MarshalText returns the same as String. JSON and other encoders of text use it.
func (t Token) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// GobEncode returns an error.
func (t Token) GobEncode() ([]byte, error) {
	return nil, errors.New("authtoken: cannot encode a token with gob, which would write the secret; encode Raw if you mean that")
}

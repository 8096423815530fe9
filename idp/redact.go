package idp

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// These methods have value receivers, so that both Token and *Token have them.

// redacted returns the text that represents a token in all output.
func (t Token) redacted() string {
	if f := t.Fingerprint(); f != "" {
		return "idp.Token(" + f + ")"
	}
	return "idp.Token(empty)"
}

// String returns the fingerprint of the token, as in "idp.Token(0123456789ab)".
func (t Token) String() string { return t.redacted() }

// GoString returns the same as String.
func (t Token) GoString() string { return t.redacted() }

// Format writes the same as String for every verb and flag.
func (t Token) Format(s fmt.State, _ rune) {
	_, _ = io.WriteString(s, t.redacted()) // the State of fmt writes to memory and does not fail
}

// LogValue returns the fingerprint and the expiry.
func (t Token) LogValue() slog.Value {
	return slog.GroupValue(slog.String("fingerprint", t.Fingerprint()), slog.Time("expiry", t.Expiry()))
}

// MarshalText returns the same as String. JSON, XML, YAML and text encoders use it.
func (t Token) MarshalText() ([]byte, error) { return []byte(t.redacted()), nil }

// UnmarshalText returns an error, because the result of MarshalText is not a token. Use [ParseToken].
func (t *Token) UnmarshalText([]byte) error {
	return errors.New("idp: cannot read a token from marshaled text; use ParseToken")
}

// errGob is not exported, because no caller can handle it.
var errGob = errors.New("idp: cannot encode a token with gob, which would write the secret; encode Raw if you mean that")

// GobEncode returns an error.
func (t Token) GobEncode() ([]byte, error) { return nil, errGob }

// GobDecode returns an error.
func (t *Token) GobDecode([]byte) error { return errGob }

package idp

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// The methods here have value receivers, so that both Token and *Token have them.

// redacted is how a token shows itself.
func (t Token) redacted() string {
	if f := t.Fingerprint(); f != "" {
		return "idp.Token(" + f + ")"
	}
	return "idp.Token(empty)"
}

// String returns the token's fingerprint in the form "idp.Token(0123456789ab)", never its text.
func (t Token) String() string { return t.redacted() }

// GoString returns the same as String.
func (t Token) GoString() string { return t.redacted() }

// Format writes the same as String for every verb, whatever its flags.
func (t Token) Format(s fmt.State, _ rune) {
	_, _ = io.WriteString(s, t.redacted()) // fmt's State keeps the text in memory and does not fail
}

// LogValue returns the same as String, with the expiry.
func (t Token) LogValue() slog.Value {
	return slog.GroupValue(slog.String("fingerprint", t.Fingerprint()), slog.Time("expiry", t.Expiry()))
}

// MarshalText returns the same as String, so that JSON, XML, YAML and text handlers show that and nothing else.
func (t Token) MarshalText() ([]byte, error) { return []byte(t.redacted()), nil }

// UnmarshalText refuses: what MarshalText writes is not a token. Use [ParseToken].
func (t *Token) UnmarshalText([]byte) error {
	return errors.New("idp: a token is not read from text that was marshalled; use ParseToken")
}

// GobEncode refuses.
func (t Token) GobEncode() ([]byte, error) { return nil, errGob }

// GobDecode refuses.
func (t *Token) GobDecode([]byte) error { return errGob }

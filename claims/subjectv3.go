package claims

import (
	"fmt"
	"log/slog"
)

// Pair is one field of a V3 subject and its value. It prints redacted, as [RedactSubject] does.
type Pair struct {
	Name  string
	Value string // may be personal data
}

// String returns p as RedactSubject shows it.
func (p Pair) String() string { return RedactSubject(p.Name + ":" + p.Value) }

// Format prints p redacted for every verb.
func (p Pair) Format(f fmt.State, verb rune) { formatText(f, verb, p.String()) }

// LogValue implements [slog.LogValuer].
func (p Pair) LogValue() slog.Value { return slog.StringValue(p.String()) }

// MarshalText returns p redacted. It is for logs, not for storage.
func (p Pair) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// SubjectV3 is one reading of the "sub" of a V3 token. It prints redacted, as [RedactSubject] does.
// Its fields contain the original text.
type SubjectV3 struct {
	Raw   string // may hold personal data
	Kind  Kind   // from the base fields
	Pairs []Pair // base fields first
}

// Lookup returns the value of the first pair with the given name, and whether there is one.
func (s SubjectV3) Lookup(name string) (string, bool) {
	for _, p := range s.Pairs {
		if p.Name == name {
			return p.Value, true
		}
	}
	return "", false
}

// String returns the subject as RedactSubject shows it.
func (s SubjectV3) String() string { return RedactSubject(s.Raw) }

// Format prints s redacted for every verb.
func (s SubjectV3) Format(f fmt.State, verb rune) { formatText(f, verb, s.String()) }

// LogValue implements [slog.LogValuer].
func (s SubjectV3) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText returns s redacted. It is for logs, not for storage.
func (s SubjectV3) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

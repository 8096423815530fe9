package export

import (
	"fmt"
	"io"
	"log/slog"
)

// Values that hold a secret print as what they are, whatever the verb and its
// flags. A field of theirs that is read by itself, or that encoding/json
// marshals, is the caller's to guard.

func redact(s fmt.State, shown string) {
	_, _ = io.WriteString(s, shown) // fmt's State keeps the text in memory and does not fail
}

func (s Setting) shown() string { return "export.Setting(" + quoted(s.Key) + ")" }

// Format writes the key and never the value, for every verb.
func (s Setting) Format(state fmt.State, _ rune) { redact(state, s.shown()) }

// LogValue returns the same as Format.
func (s Setting) LogValue() slog.Value { return slog.StringValue(s.shown()) }

func (e CacheEntry) shown() string {
	if e.Credentials.Expires.IsZero() {
		return "export.CacheEntry(empty)"
	}
	return "export.CacheEntry(until " + timestamp(e.Credentials.Expires) + ")"
}

// Format writes the expiration and never a key, for every verb.
func (e CacheEntry) Format(state fmt.State, _ rune) { redact(state, e.shown()) }

// LogValue returns the same as Format.
func (e CacheEntry) LogValue() slog.Value { return slog.StringValue(e.shown()) }

// Format writes the type's name, for every verb: the handler keeps credentials.
func (h *Handler) Format(state fmt.State, _ rune) { redact(state, "export.Handler") }

// LogValue returns the same as Format.
func (h *Handler) LogValue() slog.Value { return slog.StringValue("export.Handler") }

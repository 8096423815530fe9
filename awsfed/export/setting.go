package export

import (
	"fmt"
	"log/slog"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Setting is one key of a profile, and the value that [Set] gave it. Without a value it removes the
// key. All verbs of fmt, log/slog and encoding/json show the key and never the value.
type Setting struct {
	// Key consists of lower-case letters, digits, "_" and "-".
	Key string
	// value is a func because fmt prints the content of anything else also where it calls no method:
	// for the verbs %p and %w, and in an unexported field.
	value func() string
}

// Set returns the setting of a key to a value. An empty value removes the key.
func Set(key, value string) Setting {
	return Setting{Key: key, value: func() string { return value }}
}

// Format writes the key and never the value, for every verb.
func (s Setting) Format(state fmt.State, _ rune) { redact(state, s.shown()) }

// LogValue returns the same text as Format.
func (s Setting) LogValue() slog.Value { return slog.StringValue(s.shown()) }

// MarshalText returns the same text as Format.
func (s Setting) MarshalText() ([]byte, error) { return []byte(s.shown()), nil }

func (s Setting) shown() string { return "export.Setting(" + quoted(s.Key) + ")" }

func (s Setting) pair() pair {
	if s.value == nil {
		return pair{key: s.Key}
	}
	return pair{s.Key, s.value()}
}

// pair is a key and its value, "" to remove the key.
type pair struct{ key, value string }

func (s pair) writeTo(out *strings.Builder) {
	out.WriteString(s.key)
	out.WriteString(" = ")
	out.WriteString(s.value)
}

// find returns the setting with the key.
func find(settings []pair, key string) (pair, bool) {
	for _, set := range settings {
		if set.key == key {
			return set, true
		}
	}
	return pair{}, false
}

func contains(settings []pair, key string) bool {
	_, ok := find(settings, key)
	return ok
}

// checkSettings returns why the settings cannot be written so that every SDK reads them alike, ""
// if they can. The reason contains no value.
func checkSettings(settings []pair) string {
	for i, set := range settings {
		if reason := checkKey(set.key); reason != "" {
			return reason
		}
		if contains(settings[:i], set.key) {
			return "key " + quoted(set.key) + " is set twice"
		}
		if reason := checkValue(set.value); reason != "" {
			return "the value of " + quoted(set.key) + " " + reason
		}
	}
	return ""
}

// checkKey returns what is wrong with a key, "" if nothing is. Keys have only characters that every
// reader accepts.
func checkKey(key string) string {
	switch {
	case key == "":
		return "a key is empty"
	case strings.Trim(key, "abcdefghijklmnopqrstuvwxyz0123456789_-") != "":
		return "key " + quoted(key) + " contains a character other than a-z, 0-9, \"_\" and \"-\""
	}
	return ""
}

// checkValue returns what is wrong with a value, "" if nothing is. Each rule is a difference
// between the Go SDK and botocore, or a limit of one of them.
func checkValue(v string) string {
	if v == "" {
		return ""
	}
	if !utf8.ValidString(v) {
		return "is not UTF-8"
	}
	if len(v) > 32<<10 {
		return "is longer than 32 KiB"
	}
	for _, c := range v {
		if unicode.IsControl(c) || c != ' ' && unicode.IsSpace(c) {
			return "contains a line break, a control character or a blank other than a space"
		}
	}
	first, last := v[0], v[len(v)-1]
	switch {
	case first == ' ' || last == ' ':
		return "begins or ends with a space, which SDKs remove"
	case first == '#' || first == ';' || cutComment(v) != v:
		return "has a \"#\" or \";\" at its beginning or after a space, where the Go SDK reads a comment"
	case first == last && (first == '"' || first == '\''):
		return "begins and ends with a quote, which the Go SDK removes and botocore does not"
	}
	return ""
}

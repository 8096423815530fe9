package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/onafed/onafed/claims"
)

// decode prints a token as "ona idp token --decode" does: the members of Claims in alphabetical order, Header a list of one, tabs.
func decode(t *terminal, raw string) error {
	header, c, err := claims.ParseUnverified(raw)
	if err != nil {
		return err
	}
	if !c.Expiry.IsZero() && !c.Expiry.After(time.Now()) {
		t.say("onafed: warning: the token has expired, at %s", c.Expiry.UTC().Format(time.RFC3339))
	}
	var members map[string]any
	if err := c.Decode(&members); err != nil {
		return err
	}
	text, err := render(struct {
		Claims map[string]any
		Header []shownHeader
	}{members, []shownHeader{{
		KeyID: header.KeyID, JSONWebKey: header.JSONWebKey, Algorithm: header.Algorithm, Nonce: header.Nonce, ExtraHeaders: header.Extra,
	}}})
	if err != nil {
		return err
	}
	_, err = t.out.Write(text)
	return err
}

type shownHeader struct {
	KeyID        string
	JSONWebKey   json.RawMessage // null when absent
	Algorithm    string
	Nonce        string
	ExtraHeaders map[string]json.RawMessage // null when absent
}

// render is indented JSON in which no character can act on a terminal.
func render(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "\t")
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return escapeControls(b.Bytes()), nil
}

// escapeControls replaces the characters that change how others are shown by their escapes. In JSON they stand in strings only, where an
// escape means the same.
func escapeControls(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		if n > 1 && !strconv.IsPrint(r) || r == 0x7f || bidi(r) {
			if r > 0xffff {
				r -= 0x10000
				out = fmt.Appendf(out, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
			} else {
				out = fmt.Appendf(out, `\u%04x`, r)
			}
		} else {
			out = append(out, text[:n]...)
		}
		text = text[n:]
	}
	return out
}

// bidi reports whether r changes the direction of text (Unicode Standard Annex #9, section 2).
func bidi(r rune) bool {
	return r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0x200e || r == 0x200f || r == 0x061c
}

// given returns the text of a token that a flag names, expired or not: to look at an expired token is what --decode is often for.
func (f *tokenFlags) given(_ context.Context) (raw string, found bool, err error) {
	switch {
	case f.TokenFile != "":
		file, err := os.Open(f.TokenFile)
		if err != nil {
			return "", true, err
		}
		defer file.Close()
		text, err := io.ReadAll(io.LimitReader(file, claims.MaxTokenSize+1024))
		return string(bytes.TrimSpace(text)), true, err
	case f.TokenEnv != "":
		value := os.Getenv(f.TokenEnv)
		if value == "" {
			return "", true, fmt.Errorf("the environment variable %+q is not set", f.TokenEnv)
		}
		return string(bytes.TrimSpace([]byte(value))), true, nil
	}
	return "", false, nil
}

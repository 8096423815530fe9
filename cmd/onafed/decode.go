package main

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"

	"github.com/onafed/onafed/idp"
)

// decode prints a token as "ona idp token --decode" does: the members of Claims in alphabetical order, Header a list of one, tabs. The
// token may have expired, and may be for other audiences: both are what one decodes a token to see.
func decode(t *terminal, raw string, audiences []string) error {
	token, err := idp.ParseToken(raw)
	if err != nil {
		return err
	}
	c, header := token.Claims(), token.Header()
	if !c.Expiry.IsZero() && !c.Expiry.After(time.Now()) {
		t.say("onafed: warning: the token has expired, at %s", c.Expiry.UTC().Format(time.RFC3339))
	}
	for _, audience := range audiences {
		if !slices.Contains(c.Audience, audience) {
			t.say("onafed: warning: the token is for %+q, not for %+q", c.Audience, audience)
		}
	}
	warnOfSeveral(t, token)
	var members map[string]any
	if err := c.Decode(&members); err != nil {
		return err
	}
	extra, err := sorted(header.Extra)
	if err != nil {
		return err
	}
	return writeJSON(t, struct {
		Claims map[string]any
		Header []shownHeader
	}{members, []shownHeader{{
		KeyID: header.KeyID, JSONWebKey: header.JSONWebKey, Algorithm: header.Algorithm, Nonce: header.Nonce, ExtraHeaders: extra,
	}}})
}

// sorted is the members with their own members in alphabetical order, like those of the claims; nil for none.
func sorted(members map[string]json.RawMessage) (map[string]any, error) {
	if len(members) == 0 {
		return nil, nil //nolint:nilnil // null is what the page shows
	}
	text, err := json.Marshal(members)
	if err != nil {
		return nil, err
	}
	var all map[string]any
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	err = dec.Decode(&all)
	return all, err
}

type shownHeader struct {
	KeyID        string
	JSONWebKey   json.RawMessage // null when absent
	Algorithm    string
	Nonce        string
	ExtraHeaders map[string]any // null when absent
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

// writeJSON prints v as --json does everywhere.
func writeJSON(t *terminal, v any) error {
	text, err := render(v)
	if err != nil {
		return err
	}
	_, err = t.out.Write(text)
	return err
}

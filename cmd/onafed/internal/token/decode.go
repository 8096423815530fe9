package token

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"

	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
	"github.com/onafed/onafed/idp"
)

// decoded has the form of the output of "ona idp token --decode", the command of Ona, because
// scripts read that form: the members of Claims in alphabetical order, and the header as a list of
// one.
type decoded struct {
	Claims map[string]any
	Header []decodedHeader
}

type decodedHeader struct {
	KeyID        string
	JSONWebKey   json.RawMessage // null if absent
	Algorithm    string
	Nonce        string
	ExtraHeaders map[string]any // null if absent
}

// decode prints a token as JSON. The token may have expired and may have another audience; warnings
// say so.
func decode(t *terminal.Terminal, raw string, audiences []string) error {
	token, err := idp.ParseToken(raw)
	if err != nil {
		return err
	}
	c, header := token.Claims(), token.Header()
	if !c.Expiry.IsZero() && !c.Expiry.After(time.Now()) {
		t.Warn("the token expired at %s", c.Expiry.UTC().Format(time.RFC3339))
	}
	for _, audience := range audiences {
		if !slices.Contains(c.Audience, audience) {
			t.Warn("the token is for %+q, not for %+q", c.Audience, audience)
		}
	}
	warnOfSeveralAudiences(t, token)
	var members map[string]any
	if err := c.Decode(&members); err != nil {
		return err
	}
	extra, err := sortMembers(header.Extra)
	if err != nil {
		return err
	}
	return t.WriteJSON(decoded{members, []decodedHeader{{
		KeyID: header.KeyID, JSONWebKey: header.JSONWebKey, Algorithm: header.Algorithm, Nonce: header.Nonce, ExtraHeaders: extra,
	}}})
}

// sortMembers decodes the members, so that they are printed in alphabetical order at every depth.
// It returns nil for none.
func sortMembers(members map[string]json.RawMessage) (map[string]any, error) {
	if len(members) == 0 {
		return nil, nil //nolint:nilnil // printed as null, as the vendor's command does
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

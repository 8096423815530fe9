package claims

import (
	"encoding/json"

	"github.com/onafed/onafed/internal/strictjson"
)

// Header is the JOSE header of a token. Ona's headers have alg and kid, and no typ.
type Header struct {
	Algorithm  string          // alg; never empty after parsing
	KeyID      string          // kid
	Type       string          // typ
	Nonce      string          // nonce
	JSONWebKey json.RawMessage // jwk: the key in the token, which proves nothing; nil if absent

	// Extra has the JSON text of the members other than alg, kid, nonce and jwk. typ is in Type and
	// in Extra; members that have no field, such as x5c, are only in Extra. Extra is nil if the
	// header has no such members.
	Extra map[string]json.RawMessage
}

// ParseHeader reads the JOSE header of a token, a JSON object, as strictly as [Parse] reads claims.
// alg must be present. A header that asks for encryption (enc, zip) or for extensions that a reader
// must understand (crit; RFC 7515, section 4.1.11) is refused. An error is a [*ParseError].
func ParseHeader(header []byte) (Header, error) {
	if len(header) > MaxTokenSize {
		return Header{}, &ParseError{"header", MaxTokenSize, "too long"}
	}
	return parseHeader(string(header))
}

// parseHeader is ParseHeader for a header whose size was checked.
func parseHeader(header string) (Header, error) {
	l := strictjson.New(header, strictjson.Limits{Depth: maxDepth})
	var h Header
	if err := l.Document(func(name string, offset int) error { return h.readMember(l, name, offset) }); err != nil {
		return Header{}, parseError("header", err)
	}
	if h.Algorithm == "" {
		return Header{}, &ParseError{"header", len(header), "no alg"}
	}
	return h, nil
}

// readMember reads the value of the member whose name is at the given offset.
func (h *Header) readMember(l *strictjson.Lexer, name string, offset int) error {
	switch name {
	case "alg":
		return readParameter(l, name, &h.Algorithm)
	case "kid":
		return readParameter(l, name, &h.KeyID)
	case "nonce":
		return readParameter(l, name, &h.Nonce)
	case "jwk":
		return readRaw(l, &h.JSONWebKey)
	case "enc", "zip":
		return &strictjson.Error{Offset: offset, Reason: "encrypted token"}
	case "crit":
		return &strictjson.Error{Offset: offset, Reason: "crit names extensions that are not supported"}
	}
	switch known := foldedTo(name); known {
	case "alg", "kid", "nonce", "jwk", "enc", "zip", "crit", "typ":
		return &strictjson.Error{Offset: offset, Reason: "member name differs from " + known + " only in case"}
	}
	start := l.Offset()
	if name == "typ" {
		if err := readParameter(l, name, &h.Type); err != nil {
			return err
		}
		l.Seek(start)
	}
	text, err := l.Raw()
	if err != nil {
		return err
	}
	if h.Extra == nil {
		h.Extra = make(map[string]json.RawMessage)
	}
	h.Extra[name] = json.RawMessage(text)
	return nil
}

// readParameter reads a string into dst. Unlike a claim, a header parameter may not be null.
func readParameter(l *strictjson.Lexer, name string, dst *string) error {
	if l.Kind() != strictjson.String {
		return refuse(l, name+" is not a string")
	}
	s, err := l.Text()
	*dst = s
	return err
}

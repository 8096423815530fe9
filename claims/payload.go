package claims

import (
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/onafed/onafed/internal/provider"
	"github.com/onafed/onafed/internal/strictjson"
)

const (
	// maxDepth bounds how deeply the objects and arrays of a token are nested. Ona's own claims
	// have three levels.
	maxDepth = 32
	// maxDate is the last second of the year 9999, in seconds since 1970. RFC 3339 cannot write
	// later dates.
	maxDate = 253402300799
)

// Parse reads the payload of an ID token: a JSON object of at most [MaxTokenSize] bytes. It checks
// no signature, time, issuer or audience.
//
// It is strict, because a token that two programs read differently is dangerous. It refuses a
// member name that occurs twice in one object, also if it is escaped; a name that differs from a
// known one only in case; a known claim with a value of another type; invalid UTF-8; lone
// surrogates; nesting deeper than 32 levels; and text after the object. A claim that is null counts
// as absent. The forms of gsub and environment_initializers are known from samples only, so parts
// of them with another form are left out. An error is a [*ParseError].
//
// The names and types of Ona's own claims apply only to tokens of Ona's issuer and to tokens without
// an issuer. In a token of another issuer only iss, sub, aud, exp, nbf and iat must have their type.
// If another claim has the name of a field here but another type, such as the number runner_id of
// GitLab, the field is zero, and [Claims.Decode] returns the value.
//
// The payload is copied.
func Parse(payload []byte) (Claims, error) {
	if len(payload) > MaxTokenSize {
		return Claims{}, &ParseError{"payload", MaxTokenSize, "too long"}
	}
	return parsePayload(string(payload))
}

// parsePayload is Parse for a payload whose size was checked.
func parsePayload(payload string) (Claims, error) {
	l := strictjson.New(payload, strictjson.Limits{Depth: maxDepth})
	r := payloadReader{claims: Claims{raw: payload}}
	err := l.Document(func(name string, offset int) error { return r.readClaim(l, name, offset) })
	if c := &r.claims; err == nil && !c.foreign() {
		err = r.misfit
	}
	if err != nil {
		return Claims{}, parseError("payload", err)
	}
	if c := &r.claims; c.OrganizationID == "" && !r.hasOrganizationID {
		c.OrganizationID = c.org
	}
	return r.claims, nil
}

// foreign reports whether the token is of an issuer other than Ona's. A token without an issuer
// counts as Ona's.
func (c *Claims) foreign() bool { return c.Issuer != "" && c.Issuer != provider.OnaIssuer }

// payloadReader reads the claims of one payload.
type payloadReader struct {
	claims Claims
	// misfit is the error for the first of Ona's own claims that has a wrong type, or a name in
	// another letter case. It counts only for Ona's issuer, and iss may come later in the payload.
	misfit            error
	hasOrganizationID bool // organization_id is present, with any type
}

// parseError returns an error of the lexer as one of this package.
func parseError(part string, err error) error {
	if e, ok := errors.AsType[*strictjson.Error](err); ok {
		return &ParseError{part, e.Offset, e.Reason}
	}
	return err
}

// refuse returns an error at the value that the lexer is about to read.
func refuse(l *strictjson.Lexer, reason string) error {
	return &strictjson.Error{Offset: l.Offset(), Reason: reason}
}

// readClaim reads the value of the claim whose name is at the given offset.
func (r *payloadReader) readClaim(l *strictjson.Lexer, name string, offset int) error {
	c := &r.claims
	if dst := c.text(name); dst != nil {
		return r.readText(l, name, dst)
	}
	switch name {
	case "aud":
		return readAudience(l, &c.Audience)
	case "exp":
		return readDate(l, name, &c.Expiry)
	case "iat":
		return readDate(l, name, &c.IssuedAt)
	case "nbf":
		return readDate(l, name, &c.NotBefore)
	case "creator_idp_claims":
		return readRaw(l, &c.CreatorIDPClaims)
	case "idp_claims":
		return readRaw(l, &c.IDPClaims)
	case "environment_initializers":
		return readInitializers(l, &c.EnvironmentInitializers)
	case "gsub":
		return readLegacySubject(l, &c.GSub)
	}
	if known := foldedTo(name); known != "" && isClaim(known) {
		err := &strictjson.Error{Offset: offset, Reason: "member name differs from " + known + " only in case"}
		if isRegistered(known) {
			return err
		}
		r.keepMisfit(err)
	}
	return l.Skip()
}

// isRegistered reports whether name is a claim of RFC 7519 that this package reads. All issuers give
// it the same type.
func isRegistered(name string) bool {
	switch name {
	case "iss", "sub", "aud", "exp", "nbf", "iat":
		return true
	}
	return false
}

// keepMisfit keeps the first of the errors that count only for Ona's issuer.
func (r *payloadReader) keepMisfit(err error) {
	if r.misfit == nil {
		r.misfit = err
	}
}

// foldedTo returns name in lower case, or "" if name is ASCII without upper-case letters. It
// converts to upper case first, because some letters outside ASCII become ASCII only that way.
func foldedTo(name string) string {
	for i := range len(name) {
		if c := name[i]; 'A' <= c && c <= 'Z' || c >= utf8.RuneSelf {
			return strings.ToLower(strings.ToUpper(name))
		}
	}
	return ""
}

// readText reads the string claim of the given name into dst, and records in claims.empty that it is
// empty.
func (r *payloadReader) readText(l *strictjson.Lexer, name string, dst *string) error {
	kind := l.Kind()
	if name == "organization_id" && kind != strictjson.Null {
		r.hasOrganizationID = true
	}
	switch {
	case kind == strictjson.String:
		s, err := l.Text()
		if *dst = s; s == "" {
			r.claims.empty = append(r.claims.empty, name)
		}
		return err
	case kind != strictjson.Null:
		err := refuse(l, name+" is not a string")
		if isRegistered(name) {
			return err
		}
		r.keepMisfit(err)
	}
	return l.Skip()
}

// readAudience reads a string or an array of strings (RFC 7519, section 4.1.3).
func readAudience(l *strictjson.Lexer, dst *[]string) error {
	switch l.Kind() {
	case strictjson.String:
		s, err := l.Text()
		*dst = []string{s}
		return err
	case strictjson.Array:
		return l.Array(func() error {
			if l.Kind() != strictjson.String {
				return refuse(l, "aud has an element that is not a string")
			}
			s, err := l.Text()
			*dst = append(*dst, s)
			return err
		})
	case strictjson.Null:
		return l.Skip()
	default:
		return refuse(l, "aud is neither a string nor an array of strings")
	}
}

// readDate reads a NumericDate (RFC 7519, section 2): seconds since 1970, possibly with a fraction.
// Nanoseconds are kept; smaller parts are cut off.
func readDate(l *strictjson.Lexer, name string, dst *time.Time) error {
	switch l.Kind() {
	case strictjson.Null:
		return l.Skip()
	case strictjson.Number:
	default:
		return refuse(l, name+" is not a number")
	}
	offset := l.Offset()
	text, err := l.Number()
	if err != nil {
		return err
	}
	sec, nsec, ok := numericDate(text)
	if !ok {
		return &strictjson.Error{Offset: offset, Reason: name + " is not between the years 1970 and 9999"}
	}
	*dst = time.Unix(sec, nsec).UTC()
	return nil
}

// numericDate returns the seconds and nanoseconds of a JSON number.
func numericDate(text string) (sec, nsec int64, ok bool) {
	if strings.ContainsAny(text, "eE") {
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || f > maxDate || math.Signbit(f) {
			return 0, 0, false
		}
		whole, frac := math.Modf(f)
		return int64(whole), int64(frac * 1e9), true
	}
	whole, frac, _ := strings.Cut(text, ".")
	if len(whole) > len("253402300799") || whole[0] == '-' {
		return 0, 0, false
	}
	for i := range len(whole) {
		sec = sec*10 + int64(whole[i]-'0')
	}
	for i := range 9 {
		nsec *= 10
		if i < len(frac) {
			nsec += int64(frac[i] - '0')
		}
	}
	return sec, nsec, sec <= maxDate
}

// readRaw reads any value and keeps its text. Null leaves dst unchanged.
func readRaw(l *strictjson.Lexer, dst *json.RawMessage) error {
	if l.Kind() == strictjson.Null {
		return l.Skip()
	}
	text, err := l.Raw()
	if err == nil {
		*dst = json.RawMessage(text)
	}
	return err
}

// readInitializers reads environment_initializers. The forms of its entries are known from samples
// only, so parts with another form are left out and are not errors.
func readInitializers(l *strictjson.Lexer, dst *[]Initializer) error {
	if l.Kind() != strictjson.Array {
		return l.Skip()
	}
	return l.Array(func() error {
		if l.Kind() != strictjson.Object {
			return l.Skip()
		}
		*dst = append(*dst, Initializer{})
		return readInitializer(l, &(*dst)[len(*dst)-1])
	})
}

func readInitializer(l *strictjson.Lexer, dst *Initializer) error {
	return l.Object(func(name string, _ int) error {
		switch {
		case name == "context_url":
			return readIfText(l, &dst.ContextURL)
		case name == "git" && l.Kind() == strictjson.Object:
			return l.Object(func(name string, _ int) error {
				switch name {
				case "remote_uri":
					return readIfText(l, &dst.RemoteURI)
				case "upstream_remote_uri":
					return readIfText(l, &dst.UpstreamRemoteURI)
				}
				return l.Skip()
			})
		}
		return l.Skip()
	})
}

// readLegacySubject reads the claim gsub of V1 tokens. Its form is not documented.
func readLegacySubject(l *strictjson.Lexer, dst *LegacySubject) error {
	if l.Kind() != strictjson.Object {
		return l.Skip()
	}
	return l.Object(func(name string, _ int) error {
		switch name {
		case "principal":
			return readIfText(l, &dst.Principal)
		case "id":
			return readIfText(l, &dst.ID)
		}
		return l.Skip()
	})
}

// readIfText reads any value, and keeps it in dst if it is a string.
func readIfText(l *strictjson.Lexer, dst *string) error {
	if l.Kind() != strictjson.String {
		return l.Skip()
	}
	s, err := l.Text()
	*dst = s
	return err
}

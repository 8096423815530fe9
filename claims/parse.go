package claims

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// maxDate is the last second of the year 9999, in seconds since 1970: later
// dates cannot be written in RFC 3339, and nobody means them.
const maxDate = 253402300799

// Parse reads the payload of an ID token, a JSON object of at most
// [MaxTokenSize] bytes. It checks no signature, time, issuer or audience.
//
// It is strict, as a token that two programs read differently is dangerous. A
// member name that occurs twice in one object is refused, also when it is
// written with escapes, and so are a name that differs from a known one only in
// case, a known claim with a value of another type, invalid UTF-8, lone
// surrogates, nesting deeper than 32 levels, and anything after the object. A
// claim that is null counts as absent. Of gsub and environment_initializers, whose
// forms are known from samples only, what does not fit is left out. An error is a
// [*ParseError].
//
// The payload is copied.
func Parse(payload []byte) (Claims, error) {
	if len(payload) > MaxTokenSize {
		return Claims{}, &ParseError{"payload", MaxTokenSize, "too long"}
	}
	return parsePayload(string(payload))
}

// fieldSet is a set of claims.
type fieldSet uint32

// The claims that are strings or objects and can be fields of a V3 subject, and
// those that are handled by themselves.
const (
	setOrganization fieldSet = 1 << iota
	setProject
	setEnvironment
	setRunner
	setRunnerName
	setUser
	setAccount
	setServiceAccount
	setCreatorPrincipal
	setCreator
	setCreatorEmail
	setCreatorName
	setCreatorIDP
	setEmail
	setName
	setIDP
)

// text returns where the claim of the given name is kept if it is a string, and
// its bit if it can be a field of a V3 subject.
func (c *Claims) text(name string) (*string, fieldSet) {
	switch name {
	case "iss":
		return &c.Issuer, 0
	case "sub":
		return &c.Subject, 0
	case "azp":
		return &c.AuthorizedParty, 0
	case "org":
		return &c.org, 0
	case "organization_id":
		return &c.OrganizationID, setOrganization
	case "project_id":
		return &c.ProjectID, setProject
	case "environment_id":
		return &c.EnvironmentID, setEnvironment
	case "runner_id":
		return &c.RunnerID, setRunner
	case "runner_name":
		return &c.RunnerName, setRunnerName
	case "user_id":
		return &c.UserID, setUser
	case "account_id":
		return &c.AccountID, setAccount
	case "service_account_id":
		return &c.ServiceAccountID, setServiceAccount
	case "creator_principal":
		return &c.CreatorPrincipal, setCreatorPrincipal
	case "creator_id":
		return &c.CreatorID, setCreator
	case "creator_email":
		return &c.CreatorEmail, setCreatorEmail
	case "creator_name":
		return &c.CreatorName, setCreatorName
	case "creator_idp":
		return &c.CreatorIDP, setCreatorIDP
	case "email":
		return &c.Email, setEmail
	case "name":
		return &c.Name, setName
	case "idp":
		return &c.IDP, setIDP
	}
	return nil, 0
}

// isClaim reports whether name is that of a claim that Parse knows.
func isClaim(name string) bool {
	switch name {
	case "aud", "exp", "iat", "nbf", "gsub", "creator_idp_claims", "idp_claims", "environment_initializers":
		return true
	}
	var c Claims
	dst, _ := c.text(name)
	return dst != nil
}

// field returns the value of the string claim that a field of a V3 subject
// names, and whether there is one.
func (c *Claims) field(name string) (string, bool) {
	if dst, bit := c.text(name); bit != 0 {
		return *dst, *dst != "" || c.empty&bit != 0
	}
	head, path, _ := strings.Cut(name, ".")
	switch head {
	case "creator_idp_claims":
		return nested(c.CreatorIDPClaims, path)
	case "idp_claims":
		return nested(c.IDPClaims, path)
	}
	// environment_initializers is an array, which has no members to go into.
	return "", false
}

// nested returns the string that a dotted path leads to in raw.
func nested(raw json.RawMessage, path string) (string, bool) {
	p := scanner{s: string(raw)}
	var (
		value string
		found bool
	)
	if !p.text(p.follow(path, 1, &value, &found)) {
		return "", false
	}
	return value, found
}

// follow returns the function that reads the members of an object at nesting
// level depth and keeps the string that path leads to. It is one pass, as whoever
// wrote the token chose how long the paths in its subject are.
func (p *scanner) follow(path string, depth int, dst *string, found *bool) func(string, int) bool {
	step, rest, more := strings.Cut(path, ".")
	return func(name string, _ int) bool {
		switch {
		case name != step || p.i == len(p.s):
		case more && p.s[p.i] == '{':
			return p.object(depth+1, p.follow(rest, depth+1, dst, found))
		case !more && p.s[p.i] == '"':
			*found = true
			return p.looseText(dst, depth)
		}
		return p.skip(depth)
	}
}

// parsePayload is Parse of a payload whose size was checked.
func parsePayload(payload string) (Claims, error) {
	p := scanner{s: payload}
	c := Claims{raw: payload}
	if !p.text(func(name string, at int) bool { return p.claim(&c, name, at) }) {
		return Claims{}, p.err("payload")
	}
	if c.OrganizationID == "" && c.empty&setOrganization == 0 {
		c.OrganizationID = c.org
	}
	return c, nil
}

// claim reads the value of the claim whose name is at offset at.
func (p *scanner) claim(c *Claims, name string, at int) bool {
	if dst, bit := c.text(name); dst != nil {
		return p.textClaim(dst, c, bit, name)
	}
	switch name {
	case "aud":
		return p.audience(&c.Audience)
	case "exp":
		return p.date(&c.Expiry, name)
	case "iat":
		return p.date(&c.IssuedAt, name)
	case "nbf":
		return p.date(&c.NotBefore, name)
	case "creator_idp_claims":
		return p.raw(&c.CreatorIDPClaims)
	case "idp_claims":
		return p.raw(&c.IDPClaims)
	case "environment_initializers":
		return p.initializers(&c.EnvironmentInitializers)
	case "gsub":
		return p.gsub(&c.GSub)
	}
	if known := foldedTo(name); known != "" && isClaim(known) {
		return p.fail(at, "member name differs from "+known+" only in case")
	}
	return p.skip(1)
}

// foldedTo returns what name is without regard to case, or "" if that is name
// itself. Both ways are needed: there are letters that become an ASCII letter in
// upper case only.
func foldedTo(name string) string {
	for i := range len(name) {
		if c := name[i]; 'A' <= c && c <= 'Z' || c >= utf8.RuneSelf {
			return strings.ToLower(strings.ToUpper(name))
		}
	}
	return ""
}

// null reads a null, if that is the next value, and reports whether it was.
func (p *scanner) null() bool {
	return p.i < len(p.s) && p.s[p.i] == 'n' && p.literal("null")
}

// textClaim reads a string into dst.
func (p *scanner) textClaim(dst *string, c *Claims, bit fieldSet, name string) bool {
	if p.i < len(p.s) && p.s[p.i] == '"' {
		s, ok := p.str()
		if *dst = s; s == "" {
			c.empty |= bit
		}
		return ok
	}
	return p.null() || p.fail(p.i, name+" is not a string")
}

// audience reads a string or an array of strings (RFC 7519, section 4.1.3).
func (p *scanner) audience(dst *[]string) bool {
	switch {
	case p.i == len(p.s):
	case p.s[p.i] == '"':
		s, ok := p.str()
		if ok {
			*dst = []string{s}
		}
		return ok
	case p.s[p.i] == '[':
		return p.array(2, func() bool {
			if p.i == len(p.s) || p.s[p.i] != '"' {
				return p.fail(p.i, "aud has an element that is not a string")
			}
			s, ok := p.str()
			*dst = append(*dst, s)
			return ok
		})
	}
	return p.null() || p.fail(p.i, "aud is neither a string nor an array of strings")
}

// date reads a NumericDate (RFC 7519, section 2): seconds since 1970, which may
// have a fraction. Nanoseconds are kept, what is finer is cut off.
func (p *scanner) date(dst *time.Time, name string) bool {
	at := p.i
	if p.null() {
		return true
	}
	if c := p.s[min(at, len(p.s)-1)]; at == len(p.s) || c != '-' && (c < '0' || c > '9') {
		return p.fail(at, name+" is not a number")
	}
	text, ok := p.number()
	if !ok {
		return false
	}
	sec, nsec, ok := numericDate(text)
	if !ok {
		return p.fail(at, name+" is not between the years 1970 and 9999")
	}
	*dst = time.Unix(sec, nsec).UTC()
	return true
}

// numericDate returns the seconds and nanoseconds of a JSON number.
func numericDate(text string) (sec, nsec int64, ok bool) {
	if strings.ContainsAny(text, "eE") {
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || f < 0 || f > maxDate || math.Signbit(f) {
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

// raw reads any value and keeps its text. Null leaves dst as it is.
func (p *scanner) raw(dst *json.RawMessage) bool {
	start := p.i
	if p.null() {
		return true
	}
	if !p.skip(1) {
		return false
	}
	*dst = json.RawMessage(p.s[start:p.i])
	return true
}

// initializers reads environment_initializers. The forms of its entries are
// known from samples only, so what has another form is left out and is no fault.
func (p *scanner) initializers(dst *[]Initializer) bool {
	if p.i == len(p.s) || p.s[p.i] != '[' {
		return p.skip(1)
	}
	return p.array(2, func() bool {
		if p.i == len(p.s) || p.s[p.i] != '{' {
			return p.skip(2)
		}
		*dst = append(*dst, Initializer{})
		e := &(*dst)[len(*dst)-1]
		return p.object(3, func(name string, _ int) bool {
			switch {
			case name == "context_url":
				return p.looseText(&e.ContextURL, 3)
			case name == "git" && p.i < len(p.s) && p.s[p.i] == '{':
				return p.object(4, func(name string, _ int) bool {
					switch name {
					case "remote_uri":
						return p.looseText(&e.RemoteURI, 4)
					case "upstream_remote_uri":
						return p.looseText(&e.UpstreamRemoteURI, 4)
					}
					return p.skip(4)
				})
			}
			return p.skip(3)
		})
	})
}

// gsub reads the claim gsub of V1 tokens, whose form is not documented.
func (p *scanner) gsub(dst *LegacySubject) bool {
	if p.i == len(p.s) || p.s[p.i] != '{' {
		return p.skip(1)
	}
	return p.object(2, func(name string, _ int) bool {
		switch name {
		case "principal":
			return p.looseText(&dst.Principal, 2)
		case "id":
			return p.looseText(&dst.ID, 2)
		}
		return p.skip(2)
	})
}

// looseText reads any value at nesting level depth and keeps it if it is a
// string.
func (p *scanner) looseText(dst *string, depth int) bool {
	if p.i < len(p.s) && p.s[p.i] == '"' {
		s, ok := p.str()
		*dst = s
		return ok
	}
	return p.skip(depth)
}

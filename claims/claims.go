package claims

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/onafed/onafed/internal/quote"
)

// Version is a version of Ona's ID tokens.
type Version int

// The versions. VersionUnknown is that of a token whose claims fit none of them,
// such as one of another issuer.
const (
	VersionUnknown Version = iota
	V1
	V2
	V3
)

// String returns "V1", "V2", "V3", or "unknown" for every other value.
func (v Version) String() string {
	switch v {
	case V1:
		return "V1"
	case V2:
		return "V2"
	case V3:
		return "V3"
	default:
		return "unknown"
	}
}

// Initializer is one entry of the claim environment_initializers: what an
// environment was made from. Fields that an entry does not have, or not as a
// string, are empty.
type Initializer struct {
	RemoteURI         string // git.remote_uri
	UpstreamRemoteURI string // git.upstream_remote_uri
	ContextURL        string // context_url
}

// LegacySubject is the claim gsub of V1 tokens: the principal by its kind and
// id.
type LegacySubject struct {
	Principal string // such as "environment"
	ID        string
}

// Claims is what the payload of an ID token says. The fields are those of all
// versions of Ona's tokens; one that the token does not have is zero. Claims that
// have no field here are kept, see [Claims.Decode] and [Claims.Payload].
//
// Claims hold personal data: Email, Name, IDP and what begins with Creator, and
// in a V3 token Subject as well. So they print and log redacted, and
// [json.Marshal] of them is an error that points to [Claims.Payload]. That is of
// no help where Claims are in an unexported field of another struct, as package
// fmt prints those without asking them.
//
// The methods do not change Claims and may be called concurrently. They go by the
// fields, which a program may also set itself, but for Decode and Payload.
type Claims struct {
	Issuer          string   // iss
	Subject         string   // sub; may hold personal data
	Audience        []string // aud: a string in V2, an array in V3
	AuthorizedParty string   // azp

	Expiry    time.Time // exp, UTC
	IssuedAt  time.Time // iat, UTC
	NotBefore time.Time // nbf, UTC

	OrganizationID   string // organization_id; in V1 and V2 the claim is org
	ProjectID        string // project_id
	EnvironmentID    string // environment_id
	RunnerID         string // runner_id
	RunnerName       string // runner_name
	UserID           string // user_id
	AccountID        string // account_id
	ServiceAccountID string // service_account_id

	CreatorPrincipal string          // creator_principal: kind of the creator, such as "user"
	CreatorID        string          // creator_id
	CreatorEmail     string          // creator_email
	CreatorName      string          // creator_name
	CreatorIDP       string          // creator_idp: issuer URL
	CreatorIDPClaims json.RawMessage // creator_idp_claims: normally an object

	Email     string          // email
	Name      string          // name
	IDP       string          // idp: issuer URL
	IDPClaims json.RawMessage // idp_claims: normally an object

	EnvironmentInitializers []Initializer // environment_initializers
	GSub                    LegacySubject // gsub

	raw   string   // the payload
	org   string   // the claim org, so that it can be told from organization_id
	empty fieldSet // string claims that are there and empty
}

// Payload returns the payload of the token as it was read: the JSON text of all
// claims, personal data among them. The slice is the caller's own. It is nil for
// Claims that were not parsed.
func (c Claims) Payload() []byte {
	if c.raw == "" {
		return nil
	}
	return []byte(c.raw)
}

// Decode stores the claims in v as [json.Unmarshal] does, which gives access to
// claims that Ona adds for an organization or in the future. Numbers that end up
// in an interface are of type [json.Number], so that a map[string]any prints as
// the token has it. It is an error for Claims that were not parsed. The message of
// an error shows no value of a claim; the error of package json can be matched
// with [errors.As].
func (c Claims) Decode(v any) error {
	if c.raw == "" {
		return errors.New("claims: decode: no payload")
	}
	d := json.NewDecoder(strings.NewReader(c.raw))
	d.UseNumber()
	if err := d.Decode(v); err != nil {
		return decodeError(err)
	}
	return nil
}

// decodeError keeps values of claims out of the message of a failed decoding:
// json's own shows the number or string that did not fit, and so may that of a
// type which decodes itself.
func decodeError(err error) error {
	var (
		badType  *json.UnmarshalTypeError
		badValue *json.InvalidUnmarshalError
	)
	switch {
	case errors.As(err, &badType):
		return &quietError{"claims: decode: claim " + quoted(badType.Field) + " does not fit a Go value of type " + badType.Type.String(), err}
	case errors.As(err, &badValue):
		return fmt.Errorf("claims: decode: %w", err)
	default:
		return &quietError{"claims: decode: a claim does not fit its Go value", err}
	}
}

// quietError is an error with a message of its own that can still be matched.
type quietError struct {
	msg string
	err error
}

func (e *quietError) Error() string { return e.msg }
func (e *quietError) Unwrap() error { return e.err }

// Format prints the message under each verb, so that none shows the error inside.
func (e *quietError) Format(f fmt.State, verb rune) { formatText(f, verb, e.msg) }

// UnmarshalJSON sets c to the claims in data, as [Parse] reads them. After an
// error c is as it was.
func (c *Claims) UnmarshalJSON(data []byte) error {
	parsed, err := Parse(data)
	if err != nil {
		return err
	}
	*c = parsed
	return nil
}

// MarshalJSON always fails: what a token says of a person should not end up in a
// log or an answer because a struct around it was marshalled. Write
// [Claims.Payload], which is JSON, where that is meant.
func (c Claims) MarshalJSON() ([]byte, error) {
	return nil, errors.New("claims: Claims are not marshalled, as they hold personal data; use Payload")
}

// Version tells the version of the token from the form of its subject, or, if
// that is none of Ona's, from the claims that only one version has.
func (c Claims) Version() Version {
	if strings.HasPrefix(c.Subject, string(KeyOrganization)+":") {
		if _, err := ParseSubject(c.Subject); err == nil {
			return V2
		}
		// A damaged V2 subject is not made good by other claims.
		return VersionUnknown
	}
	if name, rest, _ := strings.Cut(c.Subject, ":"); formOf(name) == formID && hasIDAt(rest) {
		return V3
	}
	if _, ok := parseSubjectV1(c.Subject); ok {
		return V1
	}
	switch {
	case c.flatKind() != KindUnknown, c.OrganizationID != "" && c.org == "":
		return V3
	case c.GSub != LegacySubject{}:
		return V1
	default:
		return VersionUnknown
	}
}

// flatKind returns the kind of principal that the flat claims name. The token of
// an environment may also name its runner, its user and their account, and that
// of a user the account, so the order matters.
func (c *Claims) flatKind() Kind {
	switch {
	case c.EnvironmentID != "":
		return KindEnvironment
	case c.ServiceAccountID != "":
		return KindServiceAccount
	case c.UserID != "":
		return KindUser
	case c.AccountID != "":
		return KindAccount
	case c.RunnerID != "":
		return KindRunner
	default:
		return KindUnknown
	}
}

// String describes c without personal data. The form may change.
func (c Claims) String() string {
	var b strings.Builder
	sub := RedactSubject(c.Subject)
	_, _ = fmt.Fprintf(&b, "%v token: iss %s, sub %s, aud", c.Version(), quoted(c.Issuer), quote.Redacted(sub, len(sub)))
	for i, aud := range c.Audience {
		if i == maxListed {
			b.WriteString(" ...")
			break
		}
		b.WriteString(" " + quoted(aud))
	}
	if !c.Expiry.IsZero() {
		b.WriteString(", exp " + c.Expiry.UTC().Format(time.RFC3339))
	}
	return b.String()
}

// maxListed bounds the audiences that are shown.
const maxListed = 8

// Format prints c as [Claims.String] describes it under each verb, so that none
// shows the fields.
func (c Claims) Format(f fmt.State, verb rune) { formatText(f, verb, c.String()) }

// LogValue implements [slog.LogValuer]: a group of what identifies the token,
// without personal data.
func (c Claims) LogValue() slog.Value {
	aud := make([]string, 0, maxListed)
	for _, a := range c.Audience[:min(len(c.Audience), maxListed)] {
		aud = append(aud, unquoted(a))
	}
	return slog.GroupValue(
		slog.String("version", c.Version().String()),
		slog.String("iss", unquoted(c.Issuer)),
		slog.String("sub", RedactSubject(c.Subject)),
		slog.Any("aud", aud),
		slog.Time("iat", c.IssuedAt),
		slog.Time("exp", c.Expiry),
	)
}

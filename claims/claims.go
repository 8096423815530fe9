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

// Initializer is one entry of the claim environment_initializers: a source from which the
// environment was created. A field is empty if the entry does not have it as a string.
type Initializer struct {
	RemoteURI         string // git.remote_uri
	UpstreamRemoteURI string // git.upstream_remote_uri
	ContextURL        string // context_url
}

// LegacySubject is the claim gsub of V1 tokens: the kind and the id of the principal.
type LegacySubject struct {
	Principal string // such as "environment"
	ID        string
}

// Claims are the claims in the payload of an ID token. The fields are those of all versions of
// Ona's tokens. A field is zero if the token does not have the claim. [Claims.Decode] and
// [Claims.Payload] give access to claims that have no field here.
//
// Claims hold personal data: Email, Name, IDP, the fields whose names begin with Creator, and in a
// V3 token also Subject. So they print and log redacted, and [json.Marshal] of them is an error
// that points to [Claims.Payload]. This does not protect Claims in an unexported field of another
// struct, because package fmt prints such a field without calling its methods. Nor does it protect
// from other encoders: encoding/xml and encoding/gob write all exported fields.
//
// The methods do not change Claims and are safe for concurrent use. Except for Decode and Payload
// they use the fields only, which a program may also set itself.
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
	org   string   // the claim org, which V1 and V2 have instead of organization_id
	empty []string // names of the string claims that are present and empty
}

// Payload returns the payload of the token as it was read: the JSON text of all claims, with
// personal data. The caller owns the slice. It is nil for Claims that were not parsed.
func (c Claims) Payload() []byte {
	if c.raw == "" {
		return nil
	}
	return []byte(c.raw)
}

// Decode stores the claims in v as [json.Unmarshal] does. It gives access to claims that Ona adds
// for an organization or in the future. Numbers in an interface have the type [json.Number], so
// that a map[string]any prints as in the token. It fails for Claims that were not parsed. The
// message of an error shows no value of a claim. [errors.As] finds the error of package json.
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

// decodeError returns err with a message that has no values of claims. The message of package json
// shows the number or string that did not fit, and the message of a type that decodes itself may do
// so.
func decodeError(err error) error {
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return &quietError{"claims: decode: claim " + quoted(e.Field) + " does not fit a Go value of type " + e.Type.String(), err}
	}
	if _, ok := errors.AsType[*json.InvalidUnmarshalError](err); ok {
		return fmt.Errorf("claims: decode: %w", err)
	}
	return &quietError{"claims: decode: a claim does not fit its Go value", err}
}

// quietError is an error with another message. errors.Is and errors.As find the original error in
// it.
type quietError struct {
	msg string
	err error
}

func (e *quietError) Error() string { return e.msg }
func (e *quietError) Unwrap() error { return e.err }

// Format prints the message for every verb, so that no verb shows the error inside.
func (e *quietError) Format(f fmt.State, verb rune) { formatText(f, verb, e.msg) }

// UnmarshalJSON sets c to the claims in data, as [Parse] reads them. On error c is unchanged.
func (c *Claims) UnmarshalJSON(data []byte) error {
	parsed, err := Parse(data)
	if err != nil {
		return err
	}
	*c = parsed
	return nil
}

// MarshalJSON always returns an error, so that marshaling a struct that contains the claims does not
// put personal data into a log or a response. To write the claims as JSON, use [Claims.Payload].
func (c Claims) MarshalJSON() ([]byte, error) {
	return nil, errors.New("claims: Claims are not marshalled, because they hold personal data; use Payload")
}

// String describes c without personal data. The wording may change.
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

// maxListed bounds the number of audiences that are shown.
const maxListed = 8

// Format prints [Claims.String] for every verb, so that no verb shows the fields.
func (c Claims) Format(f fmt.State, verb rune) { formatText(f, verb, c.String()) }

// LogValue implements [slog.LogValuer]. It returns a group that identifies the token, without
// personal data.
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

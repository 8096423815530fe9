package claims_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/onafed/onafed/claims"
)

func FuzzParse(f *testing.F) {
	for _, p := range []string{payloadV2, payloadV3, personalPayload, `{"gsub":{"principal":"user","id":"x"},"nbf":1.5e3,"aud":["a","b"]}`, `{"iss":"\ud83d\ude00\n","x":[{},[-1.5E+3,true,null]]}`} {
		f.Add([]byte(p))
	}
	for _, tt := range refusedPayloads {
		if len(tt.in) < 1000 {
			f.Add([]byte(tt.in))
		}
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		c, err := claims.Parse(in)
		if err != nil {
			var pe *claims.ParseError
			if !errors.As(err, &pe) || pe.Offset < 0 || pe.Offset > len(in) || pe.Reason == "" {
				t.Fatalf("Parse = %#v", err)
			}
			if diffClaims(claims.Claims{}, c) != "" || c.Payload() != nil {
				t.Fatalf("Parse returned claims with the error %v", err)
			}
			// A text that is refused for its syntax is not JSON for encoding/json either.
			if isSyntaxFault(pe.Reason) && json.Valid(in) {
				t.Fatalf("Parse(%q) = %v, and encoding/json accepts it", in, err)
			}
			return
		}
		if !bytes.Equal(c.Payload(), in) {
			t.Fatalf("Payload() = %q", c.Payload())
		}
		checkAgainstJSON(t, in, c)
		again, err := claims.Parse(c.Payload())
		if diff := diffClaims(c, again); err != nil || diff != "" {
			t.Fatalf("parsed again: %v\n%s", err, diff)
		}
		if id, err := c.Identity(); err == nil {
			if kind, sid, err := claims.ParseSessionName(id.SessionName()); err != nil || kind != id.Kind() || sid != id.ID() {
				t.Fatalf("session name %q: %v", id.SessionName(), err)
			}
		} else if !id.IsZero() {
			t.Fatalf("Identity() = %v with the error %v", id, err)
		}
		if text := c.String(); !utf8.ValidString(text) || len(text) > 4000 {
			t.Fatalf("String() = %q", text)
		}
		_ = c.Validate(time.Unix(1, 0), claims.Expected{Issuer: "i", Audiences: []string{"a"}, Organizations: []string{orgID}, Projects: []string{projID}})
	})
}

// isSyntaxFault reports whether reason is about the grammar of JSON.
func isSyntaxFault(reason string) bool {
	for _, r := range []string{
		"expected", "not a JSON value", "without an end", "follows the end", "control character", "escape sequence", "leading zero",
	} {
		if strings.Contains(reason, r) {
			return true
		}
	}
	return false
}

// jsonClaims are the members of a payload as encoding/json finds them.
type jsonClaims map[string]json.RawMessage

// has reports whether the payload has the claim, with a value other than null.
func (j jsonClaims) has(name string) bool { return len(j[name]) > 0 && string(j[name]) != "null" }

// text returns the claim if it is a string, and "" if the payload does not have it. A value of
// another type is right only if it is not a registered claim and the token is of another issuer; it
// counts as "".
func (j jsonClaims) text(t *testing.T, name string) string {
	t.Helper()
	if !j.has(name) {
		return ""
	}
	var s string
	if err := json.Unmarshal(j[name], &s); err == nil {
		return s
	}
	registered := name == "iss" || name == "sub"
	if registered || j.text(t, "iss") == "" || j.text(t, "iss") == "https://app.gitpod.io" {
		t.Fatalf("Parse accepts the value %s of %s", j[name], name)
	}
	return ""
}

// date returns the claim as a number, or nil if the payload does not have it.
func (j jsonClaims) date(t *testing.T, name string) *float64 {
	t.Helper()
	var v *float64
	if j.has(name) {
		if err := json.Unmarshal(j[name], &v); err != nil {
			t.Fatalf("Parse accepts the value %s of %s", j[name], name)
		}
	}
	return v
}

// checkAgainstJSON compares c with the values that encoding/json finds in the payload.
func checkAgainstJSON(t *testing.T, in []byte, c claims.Claims) {
	t.Helper()
	var want jsonClaims
	if err := json.Unmarshal(in, &want); err != nil {
		t.Fatalf("encoding/json refuses %q: %v", in, err)
	}
	organization := "org"
	if want.has("organization_id") {
		organization = "organization_id"
	}
	for _, v := range []struct{ got, name string }{
		{c.Issuer, "iss"},
		{c.Subject, "sub"},
		{c.AuthorizedParty, "azp"},
		{c.OrganizationID, organization},
		{c.ProjectID, "project_id"},
		{c.EnvironmentID, "environment_id"},
		{c.RunnerID, "runner_id"},
		{c.RunnerName, "runner_name"},
		{c.UserID, "user_id"},
		{c.AccountID, "account_id"},
		{c.ServiceAccountID, "service_account_id"},
		{c.CreatorPrincipal, "creator_principal"},
		{c.CreatorID, "creator_id"},
		{c.CreatorEmail, "creator_email"},
		{c.CreatorName, "creator_name"},
		{c.CreatorIDP, "creator_idp"},
		{c.Email, "email"},
		{c.Name, "name"},
		{c.IDP, "idp"},
	} {
		if text := want.text(t, v.name); v.got != text {
			t.Fatalf("%q: %s is %q, encoding/json finds %q", in, v.name, v.got, text)
		}
	}
	var aud []string
	if want.has("aud") {
		var one string
		if err := json.Unmarshal(want["aud"], &one); err == nil {
			aud = []string{one}
		} else if err := json.Unmarshal(want["aud"], &aud); err != nil {
			t.Fatalf("Parse accepts the value %s of aud", want["aud"])
		}
	}
	if !slices.Equal(aud, c.Audience) {
		t.Fatalf("%q: aud %q, encoding/json finds %q", in, c.Audience, aud)
	}
	checkDates(t, in, c, want)
}

func checkDates(t *testing.T, in []byte, c claims.Claims, want jsonClaims) {
	t.Helper()
	for _, v := range []struct {
		got  time.Time
		want *float64
	}{{c.Expiry, want.date(t, "exp")}, {c.IssuedAt, want.date(t, "iat")}, {c.NotBefore, want.date(t, "nbf")}} {
		if v.want == nil {
			if !v.got.IsZero() {
				t.Fatalf("%q: %v, and encoding/json finds none", in, v.got)
			}
			continue
		}
		got := float64(v.got.Unix()) + float64(v.got.Nanosecond())/1e9
		if math.Abs(got-*v.want) > 1e-4 {
			t.Fatalf("%q: %v is %f, encoding/json finds %f", in, v.got, got, *v.want)
		}
	}
}

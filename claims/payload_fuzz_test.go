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

// jsonClaims are the claims as encoding/json reads them.
type jsonClaims struct {
	Issuer           string          `json:"iss"`
	Subject          string          `json:"sub"`
	AuthorizedParty  string          `json:"azp"`
	Org              string          `json:"org"`
	OrganizationID   *string         `json:"organization_id"`
	ProjectID        string          `json:"project_id"`
	EnvironmentID    string          `json:"environment_id"`
	RunnerID         string          `json:"runner_id"`
	RunnerName       string          `json:"runner_name"`
	UserID           string          `json:"user_id"`
	AccountID        string          `json:"account_id"`
	ServiceAccountID string          `json:"service_account_id"`
	CreatorPrincipal string          `json:"creator_principal"`
	CreatorID        string          `json:"creator_id"`
	CreatorEmail     string          `json:"creator_email"`
	CreatorName      string          `json:"creator_name"`
	CreatorIDP       string          `json:"creator_idp"`
	Email            string          `json:"email"`
	Name             string          `json:"name"`
	IDP              string          `json:"idp"`
	Audience         json.RawMessage `json:"aud"`
	Expiry           *float64        `json:"exp"`
	IssuedAt         *float64        `json:"iat"`
	NotBefore        *float64        `json:"nbf"`
}

// checkAgainstJSON compares c with the values that encoding/json finds in the payload.
func checkAgainstJSON(t *testing.T, in []byte, c claims.Claims) {
	t.Helper()
	var want jsonClaims
	if err := json.Unmarshal(in, &want); err != nil {
		t.Fatalf("encoding/json refuses %q: %v", in, err)
	}
	if want.OrganizationID == nil {
		want.OrganizationID = &want.Org
	}
	for _, v := range [][2]string{
		{c.Issuer, want.Issuer},
		{c.Subject, want.Subject},
		{c.AuthorizedParty, want.AuthorizedParty},
		{c.OrganizationID, *want.OrganizationID},
		{c.ProjectID, want.ProjectID},
		{c.EnvironmentID, want.EnvironmentID},
		{c.RunnerID, want.RunnerID},
		{c.RunnerName, want.RunnerName},
		{c.UserID, want.UserID},
		{c.AccountID, want.AccountID},
		{c.ServiceAccountID, want.ServiceAccountID},
		{c.CreatorPrincipal, want.CreatorPrincipal},
		{c.CreatorID, want.CreatorID},
		{c.CreatorEmail, want.CreatorEmail},
		{c.CreatorName, want.CreatorName},
		{c.CreatorIDP, want.CreatorIDP},
		{c.Email, want.Email},
		{c.Name, want.Name},
		{c.IDP, want.IDP},
	} {
		if v[0] != v[1] {
			t.Fatalf("%q: %q, encoding/json finds %q", in, v[0], v[1])
		}
	}
	var aud []string
	if len(want.Audience) > 0 && want.Audience[0] == '"' {
		aud = make([]string, 1)
		if err := json.Unmarshal(want.Audience, &aud[0]); err != nil {
			t.Fatal(err)
		}
	} else if len(want.Audience) > 0 {
		if err := json.Unmarshal(want.Audience, &aud); err != nil {
			t.Fatal(err)
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
	}{{c.Expiry, want.Expiry}, {c.IssuedAt, want.IssuedAt}, {c.NotBefore, want.NotBefore}} {
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

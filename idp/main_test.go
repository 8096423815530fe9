package idp_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/onafed/onafed/idp"
)

// TestMain also runs this program as the command that the tests of Exec start. A variable selects what
// it does.
func TestMain(m *testing.M) {
	if what := os.Getenv("IDP_TEST_COMMAND"); what != "" {
		os.Exit(command(what))
	}
	goleak.VerifyTestMain(m)
}

const (
	organization = "0191e223-1c3c-7607-badf-303c98b52d2f"
	project      = "019527e4-75d5-704d-a5a4-a2b52cf56198"
	environment  = "019527e4-75d5-704d-a5a4-a2b52cf56196"
	user         = "0195abcd-75d5-704d-a5a4-a2b52cf56190"
)

// rawToken returns a token for AWS of the environment that expires at exp. change replaces claims; nil
// removes one.
func rawToken(exp time.Time, change map[string]any) string {
	c := map[string]any{
		"iss": idp.Issuer, "aud": idp.AudienceAWS, "org": organization,
		"sub": "org:" + organization + "/prj:" + project + "/env:" + environment,
		"exp": exp.Unix(), "iat": exp.Add(-time.Hour).Unix(),
	}
	maps.Copy(c, change)
	maps.DeleteFunc(c, func(_ string, v any) bool { return v == nil })
	payload, err := json.Marshal(c)
	if err != nil {
		panic(err)
	}
	part := base64.RawURLEncoding.EncodeToString
	return part([]byte(`{"alg":"RS256","kid":"k0"}`)) + "." + part(payload) + "." + part([]byte(strings.Repeat("signature", 28)))
}

// token returns the parsed rawToken.
func token(tb testing.TB, exp time.Time, change map[string]any) *idp.Token {
	tb.Helper()
	tok, err := idp.ParseToken(rawToken(exp, change))
	if err != nil {
		tb.Fatalf("ParseToken of a test token: %v", err)
	}
	return tok
}

// inAnHour returns an expiry after the end of the test.
func inAnHour() time.Time { return time.Now().Add(time.Hour) }

// roundTrip is an in-memory transport.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// userSubject returns the claims of a token of a user.
func userSubject() map[string]any {
	return map[string]any{"sub": fmt.Sprintf("org:%s/user:%s", organization, user)}
}

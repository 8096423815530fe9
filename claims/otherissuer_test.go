package claims_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/onafed/onafed/claims"
)

// otherIssuer is an issuer that is not Ona's.
const otherIssuer = "https://gitlab.com"

// textClaims are Ona's own claims that are strings.
func textClaims() []string {
	return []string{
		"azp", "org", "organization_id", "project_id", "environment_id", "runner_id", "runner_name", "user_id", "account_id",
		"service_account_id", "creator_principal", "creator_id", "creator_email", "creator_name", "creator_idp", "email", "name", "idp",
	}
}

// ownClaims are all of Ona's own claims.
func ownClaims() []string {
	return append(textClaims(), "gsub", "creator_idp_claims", "idp_claims", "environment_initializers")
}

// jsonValues has a value of each JSON type, and nested ones.
func jsonValues() []string {
	return []string{`"a"`, `""`, `1`, `-1.5e3`, `true`, `false`, `null`, `{}`, `{"id":1}`, `{"git":{"remote_uri":[]}}`, `[]`, `["a"]`, `[1,{"git":null}]`}
}

// Claims of another issuer may have the names of Ona's claims and any type, before or after iss.
// The same claims in a token of Ona's issuer, or without an issuer, must have their type.
func TestTypesOfOwnClaimsBindOnasIssuer(t *testing.T) {
	t.Parallel()
	for _, name := range ownClaims() {
		for _, value := range jsonValues() {
			member := fmt.Sprintf("%q:%s", name, value)
			for _, payload := range []string{
				`{"iss":"` + otherIssuer + `","sub":"a","aud":"x","exp":1895734000,` + member + `}`,
				`{` + member + `,"sub":"a","aud":"x","exp":1895734000,"iss":"` + otherIssuer + `"}`,
			} {
				checkForeign(t, payload, name, value)
			}
			fits := value[0] == '"' || value == "null" || name == "gsub" || strings.HasSuffix(name, "_claims") || name == "environment_initializers"
			for _, payload := range []string{
				`{` + member + `,"iss":"https://app.gitpod.io"}`, `{"iss":"https://app.gitpod.io",` + member + `}`,
				`{` + member + `}`, `{` + member + `,"iss":""}`, `{` + member + `,"iss":null}`,
			} {
				_, err := claims.Parse([]byte(payload))
				if pe, ok := errors.AsType[*claims.ParseError](err); fits != (err == nil) || err != nil && (!ok || payload[pe.Offset:][:len(value)] != value) {
					t.Errorf("Parse(%s) = %v, want an error: %v", payload, err, !fits)
				}
			}
		}
	}
}

func checkForeign(t *testing.T, payload, name, value string) {
	t.Helper()
	c := mustParse(t, payload)
	var all map[string]json.RawMessage
	if err := c.Decode(&all); err != nil || string(all[name]) != value {
		t.Errorf("Decode of %s gives %s, %v", payload, all[name], err)
	}
	if c.Subject != "a" || c.Issuer != otherIssuer || c.Audience[0] != "x" || c.Expiry.Unix() != 1895734000 {
		t.Errorf("Parse(%s) = %v", payload, c)
	}
	if v := c.Version(); v != claims.VersionUnknown {
		t.Errorf("Version of %s = %v", payload, v)
	}
	if err := c.Validate(time.Unix(1, 0), claims.Expected{Issuer: otherIssuer, Audiences: []string{"x"}}); err != nil {
		t.Errorf("Validate of %s = %v", payload, err)
	}
	if value[0] == '"' || name == "idp_claims" || name == "creator_idp_claims" {
		return
	}
	bare := mustParse(t, `{"iss":"`+otherIssuer+`","sub":"a","aud":"x","exp":1895734000}`)
	if diff := diffClaims(bare, c); diff != "" && name != "gsub" && name != "environment_initializers" {
		t.Errorf("the value of another type is in a field of %s:\n%s", payload, diff)
	}
}

// A claim of another issuer may differ from one of Ona's only in case. Registered claims may not.
func TestCaseOfOwnClaimsBindsOnasIssuer(t *testing.T) {
	t.Parallel()
	for _, name := range ownClaims() {
		member := fmt.Sprintf("%q:1", strings.ToUpper(name[:1])+name[1:])
		mustParse(t, `{"iss":"`+otherIssuer+`",`+member+`}`)
		if _, err := claims.Parse([]byte(`{` + member + `,"iss":"https://app.gitpod.io"}`)); err == nil {
			t.Errorf("Parse accepts %s in a token of Ona's issuer", member)
		}
	}
	for _, member := range []string{`"Department":1`, `"organization-ID":1`, `"é":1`} {
		mustParse(t, `{"iss":"https://app.gitpod.io",`+member+`}`) // not a claim in another case
	}
	for _, name := range []string{"orgAnization_id", "organiZation_id", "creator_emaiL"} {
		if _, err := claims.Parse([]byte(`{"` + name + `":1}`)); err == nil {
			t.Errorf("Parse accepts %s", name)
		}
	}
	for _, name := range []string{"Iss", "Sub", "Aud", "Exp", "Nbf", "Iat"} {
		if _, err := claims.Parse([]byte(`{"iss":"` + otherIssuer + `","` + name + `":null}`)); err == nil {
			t.Errorf("Parse accepts %s in a token of another issuer", name)
		}
	}
}

// The types of registered claims bind every issuer.
func TestTypesOfRegisteredClaimsBindAllIssuers(t *testing.T) {
	t.Parallel()
	for name, fits := range map[string]string{"sub": `"a" ""`, "aud": `"a" "" [] ["a"]`, "exp": "1", "nbf": "1", "iat": "1"} {
		for _, value := range jsonValues() {
			want := value == "null"
			for _, f := range strings.Fields(fits) {
				want = want || f == value
			}
			payload := fmt.Sprintf(`{"iss":%q,%q:%s}`, otherIssuer, name, value)
			if _, err := claims.Parse([]byte(payload)); (err == nil) != want {
				t.Errorf("Parse(%s) = %v, want success: %v", payload, err, want)
			}
		}
	}
}

// Subjects and organizations of another issuer have no meaning unless the caller expects Ona's.
func TestValidateOtherIssuer(t *testing.T) {
	t.Parallel()
	for _, own := range []string{
		`"sub":"org:1/prj:2"`, `"sub":"org:"`, `"sub":"org:acme"`, `"sub":"organization_id:"`, `"sub":"organization_id:5:project_id:6"`,
		`"sub":"` + subV2 + `"`, `"sub":"a","org":"acme","organization_id":"7"`, `"sub":"user:` + orgID + `:` + userID + `","org":"acme"`,
		`"sub":"` + subV2 + `","organization_id":"` + projID + `"`,
	} {
		payload := `{"exp":1895734000,` + own + `,"iss":"` + otherIssuer + `"}`
		c := mustParse(t, payload)
		if err := c.Validate(time.Unix(1, 0), claims.Expected{Issuer: otherIssuer}); err != nil {
			t.Errorf("Validate of %s = %v", payload, err)
		}
		for _, want := range []claims.Expected{{Organizations: []string{saID}}, {Projects: []string{saID}}, {Environments: []string{saID}}} {
			if c.Validate(time.Unix(1, 0), want) == nil {
				t.Errorf("Validate of %s with %+v succeeded", payload, want)
			}
		}
	}
	// The organization of a token is not taken from org if organization_id has another type.
	c := mustParse(t, `{"exp":1895734000,"org":"`+orgID+`","organization_id":7,"iss":"`+otherIssuer+`"}`)
	if err := c.Validate(time.Unix(1, 0), claims.Expected{Organizations: []string{orgID}}); err == nil || c.OrganizationID != "" {
		t.Errorf("organization %q, Validate = %v", c.OrganizationID, err)
	}
}

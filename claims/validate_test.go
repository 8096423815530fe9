package claims_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/onafed/onafed/claims"
)

// findings returns the names of the claims in the findings of err, in order.
func findings(tb testing.TB, err error) []string {
	tb.Helper()
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		tb.Fatalf("%T has no list of findings", err)
	}
	var names []string
	for _, e := range joined.Unwrap() {
		var ve *claims.ValidationError
		if !errors.As(e, &ve) {
			tb.Errorf("%v is a %T", e, e)
			continue
		}
		names = append(names, ve.Claim)
	}
	return names
}

type validateTest struct {
	name string
	c    claims.Claims
	now  time.Time
	want claims.Expected
	bad  []string
	err  error
}

func TestValidate(t *testing.T) {
	t.Parallel()
	const other = "0190bbbb-0000-7000-8000-000000000bad"
	iat, exp := time.Unix(1740514245, 0), time.Unix(1740517845, 0)
	v2 := mustParse(t, payloadV2)
	v3 := mustParse(t, strings.NewReplacer("1711929600", "1740517845", "1711926000", "1740514245").Replace(payloadV3))
	user := mustParse(t, `{"exp":1740517845,"sub":"org:`+orgID+`/user:`+userID+`"}`)
	full := claims.Expected{Issuer: "https://app.gitpod.io", Audiences: []string{"x", "sts.amazonaws.com"}, Organizations: []string{other, orgID}, Projects: []string{projID}}
	for _, tt := range []validateTest{
		{"V2, everything expected", v2, iat, full, nil, nil},
		{"V3, everything expected", v3, iat, full, nil, nil},
		{"nothing expected", v2, iat, claims.Expected{}, nil, nil},
		{"last moment", v2, exp.Add(-1), claims.Expected{}, nil, nil},
		{"expired", v2, exp, claims.Expected{}, []string{"exp"}, claims.ErrExpired},
		{"leeway", v2, exp.Add(time.Minute - 1), claims.Expected{Leeway: time.Minute}, nil, nil},
		{"expired with leeway", v2, exp.Add(time.Minute), claims.Expected{Leeway: time.Minute}, []string{"exp"}, claims.ErrExpired},
		{"leeway for exp", v2, exp.Add(2*time.Minute - 1), claims.Expected{Leeway: time.Minute, ExpiryLeeway: time.Minute}, nil, nil},
		{"no leeway for exp", v2, exp, claims.Expected{Leeway: time.Minute, ExpiryLeeway: -time.Minute}, []string{"exp"}, claims.ErrExpired},
		{"issued in the future", v2, iat.Add(-1), claims.Expected{}, []string{"iat"}, claims.ErrNotYetValid},
		{"issued in the future with leeway", v2, iat.Add(-time.Minute), claims.Expected{Leeway: time.Minute}, nil, nil},
		{"leeway for exp does not apply to iat", v2, iat.Add(-1), claims.Expected{ExpiryLeeway: time.Minute}, []string{"iat"}, claims.ErrNotYetValid},
		{"not before", mustParse(t, `{"exp":20,"nbf":10}`), time.Unix(9, 0), claims.Expected{}, []string{"nbf"}, claims.ErrNotYetValid},
		{"not before, at that moment", mustParse(t, `{"exp":20,"nbf":10}`), time.Unix(10, 0), claims.Expected{}, nil, nil},
		{"not before with leeway", mustParse(t, `{"exp":20,"nbf":10}`), time.Unix(9, 0), claims.Expected{Leeway: time.Second}, nil, nil},
		{"no exp", mustParse(t, `{}`), iat, claims.Expected{}, []string{"exp"}, nil},
		{"exp is 1970", mustParse(t, `{"exp":0}`), iat, claims.Expected{}, []string{"exp"}, claims.ErrExpired},
		{"issuer", v2, iat, claims.Expected{Issuer: "https://app.gitpod.io/"}, []string{"iss"}, nil},
		{"audience", v2, iat, claims.Expected{Audiences: []string{"sts.amazonaws.com.cn"}}, []string{"aud"}, nil},
		{"no audience", user, iat, claims.Expected{Audiences: []string{""}}, []string{"aud"}, nil},
		{"organization", v2, iat, claims.Expected{Organizations: []string{other}}, []string{"org"}, nil},
		{"V3 organization", v3, iat, claims.Expected{Organizations: []string{other}}, []string{"organization_id"}, nil},
		{"organization of sub", user, iat, claims.Expected{Organizations: []string{orgID}}, nil, nil},
		{"no organization", mustParse(t, `{"exp":1740517845}`), iat, claims.Expected{Organizations: []string{""}}, []string{"organization_id"}, nil},
		{"project", v2, iat, claims.Expected{Projects: []string{other}}, []string{"project_id"}, nil},
		{"no project", user, iat, claims.Expected{Projects: []string{""}}, []string{"project_id"}, nil},
		{"environment", v2, iat, claims.Expected{Environments: []string{other, envID}}, nil, nil},
		{"V3 environment", v3, iat, claims.Expected{Projects: []string{projID}, Environments: []string{envID}}, nil, nil},
		{"another environment", v2, iat, claims.Expected{Environments: []string{other}}, []string{"environment_id"}, nil},
		{"another project and environment", v3, iat, claims.Expected{Projects: []string{other}, Environments: []string{other}}, []string{"project_id", "environment_id"}, nil},
		{"no environment", user, iat, claims.Expected{Environments: []string{userID}}, []string{"environment_id"}, nil},
		{"no principal", mustParse(t, `{"exp":1740517845,"sub":"x"}`), iat, claims.Expected{Projects: []string{projID}}, []string{"sub"}, nil},
		{"organization against sub", mustParse(t, `{"exp":1740517845,"org":"`+other+`","sub":"`+subV2+`"}`), iat, claims.Expected{Organizations: []string{other}}, []string{"sub"}, nil},
		{"organization against a V3 sub", mustParse(t, `{"exp":1740517845,"organization_id":"`+other+`","sub":"`+baseUser+`"}`), iat, claims.Expected{}, []string{"sub"}, nil},
		{"organization against a V1 sub", mustParse(t, `{"exp":1740517845,"org":"`+other+`","sub":"user:`+orgID+`:`+userID+`"}`), iat, claims.Expected{}, []string{"sub"}, nil},
		{"two organization claims", mustParse(t, `{"exp":1740517845,"org":"`+other+`","organization_id":"`+orgID+`"}`), iat, claims.Expected{}, []string{"org"}, nil},
		{"damaged V2 sub", mustParse(t, `{"exp":1740517845,"org":"`+orgID+`","sub":"`+subV2+`/"}`), iat, claims.Expected{}, []string{"sub"}, nil},
		{"V3 sub whose organization is not an id", mustParse(t, `{"exp":1740517845,"sub":"organization_id:`+orgID+`x"}`), iat, claims.Expected{}, []string{"sub"}, nil},
		{"any other sub", mustParse(t, `{"exp":1740517845,"sub":"repo:a/b"}`), iat, claims.Expected{}, nil, nil},
		{
			"everything wrong", mustParse(t, `{"exp":1,"nbf":9e9,"iat":9e9,"iss":"i","aud":["a"],"org":"`+saID+`","sub":"org:`+saID+`/user:`+userID+`"}`),
			iat, full,
			[]string{"exp", "nbf", "iat", "iss", "aud", "org", "project_id"},
			claims.ErrExpired,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			checkValidate(t, tt)
		})
	}
}

func checkValidate(t *testing.T, tt validateTest) {
	t.Helper()
	err := tt.c.Validate(tt.now, tt.want)
	if got := findings(t, err); !slices.Equal(got, tt.bad) {
		t.Fatalf("Validate = %v, want findings about %q", err, tt.bad)
	}
	for _, sentinel := range []error{claims.ErrExpired, claims.ErrNotYetValid} {
		want := tt.err == sentinel || sentinel == claims.ErrNotYetValid && slices.Contains(tt.bad, "nbf") //nolint:errorlint // compares identity
		if got := errors.Is(err, sentinel); got != want {
			t.Errorf("errors.Is(%v, %v) = %v", err, sentinel, got)
		}
	}
}

func TestValidationErrorText(t *testing.T) {
	t.Parallel()
	c := mustParse(t, `{"iss":"https://evil.example/\u202e\u001b[31m`+strings.Repeat("é", 500)+`","aud":["a`+strings.Repeat(`","b`, 50)+`"],"exp":1}`)
	err := c.Validate(time.Unix(2, 0), claims.Expected{Issuer: "https://app.gitpod.io", Audiences: []string{"sts.amazonaws.com", ""}, Organizations: []string{orgID}})
	if err == nil {
		t.Fatal("Validate returned no error")
	}
	for line := range strings.Lines(err.Error()) {
		if len(line) > 500 || !strings.HasPrefix(line, "claims: ") || strings.ContainsAny(line, "\x1b\u202e") {
			t.Errorf("message %q", line)
		}
	}
	for _, want := range []string{
		`claims: exp: token has expired: got "1970-01-01T00:00:01Z", want after 1970-01-01T00:00:02Z`,
		`claims: iss: got "https://evil.example/\u202e\x1b[31m\u00e9\u00e9`,
		`, want "https://app.gitpod.io"`,
		` and 43 more", want one of "sts.amazonaws.com" ""`,
		`claims: organization_id: absent, want one of "` + orgID + `"`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("message without %q:\n%v", want, err)
		}
	}
}

// The value of a finding about the environment is the ID of the environment, and empty for another
// principal.
func TestValidationErrorOfEnvironment(t *testing.T) {
	t.Parallel()
	for payload, want := range map[string]string{
		`{"exp":1895734000,"sub":"` + subV2 + `"}`:                         envID,
		`{"exp":1895734000,"sub":"org:` + orgID + `/user:` + userID + `"}`: "",
	} {
		err := mustParse(t, payload).Validate(time.Unix(1, 0), claims.Expected{Environments: []string{saID}})
		var ve *claims.ValidationError
		if !errors.As(err, &ve) || ve.Claim != "environment_id" || ve.Got != want {
			t.Errorf("Validate of %s = %v, want a finding about the environment %q", payload, err, want)
		}
	}
}

func TestValidationErrorShowsSubjects(t *testing.T) {
	t.Parallel()
	for _, sub := range []string{
		"org:" + orgID + "/prj:" + projID + "/env:" + envID,
		"organization_id:" + orgID + ":project_id:" + projID + ":environment_id:" + envID,
	} {
		c := claims.Claims{Subject: sub, OrganizationID: userID, Expiry: time.Unix(2, 0)}
		if err := c.Validate(time.Unix(1, 0), claims.Expected{}); err == nil || !strings.Contains(err.Error(), `got "`+sub+`"`) {
			t.Errorf("Validate of another organization = %v, want %q in full", err, sub)
		}
	}
}

// A value in a list is shown as in the token, and escaped where it could control a terminal.
func TestValidationErrorLists(t *testing.T) {
	t.Parallel()
	c := claims.Claims{Expiry: time.Unix(2, 0), Audience: []string{`a"b"`, "c\x1b", strings.Repeat("d", 200)}}
	var ve *claims.ValidationError
	if err := c.Validate(time.Unix(1, 0), claims.Expected{Audiences: []string{"e"}}); !errors.As(err, &ve) {
		t.Fatalf("Validate = %v", err)
	}
	if want := `a"b" c\x1b ` + strings.Repeat("d", 160) + "..."; ve.Got != want {
		t.Errorf("Got = %s, want %s", ve.Got, want)
	}
}

func TestValidateLeeways(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 0)
	for _, tt := range []struct {
		name string
		c    claims.Claims
		want claims.Expected
		err  error
	}{
		{"the leeway for exp does not apply to nbf", claims.Claims{Expiry: time.Unix(2000, 0), NotBefore: time.Unix(1001, 0)}, claims.Expected{ExpiryLeeway: time.Minute}, claims.ErrNotYetValid},
		{"the leeway for exp does not apply to iat", claims.Claims{Expiry: time.Unix(2000, 0), IssuedAt: time.Unix(1001, 0)}, claims.Expected{ExpiryLeeway: time.Minute}, claims.ErrNotYetValid},
		{"leeways that overflow", claims.Claims{Expiry: time.Unix(1, 0)}, claims.Expected{Leeway: math.MinInt64, ExpiryLeeway: -1}, claims.ErrExpired},
	} {
		if err := tt.c.Validate(now, tt.want); !errors.Is(err, tt.err) {
			t.Errorf("%s: Validate = %v, want %v", tt.name, err, tt.err)
		}
	}
}

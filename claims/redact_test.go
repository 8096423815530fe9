package claims_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/onafed/onafed/claims"
)

func TestRedactSubject(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, in, want string }{
		{"empty", "", ""},
		{"V1", "environment:" + orgID + ":" + envID, "environment:" + orgID + ":" + envID},
		{"V2", subV2, subV2},
		{"V2 with an undocumented key", "org:" + orgID + "/sa:" + saID, "org:" + orgID + "/sa:" + saID},
		{"V2 with a name for an id", "org:" + orgID + "/user:jo", "org:" + orgID + "/user:…"},
		{"V2 with other text", "org:acme/jo/prj:" + projID + "/x/y/env", "org:…/prj:" + projID + "/…/env:…"},
		{"V3", baseProject, baseProject},
		{"V3 e-mail address", baseProject + ":creator_email:jo@example.com:environment_id:" + envID, baseProject + ":creator_email:…:environment_id:" + envID},
		{"V3 values with colons", baseProject + ":creator_idp:https://x:8443/y:creator_name:Jo: Doe", baseProject + ":creator_idp:…:creator_name:…"},
		{"V3 nested", baseProject + ":creator_idp_claims.department:sales:name:x", baseProject + ":…:name:…"},
		{"V3 id that is not a UUID", "organization_id:acme:project_id:" + projID + "x", "organization_id:…:project_id:…"},
		{"V3 empty value", baseUser + ":email::name:", baseUser + ":email:…:name:…"},
		{"principal", baseUser + ":creator_principal:user", baseUser + ":creator_principal:…"},
		{"text before a pair", "jo@example.com:user_id:" + userID, "…:user_id:" + userID},
		{"address alone", "jo@example.com", "…"},
		{"another issuer's", "repo:octo/hello:ref:refs/heads/main", "…"},
		{"control characters", "\x1b[2J\n", "…"},
		{"invalid UTF-8", "\xff\xfe", "…"},
	} {
		if got := claims.RedactSubject(tt.in); got != tt.want {
			t.Errorf("%s: RedactSubject(%q) = %q, want %q", tt.name, tt.in, got, tt.want)
		}
	}
	// No honest subject has so many pairs. The rest of them is left out.
	for n := range 100 {
		pair := ":project_id:" + projID
		all := "account_id:" + orgID + strings.Repeat(pair, n)
		got := claims.RedactSubject(all)
		if kept, cut := strings.CutSuffix(got, ":…"); len(got) > 1024 || !strings.HasPrefix(all, kept) || cut == (len(all) <= 952) {
			t.Errorf("%d pairs: RedactSubject = %d bytes: %q", n+1, len(got), got)
		}
	}
	for _, piece := range []string{"a:", ":", "email:x:", "project_id:" + projID + ":", "user/"} {
		for _, prefix := range []string{"", "org:" + orgID + "/"} {
			got := claims.RedactSubject(prefix + strings.Repeat(piece, 5000))
			if len(got) > 1024 || !utf8.ValidString(got) {
				t.Errorf("many %q: %d bytes", piece, len(got))
			}
		}
	}
}

// personal are texts that must not be printed.
var personal = []string{"jo@example.com", "Jo Doe", "accounts.example.com", "sales", "am8" /* as base64 or hex */, "6a6f40", "[106 111"}

// personalPayload is the payload of a V3 token with much personal data.
const personalPayload = `{"iss":"https://app.gitpod.io","sub":"organization_id:` + orgID + `:project_id:` + projID + `:creator_name:Jo Doe:creator_email:jo@example.com",` +
	`"aud":["sts.amazonaws.com"],"exp":1711929600,"organization_id":"` + orgID + `","project_id":"` + projID + `","environment_id":"` + envID + `",` +
	`"creator_email":"jo@example.com","creator_name":"Jo Doe","creator_idp":"https://accounts.example.com","creator_idp_claims":{"department":"sales"},` +
	`"email":"jo@example.com","name":"Jo Doe","idp":"https://accounts.example.com","idp_claims":{"department":"sales"}}`

// personalValues returns values of all types of this package that may hold personal data, and
// errors about them.
func personalValues(t *testing.T) map[string]any {
	t.Helper()
	c := mustParse(t, personalPayload)
	sub, err := c.SubjectV3()
	if err != nil {
		t.Fatal(err)
	}
	_, ambiguous := claims.ParseSubjectV3(c.Subject + ":name:x:runner_name:" + c.CreatorEmail)
	var ae *claims.AmbiguousSubjectError
	if !errors.As(ambiguous, &ae) {
		t.Fatal(ambiguous)
	}
	_, noV2 := claims.ParseSubject(c.Subject)
	_, noV3 := claims.Layout{}.Parse(c.Subject)
	_, _, noSession := claims.ParseSessionName("jo@example.com")
	_, noSegment := claims.SubjectFrom(claims.Organization("jo@example.com"))
	_, noBuild := claims.Layout{}.Build(claims.Claims{OrganizationID: "jo@example.com", UserID: userID})
	damaged := c
	damaged.OrganizationID, damaged.ProjectID = "jo@example.com", "jo@example.com"
	_, noIdentity := damaged.Identity()
	damaged.Subject = ""
	_, noIdentity2 := damaged.Identity()
	noSub := c
	noSub.CreatorName = "other"
	_, noSubject := noSub.SubjectV3()
	invalid := damaged.Validate(time.Unix(1e9, 0), claims.Expected{Organizations: []string{orgID}, Projects: []string{projID}})
	_, duplicate := claims.Parse([]byte(`{"jo@example.com":1,"jo@example.com":1}`))
	id, err := c.Identity()
	if err != nil {
		t.Fatal(err)
	}
	return map[string]any{
		"Claims":                      c,
		"*Claims":                     &c,
		"SubjectV3":                   sub,
		"*SubjectV3":                  &sub,
		"Pair":                        sub.Pairs[2],
		"Identity":                    id,
		"ambiguous":                   ae,
		"no V2 subject":               noV2,
		"no V3 subject":               noV3,
		"no session name":             noSession,
		"no segment":                  noSegment,
		"no base field":               noBuild,
		"no identity":                 noIdentity,
		"no identity by flat claims":  noIdentity2,
		"subject that does not agree": noSubject,
		"findings":                    invalid,
		"duplicate member":            duplicate,
	}
}

// This package prints no personal data, for any verb and any log handler. Only for %p package fmt
// does not ask the value; vet finds that.
func TestNoPersonalData(t *testing.T) {
	t.Parallel()
	type outer struct {
		V any
		S []any
	}
	for name, value := range personalValues(t) {
		if value == nil {
			t.Fatalf("%s: no value", name)
		}
		check := func(how, text string) {
			t.Helper()
			for _, p := range personal {
				if strings.Contains(text, p) {
					t.Errorf("%s, %s: %q in %s", name, how, p, text)
				}
			}
		}
		for _, v := range []any{value, outer{value, []any{value}}, map[string]any{"k": value}} {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%e", "%U", "%c", "%10.300v"} {
				check(verb, fmt.Sprintf(verb, v))
			}
			var b bytes.Buffer
			for _, h := range []slog.Handler{slog.NewTextHandler(&b, nil), slog.NewJSONHandler(&b, nil)} {
				slog.New(h).Info("m", "v", v)
			}
			check("slog", b.String())
			out, err := json.Marshal(v)
			check("json", fmt.Sprint(string(out), err))
		}
	}
}

// String and LogValue show what identifies a token.
func TestClaimsText(t *testing.T) {
	t.Parallel()
	c := mustParse(t, personalPayload)
	text := c.String()
	for _, want := range []string{"V3", `"https://app.gitpod.io"`, baseProject + ":creator_name:…:creator_email:…", `"sts.amazonaws.com"`, "2024-04-01T00:00:00Z"} {
		if !strings.Contains(text, want) {
			t.Errorf("String() = %s, without %s", text, want)
		}
	}
	if got := fmt.Sprintf("%s %v", c, &c); got != text+" "+text {
		t.Errorf("%%s %%v = %s", got)
	}
	var b bytes.Buffer
	slog.New(slog.NewJSONHandler(&b, nil)).Info("m", "token", c)
	if !strings.Contains(b.String(), `"token":{"version":"V3","iss":"https://app.gitpod.io","sub":"`+baseProject+`:creator_name:…:creator_email:…","aud":["sts.amazonaws.com"]`) {
		t.Errorf("log %s", b.String())
	}
	if got := (claims.Claims{Audience: make([]string, 100)}).String(); len(got) > 200 {
		t.Errorf("String() of 100 audiences: %s", got)
	}
	b.Reset()
	id, err := c.Identity()
	if err != nil {
		t.Fatal(err)
	}
	slog.New(slog.NewTextHandler(&b, nil)).Info("m", "id", id)
	if want := "id.kind=environment id.id=" + envID + " id.organization=" + orgID + " id.project=" + projID; !strings.Contains(b.String(), want) {
		t.Errorf("log %s, want %s", b.String(), want)
	}
}

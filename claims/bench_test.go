package claims_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/onafed/onafed/claims"
)

// The limits that the documentation states.
const (
	maxSubjectSize = 255
	maxReadings    = 16
	maxExtraFields = 50
)

const (
	orgID  = "0191e223-1c3c-7607-badf-303c98b52d2f"
	projID = "019527e4-75d5-704d-a5a4-a2b52cf56198"
	envID  = "019527e4-75d5-704d-a5a4-a2b52cf56196"
	userID = "01975431-b5e6-7f07-8cda-59a96bcb1b56"

	subV2 = "org:" + orgID + "/prj:" + projID + "/env:" + envID

	payloadV2 = `{"aud":"sts.amazonaws.com","exp":1740517845,"iat":1740514245,"iss":"https://app.gitpod.io","org":"` + orgID + `","sub":"` + subV2 + `"}`
	payloadV3 = `{"iss":"https://app.gitpod.io","sub":"organization_id:` + orgID + `:project_id:` + projID + `","aud":["sts.amazonaws.com"],` +
		`"exp":1711929600,"iat":1711926000,"organization_id":"` + orgID + `","environment_id":"` + envID + `","project_id":"` + projID + `",` +
		`"runner_id":"` + userID + `","creator_principal":"user","creator_id":"` + userID + `","creator_email":"jo@example.com",` +
		`"creator_name":"Jo Doe","creator_idp":"https://accounts.example.com","creator_idp_claims":{"groups":["eng","ops"]},` +
		`"environment_initializers":[{"git":{"remote_uri":"https://git.example.com/a/b.git"}}]}`
)

// compact returns a token in compact form. Its signature is zero bytes, as many as RS256 has.
func compact(header, payload string) string {
	e := base64.RawURLEncoding
	return e.EncodeToString([]byte(header)) + "." + e.EncodeToString([]byte(payload)) + "." + e.EncodeToString(make([]byte, 256))
}

func BenchmarkParseUnverified(b *testing.B) {
	for name, payload := range map[string]string{"V2": payloadV2, "V3": payloadV3} {
		token := compact(`{"alg":"RS256","kid":"k0"}`, payload)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := claims.ParseUnverified(token); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkParseSubject(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := claims.ParseSubject(subV2); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSubjectFrom(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := claims.SubjectFrom(claims.Organization(orgID), claims.Project(projID), claims.Environment(envID)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRedactSubject(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		claims.RedactSubject(subV2)
	}
}

func BenchmarkIdentity(b *testing.B) {
	for name, payload := range map[string]string{"V2": payloadV2, "V3": payloadV3} {
		c := mustParse(b, payload)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Identity(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkLayoutParse(b *testing.B) {
	l := mustLayout(b, "creator_email", "environment_id", "creator_name")
	for name, sub := range map[string]string{
		"plain":   baseProject + ":creator_email:jo@example.com:environment_id:" + envID + ":creator_name:Jo Doe",
		"hostile": baseProject + ":creator_name:" + strings.Repeat("x:environment_id:", 1000),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = l.Parse(sub)
			}
		})
	}
}

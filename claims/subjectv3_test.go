package claims_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/onafed/onafed/claims"
)

func TestClaimsSubjectV3(t *testing.T) {
	t.Parallel()
	victim := "0190bbbb-0000-7000-8000-000000000bad"
	c := claims.Claims{OrganizationID: orgID, EnvironmentID: envID, CreatorName: "x:project_id:" + victim, CreatorIDPClaims: []byte(`{"team":"a:b"}`)}
	l := mustLayout(t, "creator_name", "project_id", "creator_idp_claims.team")
	var err error
	if c.Subject, err = l.Build(c); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Parse(c.Subject); err == nil {
		t.Fatalf("Parse(%q) = no error, want two readings", c.Subject)
	}
	got, err := c.SubjectV3()
	if err != nil {
		t.Fatal(err)
	}
	want := pairs("organization_id", orgID, "environment_id", envID, "creator_name", "x:project_id:"+victim, "creator_idp_claims.team", "a:b")
	if diff := cmp.Diff(plainPairs(want), plainPairs(got.Pairs)); diff != "" || got.Kind != claims.KindEnvironment || got.Raw != c.Subject {
		t.Errorf("SubjectV3 (-want +got):\n%s", diff)
	}

	for _, tt := range []struct {
		name, sub string
		change    func(*claims.Claims)
	}{
		{"empty", "", nil},
		{"V2", subV2, nil},
		{"no pairs", "x", nil},
		{"another organization", "organization_id:" + victim + ":environment_id:" + envID, nil},
		{"absent claim", baseEnv + ":project_id:" + victim, nil},
		{"another project", baseProject, func(c *claims.Claims) { c.ProjectID = victim }},
		{"text follows the value", baseEnv + "0", nil},
		{"a pair follows the value without a colon", baseEnv + "xorganization_id:" + orgID, nil},
		{"value is cut", baseEnv[:len(baseEnv)-1], nil},
		{"trailing colon", baseEnv + ":", nil},
		{"no base field", "creator_name:x:project_id:" + victim, nil},
		{"organization only", "organization_id:" + orgID, nil},
		{"claim without a subject form", baseEnv + ":aud:x", nil},
		{"text inside the claim that the path names", baseEnv + ":creator_idp_claims.team:x", func(c *claims.Claims) { c.CreatorIDPClaims = []byte(`{"team":{"":"x"}}`) }},
		{"issuer, which is not a field of subjects", baseEnv + ":iss:x", func(c *claims.Claims) { c.Issuer = "x" }},
		{"forged project is not in the name", baseEnv + ":creator_name:y:project_id:" + victim, nil},
	} {
		c := c
		c.Subject = tt.sub
		if tt.change != nil {
			tt.change(&c)
		}
		got, err := c.SubjectV3()
		var ve *claims.ValidationError
		if !errors.As(err, &ve) || ve.Claim != "sub" || got.Pairs != nil {
			t.Errorf("%s: SubjectV3 = %v, %v, want a *ValidationError", tt.name, got.Pairs, err)
		}
	}
}

// A pair has a colon, also if the claim is empty.
func TestClaimsSubjectV3EmptyClaim(t *testing.T) {
	t.Parallel()
	for end, want := range map[string]bool{":email:": true, ":email": false, ":": false} {
		c := mustParse(t, v3(baseUser+end, `"organization_id":"`+orgID+`","user_id":"`+userID+`","email":""`))
		if got, err := c.SubjectV3(); (err == nil) != want {
			t.Errorf("SubjectV3 of %q = %v, %v, want success: %v", c.Subject, got.Pairs, err, want)
		}
	}
}

func TestClaimsSubjectV3Limit(t *testing.T) {
	t.Parallel()
	c := claims.Claims{OrganizationID: orgID, EnvironmentID: envID, IDPClaims: []byte(`{"a":{"b":""}}`)}
	for extra, ok := range map[int]bool{maxExtraFields: true, maxExtraFields + 1: false} {
		c.Subject = baseEnv + strings.Repeat(":idp_claims.a.b:", extra)
		if s, err := c.SubjectV3(); (err == nil) != ok || ok && len(s.Pairs) != 2+extra {
			t.Errorf("SubjectV3 of %d extra pairs = %d pairs, %v", extra, len(s.Pairs), err)
		}
	}
}

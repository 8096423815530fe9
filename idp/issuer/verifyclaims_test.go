package issuer_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/idp/idptest"
	"github.com/onafed/onafed/idp/issuer"
)

// A claimsTest is a token with valid claims or one that is refused.
type claimsTest struct {
	rule   string
	claims map[string]any
	want   issuer.Reason // "": accepted
	is     error
}

func runClaimsTests(t *testing.T, iss *idptest.Issuer, tests []claimsTest) {
	t.Helper()
	v := newVerifier(t, iss.URL, iss.Keys(), issuer.VerifierOptions{
		Audiences: []string{"first", audience}, Organizations: []string{idptest.OrganizationID}, MaxLifetime: 2 * time.Hour,
		Leeway: 5 * time.Minute, // a busy machine may need half a minute for all tests
	})
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			raw := iss.Sign(tt.claims)
			c, err := v.Verify(t.Context(), raw)
			if reasonOf(err) != tt.want || (err == nil) != (tt.want == "") {
				t.Fatalf("Verify = %v, want reason %q", err, tt.want)
			}
			if tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("errors.Is(%v, %v) = false", err, tt.is)
			}
			if err != nil {
				idptest.AssertNoSecret(t, err, raw)
				if c.Issuer != "" {
					t.Errorf("claims of a refused token: %+v", c)
				}
			}
		})
	}
}

func TestVerifyIssuerAndAudience(t *testing.T) {
	t.Parallel()
	iss := idptest.NewIssuer(t, nil)
	runClaimsTests(t, iss, []claimsTest{
		{"valid", iss.Claims(audience), "", nil},
		{"aud is an array", idptest.With(iss.Claims(audience), "aud", []string{"x", audience}), "", nil},
		{"another aud", iss.Claims("other"), issuer.ReasonClaim, nil},
		{"aud in capitals", iss.Claims("STS.amazonaws.com"), issuer.ReasonClaim, nil},
		{"no aud", idptest.With(iss.Claims(audience), "aud", nil), issuer.ReasonClaim, nil},
		{"empty aud", idptest.With(iss.Claims(audience), "aud", []string{}), issuer.ReasonClaim, nil},
		{"azp does not replace aud", idptest.With(iss.Claims("other"), "azp", audience), issuer.ReasonClaim, nil},
		{"another iss", idptest.With(iss.Claims(audience), "iss", "https://app.gitpod.io.evil.example"), issuer.ReasonClaim, nil},
		{"iss with a slash", idptest.With(iss.Claims(audience), "iss", iss.URL+"/"), issuer.ReasonClaim, nil},
		{"no iss", idptest.With(iss.Claims(audience), "iss", nil), issuer.ReasonClaim, nil},
	})
}

func TestVerifyTimes(t *testing.T) {
	t.Parallel()
	now := func(d time.Duration) int64 { return time.Now().Add(d).Unix() }
	iss := idptest.NewIssuer(t, nil)
	runClaimsTests(t, iss, []claimsTest{
		{"no exp", idptest.With(iss.Claims(audience), "exp", nil), issuer.ReasonClaim, nil},
		{"expired", idptest.With(iss.Claims(audience), "exp", now(-10*time.Minute)), issuer.ReasonExpired, claims.ErrExpired},
		{"expired within the leeway", idptest.With(iss.Claims(audience), "exp", now(-time.Minute)), "", nil},
		{"nbf in the future", idptest.With(iss.Claims(audience), "nbf", now(10*time.Minute)), issuer.ReasonNotYetValid, claims.ErrNotYetValid},
		{"nbf within the leeway", idptest.With(iss.Claims(audience), "nbf", now(time.Minute)), "", nil},
		{"iat in the future", idptest.With(iss.Claims(audience), "iat", now(10*time.Minute)), issuer.ReasonNotYetValid, claims.ErrNotYetValid},
		{"lifetime too long", idptest.With(iss.Claims(audience), "exp", now(3*time.Hour)), issuer.ReasonClaim, nil},
		{"no iat, but a maximum lifetime", idptest.With(iss.Claims(audience), "iat", nil), issuer.ReasonClaim, nil},
		{"expired and for another audience", idptest.With(iss.Claims("other"), "exp", now(-10*time.Minute)), issuer.ReasonClaim, claims.ErrExpired},
		{"nbf in the future and another iss", idptest.With(iss.Claims(audience), "nbf", now(10*time.Minute), "iss", "https://evil.example"), issuer.ReasonClaim, claims.ErrNotYetValid},
		{"nbf in the future and for another audience", idptest.With(iss.Claims("other"), "nbf", now(10*time.Minute)), issuer.ReasonClaim, claims.ErrNotYetValid},
		{"nbf in the future and no exp", idptest.With(iss.Claims(audience), "nbf", now(10*time.Minute), "exp", nil), issuer.ReasonClaim, claims.ErrNotYetValid},
		{"nbf in the future and expired", idptest.With(iss.Claims(audience), "nbf", now(10*time.Minute), "exp", now(-10*time.Minute)), issuer.ReasonExpired, claims.ErrExpired},
		{"nbf and iat in the future", idptest.With(iss.Claims(audience), "nbf", now(10*time.Minute), "iat", now(10*time.Minute)), issuer.ReasonNotYetValid, claims.ErrNotYetValid},
	})
}

func TestVerifyOrganization(t *testing.T) {
	t.Parallel()
	const other = "0191e223-1c3c-7607-badf-303c98b52d30"
	iss := idptest.NewIssuer(t, nil)
	v3 := func(org, sub string) map[string]any {
		return idptest.With(iss.Claims(audience), "org", nil, "organization_id", org, "sub", sub, "aud", []string{audience})
	}
	tests := []claimsTest{
		{"another organization", idptest.With(iss.Claims(audience), "org", other, "sub", "org:"+other+"/env:"+idptest.EnvironmentID), issuer.ReasonClaim, nil},
		{"org claim disagrees with sub", idptest.With(iss.Claims(audience), "sub", "org:"+other+"/env:"+idptest.EnvironmentID), issuer.ReasonClaim, nil},
		{"sub disagrees with org claim", idptest.With(iss.Claims(audience), "org", other), issuer.ReasonClaim, nil},
		{"no organization claim", idptest.With(iss.Claims(audience), "org", nil), issuer.ReasonClaim, nil},
		{"V3", v3(idptest.OrganizationID, "organization_id:"+idptest.OrganizationID+":project_id:"+idptest.ProjectID), "", nil},
		{"V3, no organization claim", idptest.With(v3("", "organization_id:"+idptest.OrganizationID), "organization_id", nil), issuer.ReasonClaim, nil},
		{"V3, sub of another organization", v3(idptest.OrganizationID, "organization_id:"+other+":project_id:"+idptest.ProjectID), issuer.ReasonClaim, nil},
		{"V3, claim of another organization", v3(other, "organization_id:"+idptest.OrganizationID), issuer.ReasonClaim, nil},
		{"V3, sub of an organization that has the same prefix", v3(idptest.OrganizationID, "organization_id:"+idptest.OrganizationID+"0"), issuer.ReasonClaim, nil},
		{"V3 account without organization", idptest.With(iss.Claims(audience), "org", nil, "account_id", other, "sub", "account_id:"+other), issuer.ReasonClaim, nil},
	}
	runClaimsTests(t, iss, tests)
	// AnyOrganization does not accept a token that contradicts itself.
	anyone := newVerifier(t, iss.URL, iss.Keys(), issuer.VerifierOptions{AnyAudience: true, AnyOrganization: true})
	for _, tt := range tests {
		if strings.Contains(tt.rule, "disagrees") || strings.Contains(tt.rule, "no organization claim") {
			if _, err := anyone.Verify(t.Context(), iss.Sign(tt.claims)); reasonOf(err) != issuer.ReasonClaim {
				t.Errorf("%s, AnyOrganization: Verify = %v, want reason %q", tt.rule, err, issuer.ReasonClaim)
			}
		}
	}
}

func TestVerifyProjectAndEnvironment(t *testing.T) {
	t.Parallel()
	const other = "0191e223-1c3c-7607-badf-303c98b52d30"
	iss := idptest.NewIssuer(t, nil)
	env, project := []string{other, idptest.EnvironmentID}, []string{other, idptest.ProjectID}
	v2 := iss.Claims(audience)
	v3 := idptest.With(v2, "org", nil, "organization_id", idptest.OrganizationID, "environment_id", idptest.EnvironmentID,
		"project_id", idptest.ProjectID, "sub", "organization_id:"+idptest.OrganizationID+":project_id:"+idptest.ProjectID)
	user := idptest.With(v2, "sub", "org:"+idptest.OrganizationID+"/user:"+other)
	noProject := idptest.With(v2, "sub", "org:"+idptest.OrganizationID+"/env:"+idptest.EnvironmentID)
	foreign := idptest.With(v2, "org", nil, "sub", "org:1/prj:2")
	for _, tt := range []struct {
		rule     string
		claims   map[string]any
		projects []string
		envs     []string
		ok       bool
	}{
		{"V2 project", v2, project, nil, true},
		{"V2 environment", v2, nil, env, true},
		{"V2 both", v2, project, env, true},
		{"V3 both", v3, project, env, true},
		{"another project", v2, []string{other}, nil, false},
		{"another environment", v2, nil, []string{other}, false},
		{"the project and another environment", v2, project, []string{other}, false},
		{"another project and the environment", v3, []string{other}, env, false},
		{"environment without a project", noProject, project, env, false},
		{"environment without a project, no project expected", noProject, nil, env, true},
		{"user, project", user, project, nil, false},
		{"user with the ID of the environment", user, nil, []string{other}, false},
		{"not Ona's subject, project", foreign, project, nil, false},
		{"not Ona's subject, environment", foreign, nil, env, false},
	} {
		v := newVerifier(t, iss.URL, iss.Keys(), issuer.VerifierOptions{
			Audiences: []string{audience}, AnyOrganization: true, Projects: tt.projects, Environments: tt.envs,
		})
		if _, err := v.Verify(t.Context(), iss.Sign(tt.claims)); (err == nil) != tt.ok || err != nil && reasonOf(err) != issuer.ReasonClaim {
			t.Errorf("%s: Verify = %v, want ok %v", tt.rule, err, tt.ok)
		}
	}
}

// A verifier of another issuer accepts whatever sub and claims that issuer has.
func TestVerifierOfAnotherIssuerAcceptsItsSubjects(t *testing.T) {
	t.Parallel()
	iss := idptest.NewIssuer(t, &idptest.IssuerOptions{URL: "https://gitlab.example"})
	base := idptest.With(iss.Claims("a"), "org", nil)
	for _, pairs := range [][]any{
		{"sub", "org:1/prj:2"},
		{"sub", "organization_id:"},
		{"sub", "organization_id:5:project_id:6"},
		{"sub", "org:" + idptest.OrganizationID},
		{"sub", "organization_id:" + idptest.OrganizationID},
		{"sub", "project_path:a/b:ref_type:branch:ref:main", "runner_id", 1},
		{"sub", "a", "org", "acme", "organization_id", 7, "email", []string{"a"}, "Name", "b"},
	} {
		for _, o := range []issuer.VerifierOptions{{Audiences: []string{"a"}}, {AnyAudience: true, AnyOrganization: true}} {
			v := newVerifier(t, iss.URL, iss.Keys(), o)
			if _, err := v.Verify(t.Context(), iss.Sign(idptest.With(base, pairs...))); err != nil {
				t.Errorf("%v: Verify = %v", pairs, err)
			}
		}
		v := newVerifier(t, iss.URL, iss.Keys(), issuer.VerifierOptions{Audiences: []string{"a"}, Organizations: []string{idptest.OrganizationID}})
		if _, err := v.Verify(t.Context(), iss.Sign(idptest.With(base, pairs...))); reasonOf(err) != issuer.ReasonClaim {
			t.Errorf("%v with an organization: Verify = %v", pairs, err)
		}
	}
}

func TestVerifierOfAnotherIssuer(t *testing.T) {
	t.Parallel()
	iss := idptest.NewIssuer(t, &idptest.IssuerOptions{URL: "https://oidc.example/tenant", Algorithm: "ES384"})
	raw := iss.Sign(idptest.With(iss.Claims("a"), "org", nil, "sub", "system:serviceaccount:ns:name"))
	v := newVerifier(t, iss.URL, iss.Keys(), issuer.VerifierOptions{Audiences: []string{"a"}, Algorithms: []string{"ES384"}})
	c, err := v.Verify(t.Context(), raw)
	if err != nil || c.Subject != "system:serviceaccount:ns:name" {
		t.Errorf("Verify = %+v, %v", c, err)
	}
	rs := newVerifier(t, iss.URL, iss.Keys(), issuer.VerifierOptions{Audiences: []string{"a"}})
	if _, err := rs.Verify(t.Context(), raw); reasonOf(err) != issuer.ReasonAlgorithm {
		t.Errorf("ES384 without the option: %v", err)
	}
}

func TestLeeway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		iss := idptest.NewIssuer(t, nil)
		for leeway, edge := range map[time.Duration]time.Duration{0: 30 * time.Second, -1: 0, 2 * time.Minute: 2 * time.Minute} {
			v := newVerifier(t, iss.URL, iss.Keys(), issuer.VerifierOptions{AnyAudience: true, AnyOrganization: true, Leeway: leeway})
			for d, want := range map[time.Duration]bool{-edge - time.Second: false, -edge + time.Second: true} {
				raw := iss.Sign(idptest.With(iss.Claims("a"), "exp", time.Now().Add(d).Unix()))
				if _, err := v.Verify(t.Context(), raw); (err == nil) != want {
					t.Errorf("Leeway %v, exp %v from now: %v, want accepted %v", leeway, d, err, want)
				}
			}
		}
	})
}

// A token whose subject names an organization must also have it as a claim, if the options name
// anything of Ona. A V1 subject has no such claim, and the subject of another issuer has no meaning.
func TestVerifySubjectNeedsOrganizationClaim(t *testing.T) {
	t.Parallel()
	iss := idptest.NewIssuer(t, &idptest.IssuerOptions{URL: "https://issuer.example"})
	without := func(sub string) map[string]any { return idptest.With(iss.Claims(audience), "org", nil, "sub", sub) }
	v2 := without("org:" + idptest.OrganizationID + "/prj:" + idptest.ProjectID + "/env:" + idptest.EnvironmentID)
	v1 := without("environment:" + idptest.OrganizationID + ":" + idptest.EnvironmentID)
	org, project, env := []string{idptest.OrganizationID}, []string{idptest.ProjectID}, []string{idptest.EnvironmentID}
	for _, tt := range []struct {
		rule   string
		claims map[string]any
		opts   issuer.VerifierOptions
		want   issuer.Reason
	}{
		{"organizations", v2, issuer.VerifierOptions{Organizations: org}, issuer.ReasonClaim},
		{"projects", v2, issuer.VerifierOptions{Projects: project}, issuer.ReasonClaim},
		{"environments", v2, issuer.VerifierOptions{Environments: env}, issuer.ReasonClaim},
		{"projects and environments", v2, issuer.VerifierOptions{Projects: project, Environments: env}, issuer.ReasonClaim},
		{"organizations and a project", v2, issuer.VerifierOptions{Organizations: org, Projects: project}, issuer.ReasonClaim},
		{"nothing of Ona", v2, issuer.VerifierOptions{}, ""},
		{"a V1 subject", v1, issuer.VerifierOptions{Organizations: org}, ""},
	} {
		tt.opts.Audiences = []string{audience}
		_, err := newVerifier(t, iss.URL, iss.Keys(), tt.opts).Verify(t.Context(), iss.Sign(tt.claims))
		if reasonOf(err) != tt.want || (err == nil) != (tt.want == "") {
			t.Errorf("%s: Verify = %v, want reason %q", tt.rule, err, tt.want)
		}
	}
}

// A lifetime may be exactly as long as the maximum.
func TestVerifyMaxLifetime(t *testing.T) {
	t.Parallel()
	iss := idptest.NewIssuer(t, nil)
	v := newVerifier(t, iss.URL, iss.Keys(), issuer.VerifierOptions{Audiences: []string{audience}, AnyOrganization: true, MaxLifetime: time.Hour, Leeway: 5 * time.Minute})
	now := time.Now().Unix()
	for life, want := range map[int64]issuer.Reason{3599: "", 3600: "", 3601: issuer.ReasonClaim} {
		_, err := v.Verify(t.Context(), iss.Sign(idptest.With(iss.Claims(audience), "iat", now, "exp", now+life)))
		if reasonOf(err) != want {
			t.Errorf("a lifetime of %d s: Verify = %v, want reason %q", life, err, want)
		}
	}
}

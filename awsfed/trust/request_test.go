package trust_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/internal/testkit/policies"
)

func TestNewRequest(t *testing.T) {
	t.Parallel()
	payload := `{"iss":"https://app.gitpod.io","aud":["sts.amazonaws.com"],"sub":"organization_id:` + org + `","exp":1,"iat":1,
		"email":"bob@example.com","amr":["pwd","mfa"],"organization_id":"` + org + `",
		"https://aws.amazon.com/tags":{"principal_tags":{"Team":["web"]},"transitive_tag_keys":["Team"]},
		"https://aws.amazon.com/source_identity":"bob"}`
	c, err := claims.Parse([]byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	r := trust.NewRequest(c, trust.Params{
		RoleARN: "arn:aws-us-gov:iam::123456789012:role/ona", SessionName: "env-1", SourceIP: netip.MustParseAddr("2001:db8::1"),
		Time: time.Date(2026, 11, 22, 12, 0, 0, 0, time.FixedZone("", 3600)), Region: "us-gov-west-1",
		Context: map[string][]string{"AWS:SourceVpc": {"vpc-1"}, "aws:UserAgent": nil}, Tags: map[string]string{"Env": "ci"},
	})
	want := map[string][]string{
		"app.gitpod.io:aud": {"sts.amazonaws.com"}, "app.gitpod.io:oaud": {"sts.amazonaws.com"},
		"app.gitpod.io:sub": {"organization_id:" + org}, "app.gitpod.io:email": {"bob@example.com"}, "app.gitpod.io:amr": {"pwd", "mfa"},
		"aws:requesttag/team": {"web"}, "aws:requesttag/env": {"ci"}, "aws:tagkeys": {"Env", "Team"}, "sts:transitivetagkeys": {"Team"},
		"sts:sourceidentity": {"bob"}, "sts:roleauthorizedbyidp": {"false"}, "sts:rolesessionname": {"env-1"},
		"aws:sourceip": {"2001:db8::1"}, "aws:currenttime": {"2026-11-22T11:00:00Z"}, "aws:epochtime": {"1795345200"},
		"aws:requestedregion": {"us-gov-west-1"}, "aws:securetransport": {"true"}, "aws:viaawsservice": {"false"},
		"aws:sourcevpc": {"vpc-1"}, "aws:useragent": nil,
	}
	if diff := cmp.Diff(want, r.Context); diff != "" {
		t.Errorf("Context (-want +got):\n%s", diff)
	}
	if want := "arn:aws-us-gov:iam::123456789012:oidc-provider/app.gitpod.io"; r.ProviderARN != want {
		t.Errorf("ProviderARN = %q, want %q", r.ProviderARN, want)
	}
	if diff := cmp.Diff([]string{"sts:TagSession", "sts:SetSourceIdentity"}, r.AlsoNeeded); diff != "" {
		t.Errorf("AlsoNeeded (-want +got):\n%s", diff)
	}
}

func TestNewRequestWithoutAccountHasNoProvider(t *testing.T) {
	t.Parallel()
	for _, p := range []trust.Params{{}, {Account: "12"}, {RoleARN: "role"}} {
		if r := trust.NewRequest(claims.Claims{Issuer: "https://app.gitpod.io"}, p); r.ProviderARN != "" {
			t.Errorf("ProviderARN = %q with %+v, want none", r.ProviderARN, p)
		}
	}
}

// A value that AWS does not accept is named in the explanation.
func TestReasonNamesABadParameter(t *testing.T) {
	t.Parallel()
	const known = `"12345" is not an AWS account ID, which has 12 digits`
	p := policies.Parse(t, []byte(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::123456789012:oidc-provider/app.gitpod.io"},
		"Action":"sts:AssumeRoleWithWebIdentity"}}`))
	for _, tt := range []struct {
		params trust.Params
		issuer string
		want   string
	}{
		{trust.Params{Account: "12345"}, "https://app.gitpod.io", known},
		{trust.Params{RoleARN: "arn:aws:iam::12345:role/app"}, "https://app.gitpod.io", known},
		{trust.Params{RoleARN: "junk"}, "https://app.gitpod.io", `the role "junk" is not an ARN`},
		{trust.Params{RoleARN: "junk", Account: "12345"}, "https://app.gitpod.io", known},
		{trust.Params{Partition: "zz"}, "https://app.gitpod.io", `"zz" is not the name of an AWS partition`},
		{trust.Params{Partition: "zz", Account: "123456789012"}, "https://app.gitpod.io", `"zz" is not the name of an AWS partition`},
		{trust.Params{RoleARN: "arn:zz:iam::123456789012:role/app"}, "https://app.gitpod.io", `"zz" is not the name of an AWS partition`},
		{trust.Params{Account: "123456789012"}, "http://app.gitpod.io", "begins with https://"},
		{trust.Params{Account: strings.Repeat("1", 1000)}, "https://app.gitpod.io", "which has 12 digits"},
	} {
		c := claims.Claims{Issuer: tt.issuer, Subject: "s", Audience: []string{"sts.amazonaws.com"}}
		x := p.Evaluate(trust.NewRequest(c, tt.params)).Explain()
		notes := strings.Join(x.NotConsidered, "\n")
		for name, text := range map[string]string{"Reason": x.Reason, "Principal.Why": x.Statements[0].Principal.Why, "NotConsidered": notes} {
			if tt.issuer == "http://app.gitpod.io" && name != "NotConsidered" {
				continue // the policy names no provider of this issuer
			}
			if !strings.Contains(text, tt.want) {
				t.Errorf("%+v: %s = %q, want the bad value: %q", tt.params, name, text, tt.want)
			}
			if len(x.Reason) > 300 {
				t.Errorf("%+v: Reason has %d bytes", tt.params, len(x.Reason))
			}
		}
		if x.Outcome == trust.Allowed {
			t.Errorf("%+v: Outcome = %s", tt.params, x.Outcome)
		}
	}
	x := p.Evaluate(trust.NewRequest(claims.Claims{Issuer: "https://app.gitpod.io", Subject: "s", Audience: []string{"a"}}, trust.Params{})).Explain()
	if x.Outcome != trust.Undetermined || !strings.HasSuffix(x.Statements[0].Principal.Why, "the account of the role is not known") {
		t.Errorf("without an account: %s, %q", x.Outcome, x.Statements[0].Principal.Why)
	}
}

func TestNewRequestRejectsHostileIssuers(t *testing.T) {
	t.Parallel()
	// Each of these would give the ARN of another provider.
	for _, iss := range []string{"", "http://app.gitpod.io", "https://app.gitpod.io?x", "https://*", "app.gitpod.io/../x:y"} {
		if r := trust.NewRequest(claims.Claims{Issuer: iss}, trust.Params{Account: "123456789012"}); r.ProviderARN != "" {
			t.Errorf("issuer %q: ProviderARN = %q, want none", iss, r.ProviderARN)
		}
	}
}

func TestIssuerKeys(t *testing.T) {
	t.Parallel()
	tests := []struct {
		issuer string
		has    string
		hasNot string
	}{
		{"https://app.gitpod.io", "sub", "organization_id"},
		{"https://token.actions.githubusercontent.com", "job_workflow_ref", "run_id"},
		{"https://gitlab.com", "project_id", "project_path"},
		{"https://agent.buildkite.com", "pipeline_slug", "job_id"},
		{"https://oidc.circleci.com/org/x", "oidc.circleci.com/project-id", "project-id"},
		{"https://accounts.google.com", "google/organization_number", "hd"},
		{"https://cognito-identity.amazonaws.com", "amr", "email"},
		{"https://www.amazon.com", "user_id", "aud"},
		{"https://graph.facebook.com", "id", "sub"},
	}
	for _, tt := range tests {
		keys := trust.IssuerKeys(tt.issuer)
		if !slices.Contains(keys, tt.has) || slices.Contains(keys, tt.hasNot) || !slices.IsSorted(keys) {
			t.Errorf("IssuerKeys(%q) = %v, want %s, not %s, sorted", tt.issuer, keys, tt.has, tt.hasNot)
		}
	}
}

func TestRoleThatIsNoARN(t *testing.T) {
	t.Parallel()
	c := claims.Claims{Issuer: "https://app.gitpod.io", Audience: []string{"sts.amazonaws.com"}, Subject: "x"}
	for role, want := range map[string]bool{
		"": false, "arn:aws:iam::123456789012:role/ona": false,
		"ona": true, "role/ona": true, "123456789012:role/ona": true, "arn:aws:iam:role/ona": true,
	} {
		notes := strings.Join(trust.Policy{}.Evaluate(trust.NewRequest(c, trust.Params{RoleARN: role})).Explain().NotConsidered, "\n")
		if got := strings.Contains(notes, "is not an ARN"); got != want {
			t.Errorf("role %q: a note about the ARN: %v, want %v", role, got, want)
		}
	}
}

// The values of the condition keys of a token: strings, numbers and booleans as text, each element of
// a list. AWS has no keys for other values.
func TestNewRequestClaimValues(t *testing.T) {
	t.Parallel()
	c, err := claims.Parse([]byte(`{"iss":"https://gitlab.com","aud":"sts.amazonaws.com","sub":"a","user_id":7,"project_id":"5","namespace_id":-1,
		"user_login":0,"user_email":9,"ref_protected":true,"pipeline_source":false,"user_access_level":null,"amr":{"a":1},
		"runner_environment":["a",1,null,{},true,[]]}`))
	if err != nil {
		t.Fatal(err)
	}
	got := trust.NewRequest(c, trust.Params{}).Context
	for key, want := range map[string][]string{
		"user_id": {"7"}, "project_id": {"5"}, "namespace_id": {"-1"}, "user_login": {"0"}, "user_email": {"9"}, "ref_protected": {"true"},
		"pipeline_source": {"false"}, "user_access_level": nil, "amr": nil, "email": nil, "runner_environment": {"a", "1", "true"},
	} {
		values, present := got["gitlab.com:"+key]
		if !slices.Equal(values, want) || present != (want != nil) {
			t.Errorf("%s = %q, present: %v, want %q", key, values, present, want)
		}
	}
}

// Claims that were made in Go code have no payload. Their fields are used.
func TestNewRequestOfClaimsWithoutPayload(t *testing.T) {
	t.Parallel()
	c := claims.Claims{Issuer: "https://app.gitpod.io", Subject: "s", Audience: []string{"a", "b"}, Email: "bob@example.com"}
	want := map[string][]string{
		"app.gitpod.io:aud": {"a", "b"}, "app.gitpod.io:oaud": {"a", "b"}, "app.gitpod.io:sub": {"s"}, "app.gitpod.io:email": {"bob@example.com"},
	}
	check := func() {
		t.Helper()
		got := map[string][]string{}
		for key, values := range trust.NewRequest(c, trust.Params{}).Context {
			if strings.HasPrefix(key, "app.gitpod.io:") {
				got[key] = values
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("Context (-want +got):\n%s", diff)
		}
	}
	check()
	c.AuthorizedParty, c.Email = "b", ""
	want["app.gitpod.io:aud"] = []string{"b"}
	delete(want, "app.gitpod.io:email")
	check()
}

// An explanation has a note for each property of a token whose effect AWS does not document.
func TestNewRequestNotes(t *testing.T) {
	t.Parallel()
	const (
		audiences = "several audiences"
		noSubject = "has no sub"
		long      = "longer than the 255 characters"
		tag       = "does not have exactly one value"
	)
	sub := func(n int) string { return `"sub":"` + strings.Repeat("s", n) + `",` }
	for _, tt := range []struct {
		name, claims string
		want         []string
	}{
		{"nothing", sub(1) + `"aud":"a"`, nil},
		{"one audience in a list", sub(1) + `"aud":["a"]`, nil},
		{"two audiences", sub(1) + `"aud":["a","b"]`, []string{audiences}},
		{"two audiences and azp", sub(1) + `"aud":["a","b"],"azp":"a"`, nil},
		{"no subject", `"aud":"a"`, []string{noSubject}},
		{"the longest subject", sub(255) + `"aud":"a"`, nil},
		{"a longer subject", sub(256) + `"aud":"a"`, []string{long}},
		{"a tag", sub(1) + `"aud":"a","https://aws.amazon.com/tags":{"principal_tags":{"T":["x"]}}`, nil},
		{"a tag with two values", sub(1) + `"aud":"a","https://aws.amazon.com/tags":{"principal_tags":{"T":["x","y"]}}`, []string{tag}},
		{"a tag without a value", sub(1) + `"aud":"a","https://aws.amazon.com/tags":{"principal_tags":{"T":[]}}`, []string{tag}},
	} {
		c, err := claims.Parse([]byte(`{"iss":"https://app.gitpod.io",` + tt.claims + `}`))
		if err != nil {
			t.Fatal(err)
		}
		text := trust.Policy{}.Evaluate(trust.NewRequest(c, trust.Params{})).Explain().Text()
		for _, note := range []string{audiences, noSubject, long, tag} {
			if want := slices.Contains(tt.want, note); strings.Contains(text, note) != want {
				t.Errorf("%s: the note %q: %v, want %v\n%s", tt.name, note, !want, want, text)
			}
		}
	}
}

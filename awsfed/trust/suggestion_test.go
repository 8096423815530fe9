package trust_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/internal/testkit/policies"
)

const environmentSubject = "org:" + org + "/prj:" + project + "/env:" + policies.Environment

// suggestionFor explains why a policy with the given principal, action and condition denies a token.
func suggestionFor(t *testing.T, principal, action, condition, sub string) *trust.Suggestion {
	t.Helper()
	p := policies.Parse(t, []byte(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":`+principal+`,"Action":"`+action+`","Condition":{`+condition+`}}}`))
	c := claims.Claims{Issuer: "https://app.gitpod.io", Audience: []string{"sts.amazonaws.com"}, Subject: sub}
	r := trust.NewRequest(c, trust.Params{RoleARN: "arn:aws:iam::123456789012:role/ona"})
	s := p.Evaluate(r).Explain().Suggestion
	if s != nil && !s.Policy.Evaluate(r).Allowed() {
		t.Errorf("the suggested policy denies the request:\n%s", s.Policy)
	}
	return s
}

func TestSuggestion(t *testing.T) {
	t.Parallel()
	const (
		provider = `{"Federated":"` + policies.ProviderARN + `"}`
		web      = "sts:AssumeRoleWithWebIdentity"
		anySub   = `"StringLike":{"app.gitpod.io:sub":"org:*"}`
	)
	for _, tt := range []struct {
		name, principal, action, condition, sub string
		want                                    []string // element, what is replaced, and value; nil: no suggestion
	}{
		{"another subject", provider, web, `"StringEquals":{"app.gitpod.io:sub":"org:x/y"}`, environmentSubject, []string{"Condition  " + environmentSubject}},
		{"another audience", provider, web, anySub + `,"StringEquals":{"app.gitpod.io:aud":"x"}`, environmentSubject, []string{"Condition  sts.amazonaws.com"}},
		{"pattern under StringEquals", provider, web, `"StringEquals":{"app.gitpod.io:sub":"org:` + org + `/*"}`, environmentSubject, []string{"Condition operator StringLike"}},
		{"key with a scheme", provider, web, `"StringLike":{"https://app.gitpod.io:sub":"org:*"}`, environmentSubject, []string{"Condition key app.gitpod.io:sub"}},
		{"key of the web application", provider, web, `"StringLike":{"app.ona.com:sub":"org:*"}`, environmentSubject, []string{"Condition key app.gitpod.io:sub"}},
		{"another provider", `{"Federated":"arn:aws:iam::123456789012:oidc-provider/app.ona.com"}`, web, anySub, environmentSubject, []string{"Principal  " + policies.ProviderARN}},
		{"another action", provider, "sts:AssumeRole", anySub, environmentSubject, []string{"Action  " + web}},
		{
			"two changes", provider, "sts:AssumeRole", `"StringEquals":{"app.gitpod.io:sub":"x"}`, environmentSubject,
			[]string{"Action  " + web, "Condition  " + environmentSubject},
		},
		{"a key that the statement already has", provider, web, `"StringEquals":{"https://app.gitpod.io:aud":"sts.amazonaws.com","app.gitpod.io:aud":"sts.amazonaws.com"}`, environmentSubject, nil},
		{"a key without an issuer", provider, web, `"StringEquals":{"aud":"sts.amazonaws.com"}`, environmentSubject, nil},
		{"a number", provider, web, `"NumericEquals":{"app.gitpod.io:sub":"1"}`, environmentSubject, nil},
		{"the request is allowed", provider, web, anySub, environmentSubject, nil},
		{"a condition excludes the subject", provider, web, `"StringNotLike":{"app.gitpod.io:sub":"org:*"}`, environmentSubject, nil},
		{"a claim that the token does not have", provider, web, `"StringEquals":{"app.gitpod.io:amr":"x"}`, environmentSubject, nil},
		{"the name of a person", provider, web, `"StringEquals":{"app.gitpod.io:sub":"x"}`, "organization_id:" + org + ":project_id:" + project + ":creator_name:Bob", nil},
		{"a subject that reads as a pattern", provider, web, `"StringEquals":{"app.gitpod.io:sub":"x"}`, environmentSubject + "*", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := suggestionFor(t, tt.principal, tt.action, tt.condition, tt.sub)
			var got []string
			if s != nil {
				for _, c := range s.Changes {
					got = append(got, c.Element+" "+c.Replaces+" "+c.Value)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Suggestion (-want +got):\n%s", diff)
			}
		})
	}
}

// The statement with the fewest changes is changed, and a Deny ends the search.
func TestSuggestionChoosesAStatement(t *testing.T) {
	t.Parallel()
	const (
		far  = `{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::123456789012:oidc-provider/x.example"},"Action":"sts:AssumeRole"}`
		near = `{"Effect":"Allow","Principal":{"Federated":"` + policies.ProviderARN + `"},"Action":"sts:AssumeRole"}`
		deny = `{"Effect":"Deny","Principal":"*","Action":"sts:*"}`
	)
	r := trust.Request{Issuer: "https://app.gitpod.io", ProviderARN: policies.ProviderARN}
	for _, tt := range []struct {
		statements string
		want       int // the statement, or -1
	}{
		{far + "," + near, 1},
		{near + "," + far, 0},
		{far, 0},
		{near + "," + deny, -1},
		{near + "," + near, 0},
		{near + `,{"Effect":"Deny","Principal":"*","Action":"sts:TagSession"}`, 0},
		{`{"Effect":"Deny","Principal":"*","Action":"sts:TagSession"},` + near, 1},
	} {
		x := policies.Parse(t, []byte(`{"Statement":[`+tt.statements+`]}`)).Evaluate(r).Explain()
		got := -1
		if x.Suggestion != nil {
			got = x.Suggestion.Statement
		}
		if got != tt.want {
			t.Errorf("[%s]: statement %d, want %d", tt.statements, got, tt.want)
		}
	}
}

// Each suggestion allows the request, only adds to the policy, and can be read by Parse.
func TestSuggestionsOfVectors(t *testing.T) {
	t.Parallel()
	suggestions := 0
	for _, v := range evaluateVectors(t) {
		p, r := policies.Parse(t, v.Policy), v.request(t)
		before := p.String()
		d := p.Evaluate(r)
		s := d.Explain().Suggestion
		if s == nil {
			continue
		}
		suggestions++
		if d.Outcome != trust.Denied || !s.Policy.Evaluate(r).Allowed() || p.String() != before || len(s.Changes) == 0 {
			t.Errorf("%s: %s, with the suggestion %+v", v.Name, d.Outcome, s)
		}
		if back, err := trust.Parse([]byte(s.Policy.String())); err != nil || !back.Equal(s.Policy) {
			t.Errorf("%s: Parse of the suggested policy: %v\n%s", v.Name, err, s.Policy)
		}
		for _, c := range s.Changes {
			if i := strings.IndexFunc(c.Message, func(r rune) bool { return r < ' ' || r > '~' && r != '…' }); i >= 0 || c.Value == "" {
				t.Errorf("%s: change %+v", v.Name, c)
			}
		}
	}
	if suggestions < 20 {
		t.Errorf("%d vectors have a suggestion, want at least 20", suggestions)
	}
}

// A suggestion never removes a part of a policy.
func TestSuggestionOnlyAdds(t *testing.T) {
	t.Parallel()
	random := policies.NewRandom(3)
	callers := policies.Callers()
	suggestions := 0
	for range 400 {
		p := random.Policy()
		r := trust.NewRequest(policies.Pick(random, callers...), trust.Params{RoleARN: "arn:aws:iam::123456789012:role/ona"})
		s := p.Evaluate(r).Explain().Suggestion
		if s == nil {
			continue
		}
		suggestions++
		for i, before := range p.Statements {
			after := s.Policy.Statements[i]
			if i != s.Statement && !after.Equal(before) {
				t.Fatalf("statement %d is changed, not %d:\n%s\n%s", i, s.Statement, p, s.Policy)
			}
			if len(after.Conditions) != len(before.Conditions) || len(after.Actions) < len(before.Actions) || len(after.Principal.Federated) < len(before.Principal.Federated) {
				t.Fatalf("a part is missing:\n%s\n%s", p, s.Policy)
			}
			for j, c := range before.Conditions {
				if len(after.Conditions[j].Values) < len(c.Values) {
					t.Fatalf("a value is missing:\n%s\n%s", p, s.Policy)
				}
			}
		}
		if !s.Policy.Evaluate(r).Allowed() {
			t.Fatalf("the suggested policy denies:\n%s\n%s", p, s.Policy)
		}
	}
	if suggestions < 20 {
		t.Errorf("%d suggestions, want at least 20", suggestions)
	}
}

// The names in JSON are documented and do not change.
func TestJSONOfDecisionAndSuggestion(t *testing.T) {
	t.Parallel()
	s := suggestionFor(t, `{"Federated":"`+policies.ProviderARN+`"}`, "sts:AssumeRoleWithWebIdentity", `"StringEquals":{"app.gitpod.io:aud":"x"}`, "x")
	changes, err := json.Marshal(s.Changes)
	if err != nil {
		t.Fatal(err)
	}
	decision, err := json.Marshal(trust.Policy{}.Evaluate(trust.Request{}))
	if err != nil {
		t.Fatal(err)
	}
	const wantChanges = `[{"element":"Condition","operator":"StringEquals","key":"app.gitpod.io:aud","value":"sts.amazonaws.com",` +
		`"message":"add the value \"sts.amazonaws.com\" to StringEquals on app.gitpod.io:aud"}]`
	if got := string(changes); got != wantChanges {
		t.Errorf("changes are %s, want %s", got, wantChanges)
	}
	if got := string(decision); got != `{"outcome":"Denied"}` {
		t.Errorf("decision is %s", got)
	}
}

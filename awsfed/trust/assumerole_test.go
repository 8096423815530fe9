package trust_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/onafed/onafed/awsfed/trust"
)

// naiveNames returns the principals that include the session of a role, by the wording of the AWS
// page about principals, or nil for an ARN that is not that of a role.
func naiveNames(roleARN, session string) []string {
	m := regexp.MustCompile(`(?s)^arn:([^:]*):iam::([^:]*):role/(?:.*/)?([^/]+)$`).FindStringSubmatch(roleARN)
	if m == nil {
		return nil
	}
	names := []string{"*", "arn:" + m[1] + ":iam::" + m[2] + ":root", roleARN, "arn:" + m[1] + ":sts::" + m[2] + ":assumed-role/" + m[3] + "/" + session}
	if m[2] != "" {
		names = append(names, m[2])
	}
	return names
}

// The evaluation of principals is compared with a list of all principals that match.
func FuzzAssumeRole(f *testing.F) {
	const role = "arn:aws:iam::123456789012:role/team/deploy"
	for _, principal := range []string{
		"*", "123456789012", "arn:aws:iam::123456789012:root", role, "arn:aws:iam::123456789012:role/deploy", "AROACKCEVSQ6C2EXAMPLE",
		"arn:aws:sts::123456789012:assumed-role/deploy/env-1", "arn:aws:sts::123456789012:assumed-role/Deploy/env-1", "arn:aws:iam::210987654321:root", "",
	} {
		f.Add(principal, role, "env-1", "42", "42")
	}
	f.Add("*", "arn:aws:iam:::role/a", "", "", "x")
	f.Add("arn:aws:iam:us-east-1:1:role/a", "arn:aws:iam:us-east-1:1:role/a", "s", "${*}", "*")
	f.Fuzz(func(t *testing.T, principal, roleARN, session, required, externalID string) {
		if strings.Contains(required, "${") {
			t.Skip("a variable")
		}
		p := trust.Policy{Version: "2012-10-17", Statements: []trust.Statement{{
			Effect: trust.Allow, Principal: trust.Principal{AWS: []string{principal}}, Actions: []string{"sts:AssumeRole"},
			Conditions: []trust.Condition{{Operator: "StringEquals", Key: "sts:ExternalId", Values: []string{required}}},
		}}}
		d := p.Evaluate(trust.NewAssumeRoleRequest(trust.RoleSession{RoleARN: roleARN, Name: session}, trust.AssumeRoleParams{ExternalID: externalID}))
		x := d.Explain()
		if x.Outcome != d.Outcome || x.Reason == "" {
			t.Errorf("the explanation is %+v, want one of %s", x, d.Outcome)
		}
		names := naiveNames(roleARN, session)
		matches := slices.Contains(names, principal) && (session != "" || !strings.Contains(principal, ":assumed-role/"))
		allowed := matches && externalID != "" && externalID == required
		switch d.Outcome {
		case trust.Allowed:
			if !allowed {
				t.Errorf("%q as %q: allowed, want only %q", roleARN, principal, names)
			}
		case trust.Denied:
			if allowed {
				t.Errorf("%q as %q: denied\n%s", roleARN, principal, x.Text())
			}
		default: // letter case, unique IDs, and sessions without a name
			near := slices.ContainsFunc(names, func(n string) bool {
				return strings.EqualFold(n, principal) || session == "" && strings.HasPrefix(strings.ToLower(principal), strings.ToLower(n))
			})
			if matches || !near && !strings.HasPrefix(principal, "AROA") {
				t.Errorf("%q as %q: undetermined\n%s", roleARN, principal, x.Text())
			}
		}
	})
}

// An explanation of AssumeRole hides personal data and external IDs of the request.
func TestAssumeRoleExplanationHides(t *testing.T) {
	t.Parallel()
	p, err := trust.Parse([]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"210987654321"},"Action":"sts:*","Condition":{
		"StringEquals":{"sts:ExternalId":"x","sts:SourceIdentity":"x","aws:SourceIdentity":"x","aws:PrincipalTag/Mail":"x","aws:RequestTag/Mail":"x","sts:RoleSessionName":"x"}}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	const secret = "alice@example.com"
	tags := map[string]string{"Mail": secret}
	for _, show := range []bool{false, true} {
		r := trust.NewAssumeRoleRequest(
			trust.RoleSession{RoleARN: "arn:aws:sts::123456789012:assumed-role/deploy/" + secret, Tags: tags, SourceIdentity: secret},
			trust.AssumeRoleParams{SessionName: secret, ExternalID: secret, SourceIdentity: secret, Tags: tags, ShowValues: show})
		x := p.Evaluate(r).Explain()
		text, err := json.Marshal(x)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []string{x.Text(), string(text)} {
			if strings.Contains(s, secret) != show {
				t.Errorf("ShowValues %v:\n%s", show, s)
			}
		}
	}
}

// The text of an explanation leaves out unknown conditions of a statement for web identities. JSON
// has them.
func TestAssumeRoleTextLeavesOutOtherStatements(t *testing.T) {
	t.Parallel()
	p, err := trust.Parse([]byte(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::210987654321:oidc-provider/app.gitpod.io"},"Action":"sts:AssumeRoleWithWebIdentity",
			"Condition":{"StringEquals":{"app.gitpod.io:aud":"sts.amazonaws.com"}}},
		{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	x := p.Evaluate(trust.NewAssumeRoleRequest(trust.RoleSession{RoleARN: "arn:aws:iam::123456789012:role/deploy"}, trust.AssumeRoleParams{})).Explain()
	if text := x.Text(); strings.Contains(text, "StringEquals app.gitpod.io:aud") || !strings.Contains(text, "? StringEquals aws:PrincipalOrgID") {
		t.Errorf("the conditions are not those of the second statement:\n%s", text)
	}
	if got := x.Statements[0].Conditions; len(got) != 1 || got[0].Result != trust.Unknown {
		t.Errorf("the conditions of the first statement are %+v, want one that is unknown", got)
	}
}

// A request that was filled in by hand has the keys of its Context only.
func TestAssumeRoleByHand(t *testing.T) {
	t.Parallel()
	p, err := trust.Parse([]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	r := trust.Request{Action: "sts:AssumeRole"}
	if got := p.Evaluate(r).Outcome; got != trust.Denied {
		t.Errorf("without the key: %s, want Denied", got)
	}
	r.Context = map[string][]string{"aws:principalorgid": {"o-1"}}
	if got := p.Evaluate(r).Outcome; got != trust.Allowed {
		t.Errorf("with the key: %s, want Allowed", got)
	}
}

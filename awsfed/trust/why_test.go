package trust_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/claims"
)

// The reason of a condition's result names the rule that decided it.
func TestWhyCondition(t *testing.T) {
	t.Parallel()
	context := map[string][]string{"a:one": {"x"}, "a:two": {"x", "y"}, "a:flag": {"true"}}
	for _, tt := range []struct {
		operator, key, value string
		result               trust.Match
		why                  string
	}{
		{"StringEquals", "a:one", "x", trust.Matched, "a value matches"},
		{"StringEquals", "a:one", "y", trust.NotMatched, "no value matches"},
		{"ForAnyValue:StringEquals", "a:two", "x", trust.Matched, "values match as the operator requires"},
		{"ForAnyValue:StringEquals", "a:two", "z", trust.NotMatched, "no value matches"},
		{"StringNotEquals", "a:one", "y", trust.Matched, "no value matches, as a negated operator requires"},
		{"StringNotEquals", "a:one", "x", trust.NotMatched, "a value matches, and a negated operator requires that none does"},
		{"Bool", "a:flag", "True", trust.Unknown, "AWS does not document the result"},
		{"StringSimilar", "a:one", "x", trust.Unknown, "IAM has no operator with this name"},
		{"StringEquals", "aws:SourceVpc", "x", trust.Unknown, "the request has this key, but its value is not known here"},
		{"StringEquals", "a:none", "x", trust.NotMatched, "the request does not have the key; the operator then fails"},
		{"StringNotEquals", "a:none", "x", trust.Matched, "the request does not have the key; a negated operator then holds"},
		{"StringEqualsIfExists", "a:none", "x", trust.Matched, "the request does not have the key; IfExists then holds"},
		{"ForAnyValue:StringNotEquals", "a:none", "x", trust.NotMatched, "the request does not have the key; ForAnyValue then fails"},
		{"ForAllValues:StringEquals", "a:none", "x", trust.Matched, "the request does not have the key; ForAllValues then holds"},
		{"ForAllValues:StringNotLike", "a:none", "x", trust.Unknown, "the request does not have the key; the AWS pages disagree about the result of this operator"},
		{"Null", "a:one", "false", trust.Matched, "the request has the key"},
		{"Null", "a:none", "false", trust.NotMatched, "the request does not have the key"},
		{"Null", "aws:SourceVpc", "false", trust.Unknown, "whether the request has this key is not known here"},
	} {
		p := trust.Policy{Version: "2012-10-17", Statements: []trust.Statement{{
			Effect: trust.Allow, Principal: trust.Principal{Any: true}, Actions: []string{"sts:AssumeRoleWithWebIdentity"},
			Conditions: []trust.Condition{{Operator: tt.operator, Key: tt.key, Values: []string{tt.value}}},
		}}}
		r := trust.Request{Context: context}
		if strings.HasPrefix(tt.key, "aws:") { // only AWS knows more keys of a token
			r = trust.NewRequest(claims.Claims{Issuer: "https://app.gitpod.io"}, trust.Params{})
		}
		got := p.Evaluate(r).Explain().Statements[0].Conditions[0]
		if got.Result != tt.result || got.Why != tt.why {
			t.Errorf("%s %s %s: %s because %q, want %s because %q", tt.operator, tt.key, tt.value, got.Result, got.Why, tt.result, tt.why)
		}
	}
}

// The reason of a denial names the statement with the fewest parts that do not match, and the first
// of these parts. A statement with another principal or action has another purpose.
func TestReasonNamesTheNearestStatement(t *testing.T) {
	t.Parallel()
	const web = "sts:AssumeRoleWithWebIdentity"
	condition := func(values ...string) (list []trust.Condition) {
		for i, v := range values {
			list = append(list, trust.Condition{Operator: "StringEquals", Key: "a:" + string(rune('a'+i)), Values: []string{v}})
		}
		return list
	}
	statement := func(p trust.Principal, action string, conditions []trust.Condition) trust.Statement {
		return trust.Statement{Effect: trust.Allow, Principal: p, Actions: []string{action}, Conditions: conditions}
	}
	anybody, somebody := trust.Principal{Any: true}, trust.Principal{AWS: []string{"123456789012"}}
	for _, tt := range []struct {
		name       string
		statements []trust.Statement
		want       string
	}{
		{"fewer conditions", []trust.Statement{statement(anybody, web, condition("x", "x")), statement(anybody, web, condition("1", "x"))}, "statement 2, where StringEquals on a:b"},
		{"the first of equals", []trust.Statement{statement(anybody, web, condition("1", "x")), statement(anybody, web, condition("x", "1"))}, "statement 1, where StringEquals on a:b"},
		{"many conditions before another principal", []trust.Statement{statement(somebody, web, nil), statement(anybody, web, condition("x", "x", "x"))}, "statement 2, where StringEquals on a:a"},
		{"many conditions before another action", []trust.Statement{statement(anybody, "sts:TagSession", nil), statement(anybody, web, condition("x", "x", "x"))}, "statement 2, where StringEquals on a:a"},
		{"the principal before the conditions", []trust.Statement{statement(somebody, web, condition("x"))}, "statement 1, where the principal does not match"},
		{"the action before the principal", []trust.Statement{statement(somebody, "sts:TagSession", condition("x"))}, "statement 1, where the action is not sts:AssumeRoleWithWebIdentity"},
	} {
		p := trust.Policy{Version: "2012-10-17", Statements: tt.statements}
		x := p.Evaluate(trust.Request{Context: map[string][]string{"a:a": {"1"}, "a:b": {"1"}, "a:c": {"1"}}}).Explain()
		if !strings.Contains(x.Reason, "nearest is "+tt.want) {
			t.Errorf("%s: %s, want %s", tt.name, x.Reason, tt.want)
		}
	}
}

// Values that may be personal data are not shown: names of sessions that this module did not make,
// tags, identities of callers, and claims other than sub, aud and amr.
func TestExplanationShowsValues(t *testing.T) {
	t.Parallel()
	const hidden = "…"
	session := "env-" + env
	for _, tt := range []struct{ issuer, key, value, want string }{
		{"https://app.gitpod.io", "app.gitpod.io:aud", "a", "a"},
		{"https://app.gitpod.io", "app.gitpod.io:oaud", "a", "a"},
		{"https://app.gitpod.io", "app.gitpod.io:amr", "a", "a"},
		{"https://app.gitpod.io", "app.gitpod.io:email", "a", hidden},
		{"https://app.gitpod.io", "app.gitpod.io:sub", "org:" + org + "/user:" + user, "org:" + org + "/user:" + user},
		{"https://app.gitpod.io", "app.gitpod.io:sub", "jo", hidden},
		{"https://app.gitpod.io", "gitlab.com:aud", "a", "a"},
		{"https://app.gitpod.io", "gitlab.com:oaud", "a", "a"},
		{"https://app.gitpod.io", "gitlab.com:sub", "jo", hidden},
		{"https://app.gitpod.io", "gitlab.com:amr", "a", hidden},
		{"", "gitlab.com:aud", "a", "a"},
		{"", ":email", "a", hidden},
		{"", ":amr", "a", hidden},
		{"", "sts:RoleSessionName", session, session},
		{"", "sts:RoleSessionName", "jo", hidden},
		{"", "sts:TransitiveTagKeys", "a", "a"},
		{"", "sts:RoleAuthorizedByIdp", "a", "a"},
		{"", "sts:SourceIdentity", "a", hidden},
		{"", "sts:ExternalId", "a", hidden},
		{"", "aws:SourceIp", "192.0.2.1", "192.0.2.1"},
		{"", "aws:SourceIdentity", "a", hidden},
		{"", "aws:userid", "a", hidden},
		{"", "aws:username", "a", hidden},
		{"", "aws:RequestTag/Team", "a", hidden},
		{"", "aws:PrincipalTag/Team", "a", hidden},
	} {
		p := trust.Policy{Version: "2012-10-17", Statements: []trust.Statement{{
			Effect: trust.Allow, Principal: trust.Principal{Any: true}, Actions: []string{"sts:AssumeRoleWithWebIdentity"},
			Conditions: []trust.Condition{{Operator: "StringEquals", Key: tt.key, Values: []string{"x"}}},
		}}}
		r := trust.Request{Issuer: tt.issuer, Context: map[string][]string{strings.ToLower(tt.key): {tt.value}}}
		for show, want := range map[bool]string{false: tt.want, true: tt.value} {
			r.ShowValues = show
			if got := p.Evaluate(r).Explain().Statements[0].Conditions[0].Got; !slices.Equal(got, []string{want}) {
				t.Errorf("%s of an issuer %q, ShowValues %v: %q, want %q", tt.key, tt.issuer, show, got, want)
			}
		}
	}
}

// The near miss of a key with a scheme names the key that was probably meant.
func TestNearMissNamesTheKey(t *testing.T) {
	t.Parallel()
	p := trust.Policy{Version: "2012-10-17", Statements: []trust.Statement{{
		Effect: trust.Allow, Principal: trust.Principal{Any: true}, Actions: []string{"sts:AssumeRoleWithWebIdentity"},
		Conditions: []trust.Condition{{Operator: "StringEquals", Key: "https://app.gitpod.io:sub", Values: []string{"x"}}},
	}}}
	x := p.Evaluate(trust.Request{Issuer: "https://app.gitpod.io", Context: map[string][]string{"app.gitpod.io:sub": {"x"}}}).Explain()
	misses := x.Statements[0].Conditions[0].NearMisses
	if len(misses) != 1 || !strings.HasSuffix(misses[0].Message, " app.gitpod.io:sub") {
		t.Errorf("near misses %+v, want the key app.gitpod.io:sub", misses)
	}
}

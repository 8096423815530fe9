package gateway_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/idp/idptest"
)

const (
	org         = idptest.OrganizationID
	prj         = idptest.ProjectID
	env         = idptest.EnvironmentID
	otherOrg    = "0191e223-1c3c-7607-badf-303c98b52d30"
	subjectV2   = "org:" + org + "/prj:" + prj + "/env:" + env
	subjectV3   = "organization_id:" + org + ":project_id:" + prj
	trustIssuer = "https://trust.example.com"
	federated   = `"Principal":{"Federated":"arn:aws:iam::123456789012:oidc-provider/trust.example.com"}`
	webIdentity = `"Action":"sts:AssumeRoleWithWebIdentity"`
)

// allow and deny return statements with conditions; see on.
func allow(conditions string) string { return statement("Allow", conditions) }
func deny(conditions string) string  { return statement("Deny", conditions) }

func statement(effect, conditions string) string {
	s := fmt.Sprintf(`{"Effect":%q,%s,%s`, effect, federated, webIdentity)
	if conditions != "" {
		s += `,"Condition":{` + conditions + `}`
	}
	return s + "}"
}

func allOf(statements ...string) string {
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
}

// on returns one operator on one of the issuer's keys.
func on(operator, claim string, values ...string) string {
	text, err := json.Marshal(values)
	if err != nil {
		return err.Error()
	}
	if len(values) == 1 {
		text, _ = json.Marshal(values[0])
	}
	return fmt.Sprintf(`%q:{"trust.example.com:%s":%s}`, operator, claim, text)
}

// A trustCase is one trust policy and one token. Package trust must decide as the gateway does.
type trustCase struct {
	name       string
	statements []string
	claims     []any // changes of the usual claims
	allowed    bool  // the decision of AWS and of package trust
	// differs says why the gateway decides differently from AWS. The test fails if it no longer
	// does.
	differs string
}

var audience = on("StringEquals", "aud", "sts.amazonaws.com")

// The differences that occur in more than one case.
const (
	differsNOR  = "a negated operator holds as soon as one of its values does not match; at AWS none may match"
	differsNull = "Null asks whether the key is absent, also when its value is false"
	differsAZP  = "the key aud is always the claim aud; at AWS azp replaces it"
)

var trustCases = []trustCase{
	// No condition, and the audience.
	{name: "no condition", statements: []string{allow("")}, allowed: true},
	{name: "audience equal", statements: []string{allow(audience)}, allowed: true},
	{name: "audience other", statements: []string{allow(on("StringEquals", "aud", "other.example.com"))}},
	{name: "audience one of two values", statements: []string{allow(on("StringEquals", "aud", "other.example.com", "sts.amazonaws.com"))}, allowed: true},
	{name: "audience in other letter case", statements: []string{allow(on("StringEquals", "aud", "STS.amazonaws.com"))}},
	{name: "audience with a pattern", statements: []string{allow(on("StringLike", "aud", "sts.*"))}, allowed: true},

	// StringEquals.
	{name: "subject equal", statements: []string{allow(on("StringEquals", "sub", subjectV2))}, allowed: true},
	{name: "subject of another organization", statements: []string{allow(on("StringEquals", "sub", "org:"+otherOrg+"/prj:"+prj+"/env:"+env))}},
	{name: "subject is a prefix only", statements: []string{allow(on("StringEquals", "sub", "org:"+org))}},
	{name: "StringEquals reads a star literally", statements: []string{allow(on("StringEquals", "sub", "org:"+org+"/*"))}},
	{name: "StringEquals reads a question mark literally", statements: []string{allow(on("StringEquals", "sub", strings.Replace(subjectV2, "-", "?", 1)))}},
	{name: "StringEquals in other letter case", statements: []string{allow(on("StringEquals", "sub", strings.ToUpper(subjectV2)))}},
	{name: "StringEqualsIgnoreCase", statements: []string{allow(on("StringEqualsIgnoreCase", "sub", strings.ToUpper(subjectV2)))}, allowed: true},
	{name: "StringEqualsIgnoreCase of another", statements: []string{allow(on("StringEqualsIgnoreCase", "sub", "ORG:"+otherOrg))}},
	{name: "StringEqualsIgnoreCase reads a star literally", statements: []string{allow(on("StringEqualsIgnoreCase", "sub", "ORG:*"))}},
	{name: "subject is the third of three values", statements: []string{allow(on("StringEquals", "sub", "a", "b", subjectV2))}, allowed: true},
	{name: "subject is not one of three values", statements: []string{allow(on("StringEquals", "sub", "a", "b", "c"))}},

	// StringLike.
	{name: "StringLike whole organization", statements: []string{allow(on("StringLike", "sub", "org:"+org+"/*"))}, allowed: true},
	{name: "StringLike other organization", statements: []string{allow(on("StringLike", "sub", "org:"+otherOrg+"/*"))}},
	{name: "StringLike project", statements: []string{allow(on("StringLike", "sub", "org:"+org+"/prj:"+prj+"/*"))}, allowed: true},
	{name: "StringLike anything", statements: []string{allow(on("StringLike", "sub", "*"))}, allowed: true},
	{name: "StringLike without a wildcard", statements: []string{allow(on("StringLike", "sub", subjectV2))}, allowed: true},
	{name: "StringLike star that matches nothing", statements: []string{allow(on("StringLike", "sub", subjectV2+"*"))}, allowed: true},
	{name: "StringLike question marks", statements: []string{allow(on("StringLike", "sub", "org:"+strings.Repeat("?", 36)+"/*"))}, allowed: true},
	{name: "StringLike one question mark too many", statements: []string{allow(on("StringLike", "sub", subjectV2+"?"))}},
	{name: "StringLike question mark for nothing", statements: []string{allow(on("StringLike", "sub", "org:"+strings.Repeat("?", 37)+"/*"))}},
	{name: "StringLike in other letter case", statements: []string{allow(on("StringLike", "sub", "ORG:"+org+"/*"))}},
	{name: "StringLike star in the middle", statements: []string{allow(on("StringLike", "sub", "org:"+org+"/*/env:"+env))}, allowed: true},
	{
		name: "StringLike star in the middle, end differs", statements: []string{allow(on("StringLike", "sub", "org:"+org+"/*/env:"+prj))},
	},
	{name: "StringLike two stars", statements: []string{allow(on("StringLike", "sub", "org:*/prj:*/env:"+env))}, allowed: true},
	{
		name: "StringLike star before text that occurs twice", statements: []string{allow(on("StringLike", "sub", "*:019527e4-75d5-704d-a5a4-a2b52cf56196"))}, allowed: true,
		differs: "a star matches up to the first place where the following text begins to match, and does not try later places",
	},
	{name: "StringLike list of patterns", statements: []string{allow(on("StringLike", "sub", "org:"+otherOrg+"/*", "org:"+org+"/*"))}, allowed: true},
	{name: "V3 subject, pattern for V2", statements: []string{allow(on("StringLike", "sub", "org:"+org+"/*"))}, claims: []any{"sub", subjectV3}},
	{name: "V3 subject, pattern for V3", statements: []string{allow(on("StringLike", "sub", "organization_id:"+org+":*"))}, claims: []any{"sub", subjectV3}, allowed: true},
	{name: "V3 subject, project with trailing colon and star", statements: []string{allow(on("StringLike", "sub", subjectV3+":*"))}, claims: []any{"sub", subjectV3}},
	{name: "V3 subject, both forms", statements: []string{allow(on("StringLike", "sub", subjectV3, subjectV3+":*"))}, claims: []any{"sub", subjectV3}, allowed: true},
	{name: "V3 subject with an extra field", statements: []string{allow(on("StringLike", "sub", subjectV3, subjectV3+":*"))}, claims: []any{"sub", subjectV3 + ":environment_id:" + env}, allowed: true},

	// Negated operators.
	{name: "StringNotEquals other", statements: []string{allow(on("StringNotEquals", "sub", "x"))}, allowed: true},
	{name: "StringNotEquals same", statements: []string{allow(on("StringNotEquals", "sub", subjectV2))}},
	{
		name: "StringNotEquals one of two is the same", statements: []string{allow(on("StringNotEquals", "sub", "x", subjectV2))},
		differs: differsNOR,
	},
	{name: "StringNotEquals neither of two", statements: []string{allow(on("StringNotEquals", "sub", "x", "y"))}, allowed: true},
	{name: "StringNotEqualsIgnoreCase same", statements: []string{allow(on("StringNotEqualsIgnoreCase", "sub", strings.ToUpper(subjectV2)))}},
	{name: "StringNotLike other", statements: []string{allow(on("StringNotLike", "sub", "org:"+otherOrg+"/*"))}, allowed: true},
	{name: "StringNotLike same", statements: []string{allow(on("StringNotLike", "sub", "org:"+org+"/*"))}},
	{
		name: "StringNotLike one of two matches", statements: []string{allow(on("StringNotLike", "sub", "x*", "org:*"))},
		differs: differsNOR,
	},

	// Several conditions and statements.
	{name: "two operators, both hold", statements: []string{allow(audience + "," + on("StringLike", "sub", "org:"+org+"/*"))}, allowed: true},
	{name: "two operators, second fails", statements: []string{allow(audience + "," + on("StringLike", "sub", "org:"+otherOrg+"/*"))}},
	{name: "two keys of one operator, both hold", statements: []string{allow(`"StringEquals":{"trust.example.com:aud":"sts.amazonaws.com","trust.example.com:sub":"` + subjectV2 + `"}`)}, allowed: true},
	{name: "two keys of one operator, one fails", statements: []string{allow(`"StringEquals":{"trust.example.com:aud":"sts.amazonaws.com","trust.example.com:sub":"x"}`)}},
	{name: "second statement allows", statements: []string{allow(on("StringEquals", "sub", "x")), allow(on("StringEquals", "sub", subjectV2))}, allowed: true},
	{name: "no statement allows", statements: []string{allow(on("StringEquals", "sub", "x")), allow(on("StringEquals", "sub", "y"))}},
	{name: "deny after allow", statements: []string{allow(""), deny(on("StringEquals", "sub", subjectV2))}},
	{name: "deny before allow", statements: []string{deny(on("StringLike", "sub", "org:*")), allow("")}},
	{name: "deny that does not apply", statements: []string{allow(""), deny(on("StringEquals", "sub", "x"))}, allowed: true},
	{name: "deny unless organization, own", statements: []string{allow(""), deny(on("StringNotLike", "sub", "org:"+org+"/*"))}, allowed: true},
	{name: "deny unless organization, other", statements: []string{allow(""), deny(on("StringNotLike", "sub", "org:"+otherOrg+"/*"))}},
	{name: "only a deny", statements: []string{deny(on("StringEquals", "sub", "x"))}},

	// Principals and actions.
	{name: "provider of another host", statements: []string{strings.Replace(allow(""), "oidc-provider/trust.example.com", "oidc-provider/other.example.com", 1)}},
	{name: "provider first in a list", statements: []string{strings.Replace(allow(""), `"arn:aws:iam::123456789012:oidc-provider/trust.example.com"`, `["arn:aws:iam::123456789012:oidc-provider/trust.example.com","arn:aws:iam::123456789012:oidc-provider/other.example.com"]`, 1)}, allowed: true},
	{
		name: "provider second in a list", differs: "only the first provider of a list counts",
		statements: []string{strings.Replace(allow(""), `"arn:aws:iam::123456789012:oidc-provider/trust.example.com"`, `["arn:aws:iam::123456789012:oidc-provider/other.example.com","arn:aws:iam::123456789012:oidc-provider/trust.example.com"]`, 1)}, allowed: true,
	},
	{name: "provider alone in a list", statements: []string{strings.Replace(allow(""), `"arn:aws:iam::123456789012:oidc-provider/trust.example.com"`, `["arn:aws:iam::123456789012:oidc-provider/trust.example.com"]`, 1)}, allowed: true},
	{name: "actions in a list", statements: []string{strings.Replace(allow(""), `"sts:AssumeRoleWithWebIdentity"`, `["sts:AssumeRoleWithWebIdentity","sts:TagSession"]`, 1)}, allowed: true},
	{name: "action is another", statements: []string{strings.Replace(allow(""), `"sts:AssumeRoleWithWebIdentity"`, `"sts:AssumeRole"`, 1)}},
	{name: "action with a star", statements: []string{strings.Replace(allow(""), `"sts:AssumeRoleWithWebIdentity"`, `"sts:*"`, 1)}, allowed: true},

	// Keys that are missing in the request.
	{name: "key of another issuer, positive", statements: []string{allow(`"StringEquals":{"other.example.com:sub":"` + subjectV2 + `"}`)}},
	{name: "key with https", statements: []string{allow(`"StringEquals":{"https://trust.example.com:sub":"` + subjectV2 + `"}`)}},
	{name: "missing claim, positive", statements: []string{allow(on("StringEquals", "prj", prj))}},
	{
		name: "missing claim, negated", statements: []string{allow(on("StringNotEquals", "email", "x@example.com"))}, allowed: true,
		differs: "a negated operator on a missing key does not hold",
	},
	{
		name: "missing claim, IfExists", statements: []string{allow(on("StringEqualsIfExists", "email", "x@example.com"))}, allowed: true,
	},
	{
		name: "claim that is not a key at AWS", statements: []string{allow(on("StringEquals", "org", org))},
		differs: "every claim becomes a key",
	},
	{name: "Null true on a missing key", statements: []string{allow(on("Null", "email", "true"))}, allowed: true},
	{name: "Null true on a present key", statements: []string{allow(on("Null", "sub", "true"))}},
	{
		name: "Null false on a present key", statements: []string{allow(on("Null", "sub", "false"))}, allowed: true,
		differs: differsNull,
	},
	{
		name: "Null false on a missing key", statements: []string{allow(on("Null", "email", "false"))},
		differs: differsNull,
	},

	// Set operators.
	{name: "ForAnyValue on the subject", statements: []string{allow(on("ForAnyValue:StringLike", "sub", "org:"+org+"/*"))}, allowed: true},
	{name: "ForAnyValue on amr", statements: []string{allow(on("ForAnyValue:StringEquals", "amr", "pwd"))}, claims: []any{"amr", []string{"otp", "pwd"}}, allowed: true},
	{name: "ForAnyValue on amr, none", statements: []string{allow(on("ForAnyValue:StringEquals", "amr", "x"))}, claims: []any{"amr", []string{"otp", "pwd"}}},
	{name: "ForAllValues on amr, one is not", statements: []string{allow(on("ForAllValues:StringEquals", "amr", "pwd"))}, claims: []any{"amr", []string{"otp", "pwd"}}},
	{name: "ForAllValues on amr, all are", statements: []string{allow(on("ForAllValues:StringEquals", "amr", "pwd", "otp", "x"))}, claims: []any{"amr", []string{"otp", "pwd"}}, allowed: true},
	{name: "ForAllValues on a missing key", statements: []string{allow(on("ForAllValues:StringEquals", "amr", "pwd"))}, allowed: true},

	// azp and variables.
	{
		name: "azp replaces aud", statements: []string{allow(on("StringEquals", "aud", "client-of-the-test"))}, claims: []any{"azp", "client-of-the-test"}, allowed: true,
		differs: differsAZP,
	},
	{
		name: "aud is hidden by azp", statements: []string{allow(audience)}, claims: []any{"azp", "client-of-the-test"},
		differs: differsAZP,
	},
	{name: "variable for the subject", statements: []string{allow(on("StringEquals", "sub", "${trust.example.com:sub}"))}, allowed: true},
	{name: "escaped star", statements: []string{allow(on("StringLike", "sub", "org:${*}"))}},
}

func TestTrustPolicies(t *testing.T) {
	t.Parallel()
	w := newWorld(t, trustIssuer, "sts.amazonaws.com", "client-of-the-test")
	w.Subject = subjectV2
	// The gateway makes a user for each subject at its first call. Two such calls at once can cause
	// a permanent conflict.
	open := w.role(t, "trust", allOf(allow("")))
	for _, c := range trustCases {
		raw, err := w.Ring.Sign(t.Context(), w.claims(c.claims...))
		if err != nil {
			t.Fatal(err)
		}
		if err := w.assume(t.Context(), open, raw); err != nil {
			t.Fatalf("with a policy that allows everyone: %v", err)
		}
	}
	for i, c := range trustCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			document := allOf(c.statements...)
			role := w.role(t, fmt.Sprintf("trust-%d", i), document)
			raw, err := w.Ring.Sign(t.Context(), w.claims(c.claims...))
			if err != nil {
				t.Fatal(err)
			}

			policy, err := trust.Parse([]byte(document))
			if err != nil {
				t.Fatal(err)
			}
			_, said, err := claims.ParseUnverified(raw)
			if err != nil {
				t.Fatal(err)
			}
			decision := policy.Evaluate(trust.NewRequest(said, trust.Params{RoleARN: role, SessionName: "interop"}))
			if decision.Outcome == trust.Undetermined {
				t.Fatalf("undetermined:\n%s", decision.Explain().Text())
			}
			if decision.Allowed() != c.allowed {
				t.Errorf("package trust says %v, want allowed = %v\n%s", decision.Outcome, c.allowed, decision.Explain().Text())
			}

			err = w.assume(t.Context(), role, raw)
			gateway := err == nil
			if !gateway && !strings.Contains(err.Error(), "StatusCode: 403") {
				t.Fatalf("the gateway refused for another reason than the policy: %v", err)
			}
			switch {
			case c.differs == "" && gateway != c.allowed:
				t.Errorf("the gateway's answer is allowed = %v (%v), package trust's is %v\n%s", gateway, err, decision.Outcome, decision.Explain().Text())
			case c.differs != "" && gateway == c.allowed:
				t.Errorf("no longer a difference: %s", c.differs)
			}
		})
	}
}

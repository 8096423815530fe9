package awsfedtest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/google/go-cmp/cmp"

	"github.com/onafed/onafed/awsfed/awsfedtest"
	"github.com/onafed/onafed/idp/idptest"
)

const nextRole = "arn:aws:iam::210987654321:role/next"

// chained returns an STS with a second role, in another account, and a client with the credentials
// of the first role. The trust policy of the second role has the given statement, in which
// PRINCIPAL is replaced by the first role. pairs changes the claims of the token.
func chained(tb testing.TB, statement string, pairs ...any) (*awsfedtest.STS, *sts.Client) {
	tb.Helper()
	s, iss := setup(tb)
	for arn, p := range map[string]string{
		roleARN:  `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::123456789012:oidc-provider/app.gitpod.io"},"Action":["sts:AssumeRoleWithWebIdentity","sts:TagSession","sts:SetSourceIdentity"],"Condition":{"StringEquals":{"app.gitpod.io:aud":"sts.amazonaws.com"}}}]}`,
		nextRole: `{"Version":"2012-10-17","Statement":[` + strings.ReplaceAll(statement, "PRINCIPAL", `"Principal":{"AWS":"`+roleARN+`"}`) + `]}`,
	} {
		if err := s.PutRole(awsfedtest.Role{ARN: arn, TrustPolicy: policy(tb, p), MaxSessionDuration: 12 * time.Hour}); err != nil {
			tb.Fatal(err)
		}
	}
	out, err := s.AssumeRoleWithWebIdentity(tb.Context(), input(iss.Sign(idptest.With(iss.Claims(audience), pairs...))), once)
	if err != nil {
		tb.Fatal(err)
	}
	c := out.Credentials
	return s, s.Client(static(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken), once)
}

// Statements for chained.
const (
	allowAssumeRole     = `{"Effect":"Allow",PRINCIPAL,"Action":"sts:AssumeRole"}`
	allowTags           = `{"Effect":"Allow",PRINCIPAL,"Action":["sts:AssumeRole","sts:TagSession"]}`
	allowSourceIdentity = `{"Effect":"Allow",PRINCIPAL,"Action":["sts:AssumeRole","sts:SetSourceIdentity"]}`
)

// chainInput returns a valid call of AssumeRole, changed by change if that is not nil.
func chainInput(change func(*sts.AssumeRoleInput)) *sts.AssumeRoleInput {
	i := &sts.AssumeRoleInput{RoleArn: aws.String(nextRole), RoleSessionName: aws.String("hop")}
	if change != nil {
		change(i)
	}
	return i
}

func webTag() []types.Tag {
	return []types.Tag{{Key: aws.String("Team"), Value: aws.String("web")}}
}

// manyTags returns n tags. Without a value, they have values that cannot be compressed well.
func manyTags(n int, value string) []types.Tag {
	var tags []types.Tag
	for i := range n {
		v := value
		if v == "" {
			v = noise(i)
		}
		tags = append(tags, types.Tag{Key: aws.String("tag" + strings.Repeat("g", i)), Value: aws.String(v)})
	}
	return tags
}

// transitiveTag returns claims with a transitive tag.
func transitiveTag() []any {
	return []any{"https://aws.amazon.com/tags/principal_tags/Team", "web", "https://aws.amazon.com/tags/transitive_tag_keys", []string{"Team"}}
}

// alice returns claims with a source identity.
func alice() []any { return []any{"https://aws.amazon.com/source_identity", "alice"} }

// A chainTest is a call of AssumeRole.
type chainTest struct {
	name      string
	statement string // of the trust policy
	claims    []any  // of the token of the caller
	in        *sts.AssumeRoleInput
	code      string // "": success
	message   string // a part of it
}

func runChainTests(t *testing.T, tests []chainTest) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, client := chained(t, tt.statement, tt.claims...)
			out, err := client.AssumeRole(t.Context(), tt.in)
			got := refusalOf(err)
			if got.Code != tt.code || !strings.Contains(got.Message, tt.message) {
				t.Fatalf("AssumeRole: %+v, want %s %q (log: %+v)", got, tt.code, tt.message, lastCall(t, s))
			}
			if tt.code != "" {
				return
			}
			if got, want := *out.AssumedRoleUser.Arn, "arn:aws:sts::210987654321:assumed-role/next/hop"; got != want {
				t.Errorf("Arn = %q, want %q", got, want)
			}
			if tt.claims != nil && tt.claims[0] == alice()[0] && aws.ToString(out.SourceIdentity) != "alice" {
				t.Errorf("SourceIdentity = %v, want alice", out.SourceIdentity)
			}
		})
	}
}

func TestAssumeRolePrincipals(t *testing.T) {
	t.Parallel()
	runChainTests(t, []chainTest{
		{"role", allowAssumeRole, nil, chainInput(nil), "", ""},
		{"account", `{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"sts:AssumeRole"}`, nil, chainInput(nil), "", ""},
		{"root of the account", `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"sts:AssumeRole"}`, nil, chainInput(nil), "", ""},
		{"session", `{"Effect":"Allow","Principal":{"AWS":"arn:aws:sts::123456789012:assumed-role/deploy/env-` + idptest.EnvironmentID + `"},"Action":"sts:AssumeRole"}`, nil, chainInput(nil), "", ""},
		{"everyone", `{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}`, nil, chainInput(nil), "", ""},
		{"another account", `{"Effect":"Allow","Principal":{"AWS":"210987654321"},"Action":"sts:AssumeRole"}`, nil, chainInput(nil), "AccessDenied", "is not authorized to perform: sts:AssumeRole on resource: " + nextRole},
		{"only web identities", `{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::210987654321:oidc-provider/app.gitpod.io"},"Action":"sts:AssumeRole"}`, nil, chainInput(nil), "AccessDenied", ""},
		{"another action", `{"Effect":"Allow",PRINCIPAL,"Action":"sts:TagSession"}`, nil, chainInput(nil), "AccessDenied", ""},
		{"Deny", allowAssumeRole + `,{"Effect":"Deny",PRINCIPAL,"Action":"sts:*"}`, nil, chainInput(nil), "AccessDenied", ""},
		{"unique ID of a role", `{"Effect":"Allow","Principal":{"AWS":"AROACKCEVSQ6C2EXAMPLE"},"Action":"sts:AssumeRole"}`, nil, chainInput(nil), "AccessDenied", ""},
		{"Deny for the session", allowAssumeRole + `,{"Effect":"Deny","Principal":{"AWS":"arn:aws:sts::123456789012:assumed-role/deploy/env-` + idptest.EnvironmentID + `"},"Action":"sts:*"}`, nil, chainInput(nil), "AccessDenied", ""},
		{"condition on the role of the caller", `{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"sts:AssumeRole","Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/ona/*"}}}`, nil, chainInput(nil), "", ""},
		{"no such role", allowAssumeRole, nil, chainInput(func(i *sts.AssumeRoleInput) { i.RoleArn = aws.String(nextRole + "x") }), "AccessDenied", ""},
	})
}

func TestAssumeRoleParameters(t *testing.T) {
	t.Parallel()
	runChainTests(t, []chainTest{
		{"external id", `{"Effect":"Allow",PRINCIPAL,"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"42"}}}`, nil, chainInput(func(i *sts.AssumeRoleInput) { i.ExternalId = aws.String("42") }), "", ""},
		{"no external id", `{"Effect":"Allow",PRINCIPAL,"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"42"}}}`, nil, chainInput(nil), "AccessDenied", ""},
		{"condition on the caller's tag and account", `{"Effect":"Allow","Principal":"*","Action":["sts:AssumeRole","sts:TagSession"],"Condition":{"StringEquals":{"aws:PrincipalTag/Team":"web","aws:PrincipalAccount":"123456789012"}}}`, transitiveTag(), chainInput(nil), "", ""},
		{"an hour", allowAssumeRole, nil, chainInput(func(i *sts.AssumeRoleInput) { i.DurationSeconds = aws.Int32(3600) }), "", ""},
		{"more than an hour", allowAssumeRole, nil, chainInput(func(i *sts.AssumeRoleInput) { i.DurationSeconds = aws.Int32(3601) }), "ValidationError", "exceeds the 1 hour session limit for roles assumed by role chaining"},
		{"less than 15 minutes", allowAssumeRole, nil, chainInput(func(i *sts.AssumeRoleInput) { i.DurationSeconds = aws.Int32(899) }), "ValidationError", "greater than or equal to 900"},
		{"external id of one character", allowAssumeRole, nil, chainInput(func(i *sts.AssumeRoleInput) { i.ExternalId = aws.String("x") }), "ValidationError", "'externalId' failed to satisfy constraint: Member must have length greater than or equal to 2"},
		{"external id of 1,225 characters", allowAssumeRole, nil, chainInput(func(i *sts.AssumeRoleInput) { i.ExternalId = aws.String(strings.Repeat("x", 1225)) }), "ValidationError", "less than or equal to 1224"},
		{"external id with a space", allowAssumeRole, nil, chainInput(func(i *sts.AssumeRoleInput) { i.ExternalId = aws.String("a b") }), "ValidationError", "regular expression"},
		{"MFA code", allowAssumeRole, nil, chainInput(func(i *sts.AssumeRoleInput) {
			i.SerialNumber, i.TokenCode = aws.String("arn:aws:iam::123456789012:mfa/alice"), aws.String("123456")
		}), "AccessDenied", ""},
		{"MFA code that is not digits", allowAssumeRole, nil, chainInput(func(i *sts.AssumeRoleInput) { i.TokenCode = aws.String("12345x") }), "ValidationError", "regular expression"},
		{"provided context", allowAssumeRole, nil, chainInput(func(i *sts.AssumeRoleInput) {
			i.ProvidedContexts = []types.ProvidedContext{{ProviderArn: aws.String("arn:aws:iam::aws:contextProvider/IdentityCenter"), ContextAssertion: aws.String("x")}}
		}), "ValidationError", "ProvidedContexts"},
		{"session policy", allowAssumeRole, nil, chainInput(func(i *sts.AssumeRoleInput) {
			i.Policy = aws.String(`{"Version":"2012-10-17","Statement":[]}`)
			i.PolicyArns = []types.PolicyDescriptorType{{Arn: aws.String("arn:aws:iam::aws:policy/ReadOnlyAccess")}, {Arn: aws.String("arn:aws:iam::210987654321:policy/a")}}
		}), "", ""},
		{"session policy that is not JSON", allowAssumeRole, nil, chainInput(func(i *sts.AssumeRoleInput) { i.Policy = aws.String("x") }), "MalformedPolicyDocument", ""},
		{"policy of the caller's account", allowAssumeRole, nil, chainInput(func(i *sts.AssumeRoleInput) {
			i.PolicyArns = []types.PolicyDescriptorType{{Arn: aws.String("arn:aws:iam::123456789012:policy/a")}}
		}), "ValidationError", "is not valid"},
		{"role of another partition", allowAssumeRole, nil, chainInput(func(i *sts.AssumeRoleInput) { i.RoleArn = aws.String("arn:aws-cn:iam::210987654321:role/next") }), "AccessDenied", ""},
		{"invalid session name", allowAssumeRole, nil, chainInput(func(i *sts.AssumeRoleInput) { i.RoleSessionName = aws.String("a b") }), "ValidationError", "regular expression"},
	})
}

func TestAssumeRoleTagsAndSourceIdentity(t *testing.T) {
	t.Parallel()
	runChainTests(t, []chainTest{
		{"tags", allowTags, nil, chainInput(func(i *sts.AssumeRoleInput) { i.Tags, i.TransitiveTagKeys = webTag(), []string{"team"} }), "", ""},
		{"tags without sts:TagSession", allowAssumeRole, nil, chainInput(func(i *sts.AssumeRoleInput) { i.Tags = webTag() }), "AccessDenied", ""},
		{"tag appears twice", allowTags, nil, chainInput(func(i *sts.AssumeRoleInput) {
			i.Tags = append(webTag(), types.Tag{Key: aws.String("TEAM"), Value: aws.String("x")})
		}), "ValidationError", "letter case"},
		{"tag without a value", allowTags, nil, chainInput(func(i *sts.AssumeRoleInput) { i.Tags = []types.Tag{{Key: aws.String("Team"), Value: aws.String("")}} }), "", ""},
		{"reserved tag", allowTags, nil, chainInput(func(i *sts.AssumeRoleInput) {
			i.Tags = []types.Tag{{Key: aws.String("aws:x"), Value: aws.String("y")}}
		}), "ValidationError", "reserved"},
		{"tag of 257 characters", allowTags, nil, chainInput(func(i *sts.AssumeRoleInput) {
			i.Tags = []types.Tag{{Key: aws.String("x"), Value: aws.String(strings.Repeat("y", 257))}}
		}), "ValidationError", "'value' failed to satisfy constraint: Member must have length less than or equal to 256"},
		{"51 tags", allowTags, nil, chainInput(func(i *sts.AssumeRoleInput) { i.Tags = manyTags(51, "v") }), "ValidationError", "less than or equal to 50"},
		{"50 tags", allowTags, nil, chainInput(func(i *sts.AssumeRoleInput) { i.Tags = manyTags(50, strings.Repeat("v", 256)) }), "", ""},
		{"50 tags that cannot be packed", allowTags, nil, chainInput(func(i *sts.AssumeRoleInput) { i.Tags = manyTags(50, "") }), "PackedPolicyTooLarge", ""},
		{"transitive key without a tag", allowTags, nil, chainInput(func(i *sts.AssumeRoleInput) { i.TransitiveTagKeys = []string{"x"} }), "ValidationError", "transitive"},
		{"condition on the tag of the request", strings.Replace(allowTags, "]}", `],"Condition":{"StringEquals":{"aws:RequestTag/Team":"${aws:PrincipalTag/Team}"}}}`, 1), []any{"https://aws.amazon.com/tags/principal_tags/Team", "web"}, chainInput(func(i *sts.AssumeRoleInput) { i.Tags = webTag() }), "", ""},
		{"message names sts:TagSession", allowAssumeRole, nil, chainInput(func(i *sts.AssumeRoleInput) { i.Tags = webTag() }), "AccessDenied", "perform: sts:TagSession on resource"},
		{"transitive tag is inherited", allowTags, transitiveTag(), chainInput(nil), "", ""},
		{"transitive tag needs sts:TagSession again", allowAssumeRole, transitiveTag(), chainInput(nil), "AccessDenied", ""},
		{"transitive tag cannot be replaced", allowTags, transitiveTag(), chainInput(func(i *sts.AssumeRoleInput) { i.Tags = webTag() }), "ValidationError", "conflicts with a transitive tag key"},
		{"source identity", allowSourceIdentity, nil, chainInput(func(i *sts.AssumeRoleInput) { i.SourceIdentity = aws.String("bob") }), "", ""},
		{"source identity is inherited", allowSourceIdentity, alice(), chainInput(nil), "", ""},
		{"source identity needs its action again", allowAssumeRole, alice(), chainInput(nil), "AccessDenied", ""},
		{"source identity cannot be changed", allowSourceIdentity, alice(), chainInput(func(i *sts.AssumeRoleInput) { i.SourceIdentity = aws.String("bob") }), "AccessDenied", ""},
	})
}

// The provider of the SDK can chain roles.
func TestAssumeRoleProvider(t *testing.T) {
	t.Parallel()
	s, client := chained(t, allowAssumeRole)
	hop := stscreds.NewAssumeRoleProvider(client, nextRole, func(o *stscreds.AssumeRoleOptions) { o.RoleSessionName = "hop" })
	out, err := s.Client(hop).GetCallerIdentity(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"210987654321", "arn:aws:sts::210987654321:assumed-role/next/hop"}
	if diff := cmp.Diff(want, []string{*out.Account, *out.Arn}); diff != "" {
		t.Errorf("caller (-want +got):\n%s", diff)
	}
	// AssumeRole needs a signature.
	_, err = s.Client(aws.AnonymousCredentials{}).AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: aws.String(nextRole), RoleSessionName: aws.String("hop")}, once)
	if got := refusalOf(err).Code; got != "MissingAuthenticationToken" {
		t.Errorf("AssumeRole without a signature: %v", err)
	}
	if calls := s.Calls(); calls[len(calls)-1].Reason != "the request has no signature" {
		t.Errorf("Reason of a call without a signature = %q", calls[len(calls)-1].Reason)
	}
}

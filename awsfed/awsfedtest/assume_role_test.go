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

// chained returns an STS with a second role, in another account, whose statement is statement with PRINCIPAL as its principal, and
// a client with the credentials of the first role. tagged are claims of the token.
func chained(tb testing.TB, statement string, tagged ...any) (*awsfedtest.STS, *sts.Client) {
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
	out, err := s.AssumeRoleWithWebIdentity(tb.Context(), input(iss.Sign(idptest.With(iss.Claims(audience), tagged...))), once)
	if err != nil {
		tb.Fatal(err)
	}
	c := out.Credentials
	return s, s.Client(static(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken), once)
}

func TestAssumeRole(t *testing.T) {
	t.Parallel()
	in := func(change func(*sts.AssumeRoleInput)) *sts.AssumeRoleInput {
		i := &sts.AssumeRoleInput{RoleArn: aws.String(nextRole), RoleSessionName: aws.String("hop")}
		if change != nil {
			change(i)
		}
		return i
	}
	const (
		plain  = `{"Effect":"Allow",PRINCIPAL,"Action":"sts:AssumeRole"}`
		tag    = `{"Effect":"Allow",PRINCIPAL,"Action":["sts:AssumeRole","sts:TagSession"]}`
		source = `{"Effect":"Allow",PRINCIPAL,"Action":["sts:AssumeRole","sts:SetSourceIdentity"]}`
	)
	web := []types.Tag{{Key: aws.String("Team"), Value: aws.String("web")}}
	transitive := []any{"https://aws.amazon.com/tags/principal_tags/Team", "web", "https://aws.amazon.com/tags/transitive_tag_keys", []string{"Team"}}
	alice := []any{"https://aws.amazon.com/source_identity", "alice"}
	tests := []struct {
		name      string
		statement string
		tagged    []any
		in        *sts.AssumeRoleInput
		code      string // "" for success
		message   string
	}{
		{"role named", plain, nil, in(nil), "", ""},
		{"account named", `{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"sts:AssumeRole"}`, nil, in(nil), "", ""},
		{"root of the account named", `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"sts:AssumeRole"}`, nil, in(nil), "", ""},
		{"session named", `{"Effect":"Allow","Principal":{"AWS":"arn:aws:sts::123456789012:assumed-role/deploy/env-` + idptest.EnvironmentID + `"},"Action":"sts:AssumeRole"}`, nil, in(nil), "", ""},
		{"everybody", `{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}`, nil, in(nil), "", ""},
		{"another account named", `{"Effect":"Allow","Principal":{"AWS":"210987654321"},"Action":"sts:AssumeRole"}`, nil, in(nil), "AccessDenied", "is not authorized to perform: sts:AssumeRole on resource: " + nextRole},
		{"web identities alone", `{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::210987654321:oidc-provider/app.gitpod.io"},"Action":"sts:AssumeRole"}`, nil, in(nil), "AccessDenied", ""},
		{"another action", `{"Effect":"Allow",PRINCIPAL,"Action":"sts:TagSession"}`, nil, in(nil), "AccessDenied", ""},
		{"a denial wins", plain + `,{"Effect":"Deny",PRINCIPAL,"Action":"sts:*"}`, nil, in(nil), "AccessDenied", ""},
		{"no such role", plain, nil, in(func(i *sts.AssumeRoleInput) { i.RoleArn = aws.String(nextRole + "x") }), "AccessDenied", ""},
		{"external id", `{"Effect":"Allow",PRINCIPAL,"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"42"}}}`, nil, in(func(i *sts.AssumeRoleInput) { i.ExternalId = aws.String("42") }), "", ""},
		{"no external id", `{"Effect":"Allow",PRINCIPAL,"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"42"}}}`, nil, in(nil), "AccessDenied", ""},
		{"condition on the caller's tag and account", `{"Effect":"Allow","Principal":"*","Action":["sts:AssumeRole","sts:TagSession"],"Condition":{"StringEquals":{"aws:PrincipalTag/Team":"web","aws:PrincipalAccount":"123456789012"}}}`, transitive, in(nil), "", ""},
		{"an hour", plain, nil, in(func(i *sts.AssumeRoleInput) { i.DurationSeconds = aws.Int32(3600) }), "", ""},
		{"over an hour", plain, nil, in(func(i *sts.AssumeRoleInput) { i.DurationSeconds = aws.Int32(3601) }), "ValidationError", "exceeds the 1 hour session limit for roles assumed by role chaining"},
		{"session name", plain, nil, in(func(i *sts.AssumeRoleInput) { i.RoleSessionName = aws.String("a b") }), "ValidationError", "regular expression"},
		{"tags", tag, nil, in(func(i *sts.AssumeRoleInput) { i.Tags, i.TransitiveTagKeys = web, []string{"team"} }), "", ""},
		{"tags without sts:TagSession", plain, nil, in(func(i *sts.AssumeRoleInput) { i.Tags = web }), "AccessDenied", ""},
		{"tag twice", tag, nil, in(func(i *sts.AssumeRoleInput) {
			i.Tags = append(web, types.Tag{Key: aws.String("TEAM"), Value: aws.String("x")})
		}), "ValidationError", "letter case"},
		{"transitive tag goes on", tag, transitive, in(nil), "", ""},
		{"transitive tag needs sts:TagSession again", plain, transitive, in(nil), "AccessDenied", ""},
		{"transitive tag cannot be replaced", tag, transitive, in(func(i *sts.AssumeRoleInput) { i.Tags = web }), "ValidationError", "conflicts with a transitive tag key"},
		{"source identity", source, nil, in(func(i *sts.AssumeRoleInput) { i.SourceIdentity = aws.String("bob") }), "", ""},
		{"source identity goes on", source, alice, in(nil), "", ""},
		{"source identity needs its action again", plain, alice, in(nil), "AccessDenied", ""},
		{"source identity cannot be changed", source, alice, in(func(i *sts.AssumeRoleInput) { i.SourceIdentity = aws.String("bob") }), "AccessDenied", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, client := chained(t, tt.statement, tt.tagged...)
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
			if tt.tagged != nil && tt.tagged[0] == alice[0] && aws.ToString(out.SourceIdentity) != "alice" {
				t.Errorf("SourceIdentity = %v, want alice", out.SourceIdentity)
			}
		})
	}
}

// The SDK's own provider chains roles, and what it signs is let in by a service.
func TestAssumeRoleProvider(t *testing.T) {
	t.Parallel()
	s, client := chained(t, `{"Effect":"Allow",PRINCIPAL,"Action":"sts:AssumeRole"}`)
	hop := stscreds.NewAssumeRoleProvider(client, nextRole, func(o *stscreds.AssumeRoleOptions) { o.RoleSessionName = "hop" })
	out, err := s.Client(hop).GetCallerIdentity(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"210987654321", "arn:aws:sts::210987654321:assumed-role/next/hop"}
	if diff := cmp.Diff(want, []string{*out.Account, *out.Arn}); diff != "" {
		t.Errorf("caller (-want +got):\n%s", diff)
	}
	// Without credentials AssumeRole is nobody's.
	_, err = s.Client(aws.AnonymousCredentials{}).AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: aws.String(nextRole), RoleSessionName: aws.String("hop")}, once)
	if got := refusalOf(err).Code; got != "MissingAuthenticationToken" {
		t.Errorf("AssumeRole without a signature: %v", err)
	}
}

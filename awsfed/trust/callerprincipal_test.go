package trust_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/onafed/onafed/awsfed/trust"
)

// assume evaluates a policy that allows AssumeRole to the principals, for a caller.
func assume(s trust.RoleSession, principals ...string) trust.Explanation {
	p := trust.Policy{Version: "2012-10-17", Statements: []trust.Statement{{
		Effect: trust.Allow, Principal: trust.Principal{AWS: principals}, Actions: []string{"sts:AssumeRole"},
	}}}
	return p.Evaluate(trust.NewAssumeRoleRequest(s, trust.AssumeRoleParams{})).Explain()
}

// The ARN of a caller is that of a role or of a session of a role. Other ARNs name no caller.
func TestCallerARN(t *testing.T) {
	t.Parallel()
	const account = "arn:aws:iam::123456789012:root"
	for _, tt := range []struct {
		name, arn string
		caller    string // as the explanation names it; empty for an ARN that names no caller
	}{
		{"a role", "arn:aws:iam::123456789012:role/deploy", "arn:aws:iam::123456789012:role/deploy"},
		{"a role with a path", "arn:aws:iam::123456789012:role/team/deploy", "arn:aws:iam::123456789012:role/team/deploy"},
		{"a session", "arn:aws:sts::123456789012:assumed-role/deploy/env-1", "arn:aws:sts::123456789012:assumed-role/deploy/…"},
		{"a role with a region", "arn:aws:iam:us-east-1:123456789012:role/deploy", ""},
		{"a session with a region", "arn:aws:sts:us-east-1:123456789012:assumed-role/deploy/env-1", ""},
		{"a session without a name", "arn:aws:sts::123456789012:assumed-role/deploy", ""},
		{"a session with an empty name", "arn:aws:sts::123456789012:assumed-role/deploy/", ""},
		{"a session without a role", "arn:aws:sts::123456789012:assumed-role//env-1", ""},
		{"a session of IAM", "arn:aws:iam::123456789012:assumed-role/deploy/env-1", ""},
		{"another resource of STS", "arn:aws:sts::123456789012:federated-user/deploy/env-1", ""},
		{"a user", "arn:aws:iam::123456789012:user/deploy", ""},
		{"no ARN", "deploy", ""},
	} {
		x := assume(trust.RoleSession{RoleARN: tt.arn}, account)
		want := trust.Allowed
		if tt.caller == "" {
			want = trust.Denied
		}
		got := ""
		for line := range strings.Lines(x.Text()) {
			if caller, ok := strings.CutPrefix(strings.TrimSpace(line), "caller "); ok {
				got = strings.Trim(strings.TrimSpace(caller), `"`)
			}
		}
		if x.Outcome != want || got != tt.caller {
			t.Errorf("%s: %s, caller %q, want %s, %q", tt.name, x.Outcome, got, want, tt.caller)
		}
	}
}

// Each relation of a principal to the caller has its outcome and its reason, and the closest one of
// several principals counts.
func TestCallerPrincipal(t *testing.T) {
	t.Parallel()
	const (
		account = "arn:aws:iam::123456789012:root"
		role    = "arn:aws:iam::123456789012:role/team/deploy"
		session = "arn:aws:sts::123456789012:assumed-role/deploy/env-1"
	)
	byRole, bySession := trust.RoleSession{RoleARN: role}, trust.RoleSession{RoleARN: session}
	named := trust.RoleSession{RoleARN: role, Name: "env-1"}
	for _, tt := range []struct {
		name       string
		caller     trust.RoleSession
		principals []string
		outcome    trust.Outcome
		why        string
		nearMiss   []string // kinds
	}{
		{"everybody", byRole, []string{"*"}, trust.Allowed, "everybody", nil},
		{"the role", byRole, []string{role}, trust.Allowed, "the role of the caller", nil},
		{"the account", byRole, []string{account}, trust.Allowed, "account of the caller", nil},
		{"the number of the account", byRole, []string{"123456789012"}, trust.Allowed, "account of the caller", nil},
		{"the session", bySession, []string{session}, trust.Allowed, "session of the caller", nil},
		{"the session of a role and a name", named, []string{session}, trust.Allowed, "session of the caller", nil},
		{"a role with another path", byRole, []string{"arn:aws:iam::123456789012:role/deploy"}, trust.Denied, "other principals", []string{"principal-path"}},
		{"a role whose path is not known", bySession, []string{role}, trust.Undetermined, "whose path is not known", nil},
		{"another role, of a session", bySession, []string{"arn:aws:iam::123456789012:role/other"}, trust.Denied, "other principals", nil},
		{"a role in another case", byRole, []string{"arn:aws:iam::123456789012:role/team/Deploy"}, trust.Undetermined, "letter case", nil},
		{"a role in another case, of a session", bySession, []string{"arn:aws:iam::123456789012:role/Deploy"}, trust.Undetermined, "letter case", nil},
		{"a session whose name is not known", byRole, []string{session}, trust.Undetermined, "name of the caller's session is not known", nil},
		{"another session", bySession, []string{"arn:aws:sts::123456789012:assumed-role/deploy/env-2"}, trust.Denied, "other principals", []string{"principal-session"}},
		{"a session in another case", bySession, []string{"arn:aws:sts::123456789012:assumed-role/deploy/Env-1"}, trust.Undetermined, "letter case", nil},
		{"a session of a role in another case", byRole, []string{"arn:aws:sts::123456789012:assumed-role/Deploy/env-1"}, trust.Undetermined, "letter case", nil},
		{"a session of another role", byRole, []string{"arn:aws:sts::123456789012:assumed-role/other/env-1"}, trust.Denied, "other principals", nil},
		{"a role in another account", byRole, []string{"arn:aws:iam::210987654321:role/team/deploy"}, trust.Denied, "other principals", []string{"principal-account"}},
		{"a session in another account", byRole, []string{"arn:aws:sts::210987654321:assumed-role/deploy/env-1"}, trust.Denied, "other principals", []string{"principal-account"}},
		{"a role in another partition", byRole, []string{"arn:aws-cn:iam::123456789012:role/team/deploy"}, trust.Denied, "other principals", []string{"principal-partition"}},
		{"another role in another account", byRole, []string{"arn:aws:iam::210987654321:role/other"}, trust.Denied, "other principals", nil},
		{"a user with the name of the role", byRole, []string{"arn:aws:iam::123456789012:user/deploy"}, trust.Denied, "other principals", nil},
		{"another account", byRole, []string{"210987654321"}, trust.Denied, "other principals", nil},
		{"near misses of each kind once", byRole, []string{
			"arn:aws:iam::123456789012:role/deploy", "arn:aws:iam::210987654321:role/deploy", "arn:aws:iam::210987654322:role/deploy", "arn:aws:iam::123456789012:role/x/deploy",
		}, trust.Denied, "other principals", []string{"principal-path", "principal-account"}},
		{"no AWS principal", byRole, nil, trust.Denied, "no AWS principal", nil},
		{"a unique ID", byRole, []string{"AROACKCEVSQ6C2EXAMPLE"}, trust.Undetermined, "unique ID of the caller's role is not known; IAM shows such an ID after \"AROACKCEVSQ6C2EXAMPLE\"", nil},
		{"a role beside its account", byRole, []string{"210987654321", role, account}, trust.Allowed, "the role of the caller", nil},
		{"the account beside a unique ID", byRole, []string{"AROACKCEVSQ6C2EXAMPLE", account}, trust.Allowed, "account of the caller", nil},
		{"two unique IDs", byRole, []string{"AROACKCEVSQ6C2EXAMPLE", "AROACKCEVSQ6C2EXAMPL2"}, trust.Undetermined, "after \"AROACKCEVSQ6C2EXAMPLE\" was", nil},
	} {
		x := assume(tt.caller, tt.principals...)
		got := x.Statements[0].Principal
		var kinds []string
		for _, m := range got.NearMisses {
			kinds = append(kinds, m.Kind)
		}
		if x.Outcome != tt.outcome || !strings.Contains(got.Why, tt.why) || !slices.Equal(kinds, tt.nearMiss) {
			t.Errorf("%s: %s because %q, near misses %q; want %s, %q, %q", tt.name, x.Outcome, got.Why, kinds, tt.outcome, tt.why, tt.nearMiss)
		}
		if deleted := strings.Contains(got.Why, "was deleted"); deleted != strings.Contains(tt.why, "AROA") {
			t.Errorf("%s: %q", tt.name, got.Why)
		}
	}
}

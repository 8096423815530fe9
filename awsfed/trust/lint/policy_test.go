package lint_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/awsfed/trust/lint"
	"github.com/onafed/onafed/internal/testkit/policies"
	"github.com/onafed/onafed/internal/testkit/vectors"
)

type lintVector struct {
	Name    string
	Comment string
	Role    string // the ARN of the role; empty if not known
	Policy  json.RawMessage
	Expect  []struct {
		ID       string
		Severity lint.Severity
		Fixable  bool
		Widens   bool
	}
}

func lintVectors(tb testing.TB) []lintVector {
	tb.Helper()
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		tb.Fatalf("no vectors: %v", err)
	}
	var all []lintVector
	for _, file := range files {
		all = append(all, vectors.Read[lintVector](tb, file)...)
	}
	return all
}

func TestPolicyVectors(t *testing.T) {
	t.Parallel()
	for _, v := range lintVectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			p := policies.Parse(t, v.Policy)
			var got, want []string
			findings := lint.Policy(p)
			if v.Role != "" {
				findings = lint.RolePolicy(p, v.Role)
			}
			for _, f := range findings {
				got = append(got, fmt.Sprint(f.ID, " ", f.Severity, " fixable ", f.Fixable, " widens ", f.Widens))
				if f.Message == "" || f.Why == "" {
					t.Errorf("%s has no message or no reason: %+v", f.ID, f)
				}
			}
			for _, e := range v.Expect {
				want = append(want, fmt.Sprint(e.ID, " ", e.Severity, " fixable ", e.Fixable, " widens ", e.Widens))
			}
			slices.Sort(got)
			slices.Sort(want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("Policy (-want +got):\n%s%s", diff, p)
			}
		})
	}
}

func TestPolicyQuotesHostileText(t *testing.T) {
	t.Parallel()
	hostile := "\x1b[31m\u202eevil\n"
	p := trust.Policy{Version: "2012-10-17", Statements: []trust.Statement{{
		Effect: trust.Allow, Actions: []string{"sts:*" + hostile}, NotActions: nil,
		Principal: trust.Principal{Federated: []string{policies.ProviderARN}},
		Conditions: []trust.Condition{
			{Operator: "StringLike" + hostile, Key: "app.gitpod.io:sub", Values: []string{hostile}},
			{Operator: "StringLike", Key: "app.gitpod.io:sub", Values: []string{"*" + hostile, "org:x" + hostile}},
			{Operator: "StringEquals", Key: "https://app.gitpod.io:sub" + hostile, Values: []string{hostile}},
		},
	}, {Effect: trust.Effect(hostile)}, {
		Effect: trust.Allow, Actions: []string{"sts:AssumeRoleWithWebIdentity"},
		Principal: trust.Principal{Federated: []string{"arn:aws:iam::123456789012:oidc-provider/" + hostile, hostile}},
		Conditions: []trust.Condition{
			{Operator: "ForAllValues:StringEquals", Key: hostile + ":amr", Values: []string{hostile}},
			{Operator: "StringEqualsIfExists", Key: hostile + ":sub", Values: []string{hostile}},
		},
	}}}
	for _, f := range lint.Policy(p) {
		for _, text := range []string{f.Message, f.Why} {
			if i := strings.IndexFunc(text, func(r rune) bool { return r < ' ' || r > '~' && r != '…' }); i >= 0 {
				t.Errorf("%s: %q contains a character that is not printable ASCII", f.ID, text)
			}
		}
	}
}

const openStatement = `{"Effect": "Allow", "Principal": {"Federated": "arn:aws:iam::123456789012:oidc-provider/app.gitpod.io"}, "Action": "sts:AssumeRoleWithWebIdentity"}`

func TestPositions(t *testing.T) {
	t.Parallel()
	policy := "{\"Id\": \"é\", \"Statement\": [" + openStatement + ",\n\t" + openStatement + "]}"
	var inOtherJSON struct{ Policy trust.Policy }
	if err := json.Unmarshal([]byte(`{"Policy": `+policy+`}`), &inOtherJSON); err != nil {
		t.Fatal(err)
	}
	inGo := trust.Policy{Statements: []trust.Statement{{
		Effect: trust.Allow, Principal: trust.Principal{Any: true}, Actions: []string{"sts:AssumeRoleWithWebIdentity"},
	}}}
	for _, tt := range []struct {
		rule   string
		policy trust.Policy
		want   [][2]int // line and column of each statement
	}{
		{"one statement", policies.Parse(t, []byte(`{"Statement": `+openStatement+`}`)), [][2]int{{1, 15}}},
		{"a list", policies.Parse(t, []byte(policy)), [][2]int{{1, 27}, {2, 2}}},
		{"a part of other JSON", inOtherJSON.Policy, [][2]int{{0, 0}, {0, 0}}},
		{"made in Go code", inGo, [][2]int{{0, 0}}},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			findings := lint.Policy(tt.policy)
			if len(findings) == 0 {
				t.Fatal("Policy finds nothing")
			}
			for _, f := range findings {
				if got, want := [2]int{f.Line, f.Column}, tt.want[f.Statement]; got != want {
					t.Errorf("statement %d, %s: line and column %v, want %v", f.Statement, f.ID, got, want)
				}
			}
		})
	}
}

func TestFindingAboutTheWholePolicyHasNoPosition(t *testing.T) {
	t.Parallel()
	p := policies.Parse(t, []byte(`{"Statement": [`+openStatement+strings.Repeat(","+openStatement, 20)+`]}`))
	f := lint.Policy(p)[0]
	if f.Statement != -1 || f.ID != lint.TooLong || f.Line != 0 || f.Column != 0 {
		t.Errorf("the first finding is %+v, want %s without a position", f, lint.TooLong)
	}
}

// Readers in other languages do not expect null in place of a list.
func TestNoFindingsAreAnEmptyList(t *testing.T) {
	t.Parallel()
	p := policies.Parse(t, []byte(`{"Statement":{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}}`))
	if data, err := json.Marshal(lint.Policy(p)); err != nil || string(data) != "[]" {
		t.Errorf("Marshal = %s, %v, want []", data, err)
	}
}

// The names in JSON are documented and do not change.
func TestFindingJSON(t *testing.T) {
	t.Parallel()
	p := policies.Parse(t, []byte(`{"Statement":`+strings.Replace(openStatement, `"Action"`,
		`"Condition": {"StringLike": {"app.gitpod.io:sub": "org:`+policies.Org+`*"}}, "Action"`, 1)+`}`))
	got, err := json.Marshal(lint.Policy(p)[0])
	if err != nil {
		t.Fatal(err)
	}
	var members map[string]any
	if err := json.Unmarshal(got, &members); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{
		"id": lint.OrganizationSeparator, "severity": "warning", "statement": 0.0, "line": 1.0, "column": 14.0, "operator": "StringLike",
		"key": "app.gitpod.io:sub", "value": "org:" + policies.Org + "*", "fixable": true,
	} {
		if members[name] != want {
			t.Errorf("member %s is %v, want %v", name, members[name], want)
		}
	}
	if len(members) != 11 { // these and message and why; widens is false
		t.Errorf("%d members: %s", len(members), got)
	}
}

func TestMissingSubjectNamesTheClaims(t *testing.T) {
	t.Parallel()
	const host = "token.actions.githubusercontent.com"
	p := policies.OnSubject(trust.Allow, "StringEquals", "refs/heads/main")
	p.Statements[0].Principal.Federated = []string{"arn:aws:iam::123456789012:oidc-provider/" + host}
	p.Statements[0].Conditions[0].Key = host + ":ref"
	for _, f := range lint.Policy(p) {
		const want = "Tokens of other tenants can have the same ref. Claims that name the tenant are " +
			"enterprise_id, job_workflow_ref, repository, repository_id, repository_owner_id, sub."
		if f.ID == lint.MissingSubject && !strings.HasSuffix(f.Why, want) {
			t.Errorf("the reason is %q, want %q at its end", f.Why, want)
		}
	}
}

func TestProvidersThatCannotExist(t *testing.T) {
	t.Parallel()
	for name, exists := range map[string]bool{
		"arn:aws:iam::123456789012:oidc-provider/example.com/a": true, "arn:aws-us-gov:iam::123456789012:saml-provider/p": true, "accounts.google.com": true,
		"arn:aws:iam::12345678901:oidc-provider/example.com": false, "arn:aws:iam::AWS_ACCOUNT_ID:oidc-provider/example.com": false,
		"arn:aws:iam::123456789012:oidc-provider/": false, "arn:aws:iam::123456789012:oidc-provider": false, "arn:aws:iam::123456789012:role/r": false,
		"arn:aws:iam:us-east-1:123456789012:oidc-provider/example.com": false, "arn:awsx:iam::123456789012:oidc-provider/example.com": false,
		"arn:aws:sts::123456789012:oidc-provider/example.com": false,
	} {
		p := trust.Policy{Statements: []trust.Statement{{
			Effect: trust.Deny, Principal: trust.Principal{Federated: []string{name}}, Actions: []string{"sts:AssumeRoleWithWebIdentity"},
		}}}
		found := slices.ContainsFunc(lint.Policy(p), func(f lint.Finding) bool { return f.ID == lint.InvalidPrincipal })
		if found == exists {
			t.Errorf("provider %q: a finding %s: %v", name, lint.InvalidPrincipal, found)
		}
	}
}

// Parse refuses some of these, but a policy can be made in Go code.
func TestPrincipalsThatCannotExist(t *testing.T) {
	t.Parallel()
	for name, exists := range map[string]bool{
		"*": true, "123456789012": true, "arn:aws:iam::123456789012:root": true, "AROAIOSFODNN7EXAMPLE": true,
		"12345678901": false, "1234567890123": false, "ACCOUNT": false, "AWS_ACCOUNT_ID": false, "": false,
		"arn:aws:iam::12345678901:root": false, "arn:aws:iam::${AWS::AccountId}:root": false, "arn:aws:iam": false, "BROAIOSFODNN7EXAMPLE": false,
		"arn:aws:iam::123456789012:role/a/b": true, "arn:aws-cn:iam::123456789012:user/u": true, "arn:aws:sts::123456789012:assumed-role/r/s": true,
		"arn:aws:sts::123456789012:federated-user/u": true, "arn:aws:iam::123456789012:policy/p": false, "arn:aws:iam::123456789012:group/g": false,
		"arn:aws:iam::123456789012:role/": false, "arn:aws:iam::123456789012:role": false, "arn:awsx:iam::123456789012:root": false,
		"arn:aws:iam:us-east-1:123456789012:root": false, "arn:aws:sts::123456789012:role/r": false, "arn:aws:iam::123456789012:oidc-provider/x": false,
	} {
		p := trust.Policy{Statements: []trust.Statement{{
			Effect: trust.Deny, Principal: trust.Principal{AWS: []string{name}}, Actions: []string{"sts:AssumeRole"},
		}}}
		found := slices.ContainsFunc(lint.Policy(p), func(f lint.Finding) bool { return f.ID == lint.InvalidPrincipal })
		if found == exists {
			t.Errorf("principal %q: a finding %s: %v", name, lint.InvalidPrincipal, found)
		}
	}
}

package policyfile

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/awsfed/trust/lint"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
	"github.com/onafed/onafed/idp"
)

const (
	testAccount = "123456789012"
	testOrg     = "0191e223-1c3c-7607-badf-303c98b52d2f"
	testProject = "019527e4-75d5-704d-a5a4-a2b52cf56198"
	// hostile has what ends or extends a word in sh, HCL, JSON, JMESPath or CloudFormation.
	hostile = "a'b\"c$(id)`id`${x}%{y}\\'&|;#!~<>\u00ad"
)

// setupRules are rules for every form of provider.
func setupRules() []trust.Rule {
	rules := []trust.Rule{
		{},
		{Partition: "aws-cn"},
		{Partition: "aws-cn", Audience: "sts.amazonaws.com.cn"},
		{Partition: "aws-us-gov", Format: trust.FormatV3},
		{Partition: "aws-eusc", Format: trust.FormatBoth},
		{Issuer: "https://auth.example/"},
		{Issuer: "https://auth.example/tenant/a%20b@c+d=e,f~g"},
		{Issuer: "https://9.example"},
		{Audience: "https://audience.example/file"},
		{Audience: "file:///etc/passwd"},
		{Audience: strings.NewReplacer("${", "$").Replace(hostile)},
	}
	for i := range rules {
		rules[i].Account, rules[i].Organization, rules[i].Project = testAccount, testOrg, testProject
	}
	return rules
}

// setupOf returns the provider and a role with everything for a rule.
func setupOf(t *testing.T, rule trust.Rule) (*Provider, Role) {
	t.Helper()
	policy, err := trust.Build(rule)
	if err != nil {
		t.Fatal(err)
	}
	p := &Provider{URL: rule.Issuer, Audiences: []string{rule.Audience}}
	if p.URL == "" {
		p.URL = idp.Issuer
	}
	if rule.Audience == "" {
		p.Audiences = []string{idp.AudienceAWS}
	}
	partition := rule.Partition
	if partition == "" {
		partition = "aws"
	}
	if p.ARN, err = trust.ProviderARN(partition, rule.Account, p.URL); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]string{"Effect": "Allow", "Action": "s3:*", "Resource": hostile}}})
	if err != nil {
		t.Fatal(err)
	}
	inline, err := PermissionPolicy(strings.ReplaceAll(string(text), "\u00ad", ""))
	if err != nil {
		t.Fatal(err)
	}
	p.Tags = []Tag{{"a b", "c=d"}, {"k\u2028", "v"}}
	return p, Role{
		Name: "-deploy", Policy: policy, Path: `/a'b"c$(id)${x}/`, MaxSession: 7200, InlinePolicy: inline,
		ManagedPolicies: []string{"arn:" + partition + ":iam::aws:policy/ReadOnlyAccess"},
		Tags:            p.Tags,
	}
}

// checkTrust requires a value to be the trust policy of a rule, with nothing that lint finds.
func checkTrust(t *testing.T, value any, want trust.Policy) {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	got, err := trust.Parse(text)
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	if !got.Equal(want) {
		t.Errorf("the trust policy is\n%s\nwant\n%s", got, want)
	}
	for _, f := range lint.Policy(got) {
		t.Errorf("lint finds %s: %s", f.ID, f.Why)
	}
}

// hclAfter returns the value of the HCL expression after a text.
func hclAfter(t *testing.T, hcl, after string) any {
	t.Helper()
	_, rest, ok := strings.Cut(hcl, after)
	if !ok {
		t.Fatalf("no %q in\n%s", after, hcl)
	}
	r := &hclReader{rest: rest}
	v := r.value()
	if r.err != nil {
		t.Fatalf("%v after %q in\n%s", r.err, after, hcl)
	}
	return v
}

func TestTerraformSetup(t *testing.T) {
	t.Parallel()
	for _, rule := range setupRules() {
		p, r := setupOf(t, rule)
		p.Thumbprints = []string{strings.Repeat("a", 40)}
		hcl, err := Terraform(p, []Role{r})
		if err != nil {
			t.Fatal(err)
		}
		checkPrintable(t, hcl)
		checkTrust(t, hclAfter(t, hcl, "assume_role_policy = jsonencode("), r.Policy)
		var inline any
		if err := json.Unmarshal([]byte(r.InlinePolicy), &inline); err != nil {
			t.Fatal(err)
		}
		for after, want := range map[string]any{
			"  url = ":                  p.URL,
			"  client_id_list = ":       []any{p.Audiences[0]},
			"  thumbprint_list = ":      []any{p.Thumbprints[0]},
			"  name                 = ": r.Name,
			"  path                 = ": r.Path,
			"  tags = ":                 map[string]any{"a b": "c=d", "k\u2028": "v"},
			"  for_each = toset(":       []any{r.ManagedPolicies[0]},
			"  policy = jsonencode(":    inline,
			".arn == ":                  p.ARN,
		} {
			if diff := cmp.Diff(want, hclAfter(t, hcl, after)); diff != "" {
				t.Errorf("after %q (-want +got):\n%s", after, diff)
			}
		}
	}
}

func TestTerraformExistingProvider(t *testing.T) {
	t.Parallel()
	for _, rule := range setupRules() {
		p, r := setupOf(t, rule)
		p.Exists = true
		hcl, err := Terraform(p, []Role{r})
		if err != nil {
			t.Fatal(err)
		}
		if got := hclAfter(t, hcl, "  arn = "); got != p.ARN {
			t.Errorf("the data source is of %q, want %q", got, p.ARN)
		}
		if got := hclAfter(t, hcl, "contains(self.client_id_list, "); got != p.Audiences[0] {
			t.Errorf("the data source requires the audience %q, want %q", got, p.Audiences[0])
		}
		if strings.Contains(hcl, `resource "aws_iam_openid_connect_provider"`) {
			t.Errorf("the provider is created:\n%s", hcl)
		}
	}
}

func TestCloudFormationSetup(t *testing.T) {
	t.Parallel()
	for _, rule := range setupRules() {
		for _, exists := range []bool{false, true} {
			p, r := setupOf(t, rule)
			p.Exists = exists
			template, err := CloudFormation(p, []Role{r})
			if err != nil {
				t.Fatal(err)
			}
			checkPrintable(t, template)
			var stack struct {
				Parameters map[string]struct{ Default string }
				Resources  struct {
					Provider struct {
						Condition  string
						Properties any
					}
					Roledeploy struct{ Properties map[string]any }
				}
			}
			if err := json.Unmarshal([]byte(template), &stack); err != nil {
				t.Fatal(err)
			}
			if got, want := stack.Parameters["CreateProvider"].Default, fmt.Sprint(!exists); got != want {
				t.Errorf("the parameter is %q, want %q", got, want)
			}
			tags := []any{map[string]any{"Key": "a b", "Value": "c=d"}, map[string]any{"Key": "k\u2028", "Value": "v"}}
			want := map[string]any{"Url": p.URL, "ClientIdList": []any{p.Audiences[0]}, "Tags": tags}
			if diff := cmp.Diff(want, stack.Resources.Provider.Properties); diff != "" {
				t.Errorf("the provider (-want +got):\n%s", diff)
			}
			properties := stack.Resources.Roledeploy.Properties
			checkTrust(t, withoutIf(t, properties["AssumeRolePolicyDocument"], p.ARN), r.Policy)
			delete(properties, "AssumeRolePolicyDocument")
			var inline any
			if err := json.Unmarshal([]byte(r.InlinePolicy), &inline); err != nil {
				t.Fatal(err)
			}
			want = map[string]any{
				"RoleName": r.Name, "Path": r.Path, "MaxSessionDuration": 7200., "ManagedPolicyArns": []any{r.ManagedPolicies[0]},
				"Policies": []any{map[string]any{"PolicyName": "onafed", "PolicyDocument": inline}}, "Tags": tags,
			}
			if diff := cmp.Diff(want, properties); diff != "" {
				t.Errorf("the role (-want +got):\n%s", diff)
			}
		}
	}
}

// withoutIf returns a trust policy of a template as it is if the account has the provider.
func withoutIf(t *testing.T, document any, arn string) any {
	t.Helper()
	for _, s := range document.(map[string]any)["Statement"].([]any) {
		principal := s.(map[string]any)["Principal"].(map[string]any)
		want := map[string]any{"Fn::If": []any{"ProviderIsCreated", map[string]any{"Ref": "Provider"}, arn}}
		if diff := cmp.Diff(want, principal["Federated"]); diff != "" {
			t.Fatalf("the principal (-want +got):\n%s", diff)
		}
		principal["Federated"] = arn
	}
	return document
}

func TestCloudFormationRefusesWhatItWouldReplace(t *testing.T) {
	t.Parallel()
	for _, inline := range []string{
		`{"Statement":[{"Resource":"{{resolve:ssm:x}}"}]}`,
		`{"Statement":[{"Resource":{"Ref":"x"}}]}`,
		`{"Statement":[{"Resource":{"Fn::Sub":"x"}}]}`,
		`{"Statement":[{"Resource":"\u007b{re\u0073olve:ssm:x}}"}]}`,
		`{"Statement":[{"Resource":{"\u0052ef":"x"}}]}`,
	} {
		p, r := setupOf(t, setupRules()[0])
		var err error
		if r.InlinePolicy, err = PermissionPolicy(inline); err != nil {
			t.Fatal(err)
		}
		if template, err := CloudFormation(p, []Role{r}); err == nil || template != "" {
			t.Errorf("CloudFormation with %s = %q, %v, want an error", inline, template, err)
		}
	}
}

func TestCloudFormationNeedsValuesOfTags(t *testing.T) {
	t.Parallel()
	p, r := setupOf(t, setupRules()[0])
	p.Tags = []Tag{{Key: "team"}}
	if template, err := CloudFormation(p, []Role{r}); err == nil || template != "" {
		t.Errorf("CloudFormation with a tag without a value = %q, %v, want an error", template, err)
	}
}

// TestShellReadsWords lets each shell print the words of hostile values.
func TestShellReadsWords(t *testing.T) {
	t.Parallel()
	values := []string{plainJSON(hostile), "", "-x", "file:///etc/passwd", hostile[:len(hostile)-2], "*", "~", "a\nb"}
	var script strings.Builder
	for _, v := range values {
		fmt.Fprintf(&script, "printf '%%s\\0' %s\n", terminal.ShellWord(v))
	}
	ran := 0
	for _, shell := range [][]string{{"sh"}, {"dash"}, {"bash"}, {"busybox", "sh"}, {"ksh"}, {"zsh"}} {
		path, err := exec.LookPath(shell[0])
		if err != nil {
			t.Logf("not installed: %s", shell[0])
			continue
		}
		ran++
		cmd := exec.CommandContext(t.Context(), path, append(shell[1:], "-c", script.String())...)
		out, err := cmd.Output()
		if err != nil {
			t.Errorf("%s: %v", shell, err)
		}
		if diff := cmp.Diff(strings.Join(values, "\x00")+"\x00", string(out)); diff != "" {
			t.Errorf("%s reads other words (-want +got):\n%s", shell, diff)
		}
	}
	if ran == 0 && runtime.GOOS != "windows" {
		t.Error("no shell was found")
	}
}

// Package terraform_test checks the Terraform and CloudFormation forms of the command line with the
// software that reads them.
package terraform_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"

	"github.com/onafed/onafed/internal/interop/program"
)

const (
	organization = "0191e223-1c3c-7607-badf-303c98b52d2f"
	providerARN  = "arn:aws:iam::123456789012:oidc-provider/app.gitpod.io"
	permissions  = `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:*"], "Resource": "arn:aws:s3:::${aws:x}%{y}'\"\\$$", "Condition": {"Bool": {"a": "true", "longer:key": "false"}}}]}`
	rules        = `[{"role": "9-a.b@c", "organization": "` + organization + `"}, {"role": "read", "organization": "` + organization + `", "format": "both", "project": "019527e4-75d5-704d-a5a4-a2b52cf56198"}]`
)

// A setup has the programs and files of one test.
type setup struct{ dir, onafed string }

func newSetup(t *testing.T) setup {
	t.Helper()
	s := setup{t.TempDir(), program.Build(t, "../../..", "./cmd/onafed")}
	for name, text := range map[string]string{"permissions.json": permissions, "rules.json": rules} {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// run returns the output of onafed.
func (s setup) run(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), s.onafed, args...)
	cmd.Dir = s.dir
	out, err := program.Run(cmd)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// commands are command lines without the form.
func commands() map[string][]string {
	setup := []string{"aws", "setup", "--account", "123456789012"}
	everything := []string{
		"--role-path", `/a'b"c${x}%{y}/`, "--max-session-duration", "43200", "--inline-policy", "permissions.json",
		"--attach-policy", "arn:aws:iam::aws:policy/ReadOnlyAccess", "--attach-policy", "arn:aws:iam::123456789012:policy/ci/x",
		"--tag", "a b=c", "--tag", "longer-key=d", "--tag", "schlüssel=größe",
	}
	deploy := append(setup, "--organization", organization, "--role-name", "deploy")
	return map[string][]string{
		"smallest":              deploy,
		"existing provider":     append(deploy[:len(deploy):len(deploy)], "--existing-provider"),
		"everything":            append(append(deploy[:len(deploy):len(deploy)], everything...), "--thumbprint", strings.Repeat("a", 40)),
		"rules file":            append(append(setup[:len(setup):len(setup)], "--rules", "rules.json"), everything...),
		"audience and issuer":   append(deploy[:len(deploy):len(deploy)], "--audience", "a$b\"'`%{c}\\", "--issuer", "https://9.example/x/"),
		"trust-policy":          {"aws", "trust-policy", "--account", "123456789012", "--role-name", "deploy", "--organization", organization},
		"trust-policy of rules": {"aws", "trust-policy", "--account", "123456789012", "--rules", "rules.json"},
	}
}

// TestFormat requires the output to be as "terraform fmt" writes it. The formatter of the HCL library
// is the one that terraform has.
func TestFormat(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	terraform := program.Has("terraform")
	if !terraform {
		t.Log("terraform is not on the PATH, and no package of Debian has it: only its formatting library checks the output")
	}
	for name, args := range commands() {
		text := s.run(t, append(args, "--output", "terraform")...)
		if diff := cmp.Diff(string(hclwrite.Format([]byte(text))), text); diff != "" {
			t.Errorf("%s is formatted differently (-want +got):\n%s", name, diff)
		}
		if _, diags := hclsyntax.ParseConfig([]byte(text), "setup.tf", hcl.InitialPos); diags.HasErrors() {
			t.Errorf("%s: %v", name, diags)
		}
		if terraform {
			cmd := exec.CommandContext(t.Context(), "terraform", "fmt", "-check", "-diff", "-")
			cmd.Dir, cmd.Stdin, cmd.Env = s.dir, strings.NewReader(text), append(os.Environ(), "TF_CLI_CONFIG_FILE="+os.DevNull, "CHECKPOINT_DISABLE=1")
			if out, err := program.Run(cmd); err != nil {
				t.Errorf("%s: terraform fmt: %v\n%s", name, err, out)
			}
		}
	}
}

// TestValues evaluates the output as Terraform does.
func TestValues(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	text := s.run(t, append(commands()["everything"], "--output", "terraform")...)
	provider := cty.ObjectVal(map[string]cty.Value{"app_gitpod_io": cty.ObjectVal(map[string]cty.Value{"arn": cty.StringVal(providerARN)})})
	role := cty.ObjectVal(map[string]cty.Value{"deploy": cty.ObjectVal(map[string]cty.Value{"name": cty.StringVal("deploy"), "arn": cty.StringVal("role-arn")})})
	values := evaluate(t, text, &hcl.EvalContext{
		Variables: map[string]cty.Value{
			"aws_iam_openid_connect_provider": provider, "aws_iam_role": role,
			"each": cty.ObjectVal(map[string]cty.Value{"value": cty.StringVal("each")}),
		},
		Functions: map[string]function.Function{"jsonencode": stdlib.JSONEncodeFunc, "toset": stdlib.MakeToFunc(cty.Set(cty.String))},
	})
	policy := s.run(t, "aws", "trust-policy", "--account", "123456789012", "--organization", organization)
	for name, want := range map[string]string{
		"resource aws_iam_role deploy assume_role_policy":                        policy,
		"resource aws_iam_role_policy deploy policy":                             permissions,
		"resource aws_iam_role deploy path":                                      `"/a'b\"c${x}%{y}/"`,
		"resource aws_iam_role deploy max_session_duration":                      `43200`,
		"resource aws_iam_role deploy tags":                                      `{"a b": "c", "longer-key": "d", "schlüssel": "größe"}`,
		"resource aws_iam_role_policy deploy role":                               `"deploy"`,
		"lifecycle precondition condition":                                       `true`,
		"output deploy_role_arn value":                                           `"role-arn"`,
		"resource aws_iam_role_policy_attachment deploy for_each":                `["arn:aws:iam::123456789012:policy/ci/x", "arn:aws:iam::aws:policy/ReadOnlyAccess"]`,
		"resource aws_iam_openid_connect_provider app_gitpod_io client_id_list":  `["sts.amazonaws.com"]`,
		"resource aws_iam_openid_connect_provider app_gitpod_io thumbprint_list": `["` + strings.Repeat("a", 40) + `"]`,
		"resource aws_iam_openid_connect_provider app_gitpod_io url":             `"https://app.gitpod.io"`,
	} {
		if diff := cmp.Diff(decode(t, want), values[name]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// evaluate returns the values of all attributes by the path of their blocks. A text that is JSON of
// an object is decoded.
func evaluate(t *testing.T, text string, ctx *hcl.EvalContext) map[string]any {
	t.Helper()
	file, diags := hclsyntax.ParseConfig([]byte(text), "setup.tf", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	values := make(map[string]any)
	var walk func(path string, body *hclsyntax.Body)
	walk = func(path string, body *hclsyntax.Body) {
		for name, attribute := range body.Attributes {
			v, diags := attribute.Expr.Value(ctx)
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			encoded, err := stdlib.JSONEncode(v)
			if err != nil {
				t.Fatal(err)
			}
			value := decode(t, encoded.AsString())
			if s, ok := value.(string); ok && strings.HasPrefix(s, "{") {
				value = decode(t, s)
			}
			values[path+name] = value
		}
		for _, b := range body.Blocks {
			inner := path
			if path != "" && len(b.Labels) == 0 {
				inner = strings.TrimPrefix(path, "resource aws_iam_role deploy ")
			}
			walk(inner+strings.Join(append([]string{b.Type}, b.Labels...), " ")+" ", b.Body)
		}
	}
	walk("", file.Body.(*hclsyntax.Body))
	return values
}

func decode(t *testing.T, text string) (v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return v
}

// TestCloudFormation gives templates to AWS's cfn-lint.
func TestCloudFormation(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	lint := program.Has("cfn-lint")
	if !lint {
		t.Log("cfn-lint is not on the PATH, and no package of Debian has it: the templates are only read as JSON")
	}
	for _, name := range []string{"everything", "existing provider", "rules file"} {
		template := s.run(t, append(commands()[name], "--output", "cloudformation")...)
		decode(t, template)
		path := filepath.Join(s.dir, "stack.json")
		if err := os.WriteFile(path, []byte(template), 0o600); err != nil {
			t.Fatal(err)
		}
		if lint {
			if out, err := program.Run(exec.CommandContext(t.Context(), "cfn-lint", "--regions", "us-east-1", "--", path)); err != nil {
				t.Errorf("%s: %v\n%s", name, err, out)
			}
		}
	}
}

package policyfile

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/onafed/onafed/awsfed/trust"
)

// hclValue reads a quoted string as HCL does (HCL native syntax specification, "Template
// Expressions"). An interpolation or a directive is an error: nothing in a policy is meant to be
// one.
func hclValue(quoted string) (string, error) {
	s, ok := strings.CutPrefix(quoted, `"`)
	if !ok || !strings.HasSuffix(s, `"`) {
		return "", fmt.Errorf("not a quoted string: %s", quoted)
	}
	s = s[:len(s)-1]
	var b strings.Builder
	for len(s) > 0 {
		switch {
		case strings.HasPrefix(s, "$${"), strings.HasPrefix(s, "%%{"):
			b.WriteString(s[1:3])
			s = s[3:]
		case strings.HasPrefix(s, "${"), strings.HasPrefix(s, "%{"):
			return "", fmt.Errorf("a template at %q", s)
		case s[0] == '"', s[0] == '\n':
			return "", fmt.Errorf("the string ends at %q", s)
		case strings.HasPrefix(s, `\u`):
			r, err := strconv.ParseUint(s[2:6], 16, 32)
			if err != nil {
				return "", err
			}
			b.WriteRune(rune(r))
			s = s[6:]
		case strings.HasPrefix(s, `\U`):
			r, err := strconv.ParseUint(s[2:10], 16, 32)
			if err != nil {
				return "", err
			}
			b.WriteRune(rune(r))
			s = s[10:]
		case s[0] == '\\':
			c, ok := map[byte]byte{'n': '\n', 'r': '\r', 't': '\t', '"': '"', '\\': '\\'}[s[1]]
			if !ok {
				return "", fmt.Errorf("no such escape: %q", s)
			}
			b.WriteByte(c)
			s = s[2:]
		default:
			b.WriteByte(s[0])
			s = s[1:]
		}
	}
	return b.String(), nil
}

func TestHCLStringMeansItself(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"", "plain", "${*}", "${?}", "${$}", `${file("/etc/passwd")}`, "%{if true}x%{endif}", "$${x}", "$$${x}", "%%{x}", "$", "$$", "100%", "${", "%{", "{$}",
		`"`, `\`, `\"`, `\${`, "$\\{", "a\nb\r\tc", "\x00\x1b\x7f", "${aws:username}", "ünïcode 😀", "a\u202eb\U000e0041c\ufffd", "\xff\xc3(",
	} {
		got, err := hclValue(hclString(s))
		if err != nil || got != s {
			t.Errorf("hclString(%q) = %s, which HCL reads as %q, %v", s, hclString(s), got, err)
		}
		for _, r := range hclString(s) {
			if !strconv.IsPrint(r) && utf8.ValidString(s) {
				t.Errorf("hclString(%q) has %U", s, r)
			}
		}
	}
}

func TestCheckRoleName(t *testing.T) {
	t.Parallel()
	for name, good := range map[string]bool{
		"": true, "deploy": true, "a_b+c=d,e.f@g-h0": true, strings.Repeat("a", 64): true, strings.Repeat("a", 65): false,
		"a/b": false, "a b": false, "ä": false, "{{resolve:ssm:x}}": false, "${a}": false, "a\n": false,
	} {
		if err := CheckRoleName(name); (err == nil) != good {
			t.Errorf("CheckRoleName(%q) = %v", name, err)
		}
	}
}

func FuzzHCLString(f *testing.F) {
	f.Add("${*}")
	f.Add(`$${file("x")}"`)
	f.Add("%%%{\\")
	f.Fuzz(func(t *testing.T, s string) {
		if got, err := hclValue(hclString(s)); err != nil || got != s {
			t.Errorf("hclString(%q) = %s, which HCL reads as %q, %v", s, hclString(s), got, err)
		}
	})
}

// TestInfrastructureAsCodeKeepsPolicies prints policies whose values look like templates, and reads
// them back.
func TestInfrastructureAsCodeKeepsPolicies(t *testing.T) {
	t.Parallel()
	var policies []Role
	for i, value := range []string{"org:x/${*}", `${file("/etc/passwd")}`, "%{ for x in y }", "${aws:PrincipalTag/a}", `"\`, "${AWS::AccountId}", "a\u0085b\u00adc"} {
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		p, err := trust.Parse(fmt.Appendf(nil, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::123456789012:oidc-provider/app.gitpod.io"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringLike":{"app.gitpod.io:sub":%s}}}]}`, text))
		if err != nil {
			t.Fatal(err)
		}
		policies = append(policies, Role{fmt.Sprintf("role%d", i), p})
	}

	hcl, err := Terraform(policies)
	if err != nil {
		t.Fatal(err)
	}
	template, err := CloudFormation(policies)
	if err != nil {
		t.Fatal(err)
	}
	object, err := JSON(policies)
	if err != nil {
		t.Fatal(err)
	}
	for form, text := range map[string]string{"Terraform": hcl, "CloudFormation": template, "JSON": object} {
		if at := strings.IndexFunc(text, func(r rune) bool { return r != '\n' && r != '\t' && !strconv.IsPrint(r) }); at >= 0 {
			t.Errorf("%s has a character that acts: %q", form, text[at:at+10])
		}
	}
	if strings.Contains(template, "Fn::") || strings.Contains(template, "Ref") {
		t.Errorf("CloudFormation is asked to substitute:\n%s", template)
	}
	var stack struct {
		Resources map[string]struct {
			Type       string
			Properties struct{ AssumeRolePolicyDocument json.RawMessage }
		}
	}
	if err := json.Unmarshal([]byte(template), &stack); err != nil {
		t.Fatal(err)
	}
	var quoted []string
	for line := range strings.Lines(hcl) {
		if _, value, ok := strings.Cut(line, "assume_role_policy = "); ok {
			quoted = append(quoted, strings.TrimSpace(value))
		}
	}
	for i, p := range policies {
		text, err := hclValue(quoted[i])
		if err != nil {
			t.Fatalf("%s: %v", quoted[i], err)
		}
		for form, document := range map[string][]byte{"Terraform": []byte(text), "CloudFormation": stack.Resources[logicalID(p.Name)].Properties.AssumeRolePolicyDocument} {
			back, err := trust.Parse(document)
			if err != nil {
				t.Errorf("%s: %v", form, err)
				continue
			}
			if diff := cmp.Diff(p.Policy.String(), back.String()); diff != "" {
				t.Errorf("%s changes the policy (-want +got):\n%s", form, diff)
			}
		}
	}
}

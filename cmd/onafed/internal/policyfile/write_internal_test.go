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

// readHCLString returns the value of a quoted HCL string (HCL native syntax specification, "Template
// Expressions"). An interpolation or a directive is an error, because no policy contains one.
func readHCLString(quoted string) (string, error) {
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
		got, err := readHCLString(hclString(s))
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
		if got, err := readHCLString(hclString(s)); err != nil || got != s {
			t.Errorf("hclString(%q) = %s, which HCL reads as %q, %v", s, hclString(s), got, err)
		}
	})
}

// templateRoles returns roles whose policies have values that look like templates.
func templateRoles(t *testing.T) (roles []Role) {
	t.Helper()
	for i, value := range []string{
		"org:x/${*}", `${file("/etc/passwd")}`, "%{ for x in y }", "${aws:PrincipalTag/a}", `"\`, "${AWS::AccountId}", "a\u0085b\u00adc",
	} {
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		p, err := trust.Parse(fmt.Appendf(nil, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::123456789012:oidc-provider/app.gitpod.io"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringLike":{"app.gitpod.io:sub":%s}}}]}`, text))
		if err != nil {
			t.Fatal(err)
		}
		roles = append(roles, Role{Name: fmt.Sprintf("role%d", i), Policy: p})
	}
	return roles
}

func TestTerraformKeepsPolicies(t *testing.T) {
	t.Parallel()
	roles := templateRoles(t)
	hcl, err := Terraform(nil, roles)
	if err != nil {
		t.Fatal(err)
	}
	checkPrintable(t, hcl)
	expressions := strings.Split(hcl, "assume_role_policy = jsonencode(")[1:]
	if len(expressions) != len(roles) {
		t.Fatalf("%d policies, want %d:\n%s", len(expressions), len(roles), hcl)
	}
	for i, text := range expressions {
		r := &hclReader{rest: text}
		value := r.value()
		if r.err != nil || !strings.HasPrefix(r.rest, ")\n}\n") {
			t.Fatalf("%v before %q in\n%s", r.err, r.rest, text)
		}
		var want any
		if err := json.Unmarshal([]byte(roles[i].Policy.String()), &want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, value); diff != "" {
			t.Errorf("%s: another policy (-want +got):\n%s", roles[i].Name, diff)
		}
	}
}

func TestCloudFormationKeepsPolicies(t *testing.T) {
	t.Parallel()
	roles := templateRoles(t)
	template, err := CloudFormation(nil, roles)
	if err != nil {
		t.Fatal(err)
	}
	checkPrintable(t, template)
	if strings.Contains(template, "Fn::") || strings.Contains(template, "Ref") {
		t.Errorf("the template substitutes values:\n%s", template)
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
	for _, r := range roles {
		checkPolicy(t, string(stack.Resources[logicalID(r.Name)].Properties.AssumeRolePolicyDocument), r)
	}
}

func TestJSONKeepsPolicies(t *testing.T) {
	t.Parallel()
	roles := templateRoles(t)
	object, err := JSON(roles)
	if err != nil {
		t.Fatal(err)
	}
	checkPrintable(t, object)
	var policies map[string]json.RawMessage
	if err := json.Unmarshal([]byte(object), &policies); err != nil {
		t.Fatal(err)
	}
	for _, r := range roles {
		checkPolicy(t, string(policies[r.Name]), r)
	}
}

// checkPrintable requires a text to have no character that changes a terminal.
func checkPrintable(t *testing.T, text string) {
	t.Helper()
	if at := strings.IndexFunc(text, func(r rune) bool { return r != '\n' && r != '\t' && !strconv.IsPrint(r) }); at >= 0 {
		t.Errorf("a character that is not printable: %q", text[at:at+10])
	}
}

// checkPolicy requires a text to be the policy of a role.
func checkPolicy(t *testing.T, text string, r Role) {
	t.Helper()
	got, err := trust.Parse([]byte(text))
	if err != nil {
		t.Errorf("%s: %v", r.Name, err)
		return
	}
	if diff := cmp.Diff(r.Policy.String(), got.String()); diff != "" {
		t.Errorf("%s: another policy (-want +got):\n%s", r.Name, diff)
	}
}

package trust_test

import (
	"encoding/json"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/onafed/onafed/awsfed/trust"
)

func TestParseDocuments(t *testing.T) {
	t.Parallel()
	ours, err := trust.Build(trust.Rule{Account: "123456789012", Organization: org})
	if err != nil {
		t.Fatal(err)
	}
	ec2 := trust.Policy{Version: "2012-10-17", Statements: []trust.Statement{
		{Effect: trust.Allow, Principal: trust.Principal{Service: []string{"ec2.amazonaws.com"}}, Actions: []string{"sts:AssumeRole"}},
	}}
	open := ours
	open.Statements = []trust.Statement{ours.Statements[0]}
	open.Statements[0].Conditions = []trust.Condition{ours.Statements[0].Conditions[0], {Operator: "StringLike", Key: "app.gitpod.io:sub", Values: []string{"*"}}}
	const arn = "arn:aws:iam::123456789012:role/"
	deploy := trust.Document{RoleName: "deploy", RoleARN: arn + "ci/deploy", Policy: ours}
	state := []trust.Document{
		{Address: "aws_iam_role.deploy", RoleName: "deploy", RoleARN: arn + "deploy", Policy: ours},
		{Address: `aws_iam_role.each["x"]`, RoleName: "each-x", RoleARN: arn + "each-x", Policy: ec2},
		{Address: "module.ci.data.aws_iam_role.old", RoleName: "old", RoleARN: arn + "old", Policy: ec2},
		{Address: "module.ci.module.deep.aws_iam_role.r[0]", RoleName: "deep", RoleARN: arn + "deep", Policy: open},
	}
	plan := []trust.Document{
		{Address: "aws_iam_role.deploy", RoleName: "deploy", Policy: ours},
		{Address: `aws_iam_role.each["x"]`, RoleName: "each-x", Policy: ec2},
		{Address: "aws_iam_role.later", RoleName: "later", Err: errors.New("before it is applied")},
		{Address: "module.ci.data.aws_iam_role.old", RoleName: "old", Policy: ec2},
		{Address: "module.ci.module.deep.aws_iam_role.r[0]", RoleName: "deep", Policy: open},
	}
	tests := map[string][]trust.Document{
		"documents/get-role.json":         {deploy},
		"documents/get-role-encoded.json": {deploy},
		"documents/list-roles.json":       {{RoleName: "a", RoleARN: arn + "a", Policy: ours}, {RoleName: "b", RoleARN: arn + "b", Policy: ec2}},
		"documents/get-account-authorization-details.json": {
			{RoleName: "deploy", RoleARN: arn + "deploy", Policy: ours},
			{RoleName: "broken", RoleARN: arn + "broken", Err: errors.New("RoleDetailList[1].AssumeRolePolicyDocument.Statement[0]: NotPrincipal is not allowed")},
			{RoleName: "ec2", RoleARN: arn + "ec2", Policy: ec2},
		},
		"documents/terraform-state.json":        state,
		"documents/terraform-plan.json":         plan,
		"documents/terraform-empty.json":        nil,
		"documents/terraform-stored-state.json": state,
		"seed-organization.json":                {{Policy: readPolicy(t, "testdata/parse/seed-organization.json")}},
	}
	sameErr := cmp.Comparer(func(got, want error) bool {
		if got == nil || want == nil {
			return got == nil && want == nil
		}
		return strings.Contains(got.Error(), want.Error()) || strings.Contains(want.Error(), got.Error())
	})
	for file, want := range tests {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(filepath.Join("testdata/parse", filepath.FromSlash(file)))
			if err != nil {
				t.Fatal(err)
			}
			got, err := trust.ParseDocuments(data)
			if err != nil {
				t.Fatalf("ParseDocuments: %v", err)
			}
			if diff := cmp.Diff(want, got, sameErr); diff != "" {
				t.Errorf("ParseDocuments (-want +got):\n%s", diff)
			}
		})
	}
}

func readPolicy(tb testing.TB, file string) trust.Policy {
	tb.Helper()
	data, err := os.ReadFile(filepath.FromSlash(file))
	if err != nil {
		tb.Fatal(err)
	}
	p, err := trust.Parse(data)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// The position of what is wrong is one in the whole input.
func TestParseDocumentsPosition(t *testing.T) {
	t.Parallel()
	const text = "{\n\"Role\": {\n\t\"AssumeRolePolicyDocument\": {\n\t\t\"Version\": \"2012-10-17\",\n\t\t\"statement\": []\n\t}, \"RoleName\": \"r\"\n}}"
	docs, err := trust.ParseDocuments([]byte(text))
	if err != nil || len(docs) != 1 || docs[0].RoleName != "r" {
		t.Fatalf("ParseDocuments = %v, %v", docs, err)
	}
	var pe *trust.ParseError
	if !errors.As(docs[0].Err, &pe) || pe.Line != 5 || pe.Column != 3 || pe.Element != "Role.AssumeRolePolicyDocument" {
		t.Errorf("Err = %#v, want line 5, column 3 in Role.AssumeRolePolicyDocument", docs[0].Err)
	}
}

// Many roles that cannot be read are told apart by their positions, in time:
// each is counted from the one before it.
func TestParseDocumentsManyErrors(t *testing.T) {
	t.Parallel()
	const n = 5000
	const before, bad = `{"Path": "/é/", "AssumeRolePolicyDocument": {`, `"x": 1}}`
	for _, tt := range []struct {
		rule, between string
		line, column  func(i int) int
	}{
		{"lines", "\n", func(i int) int { return 2 + i }, func(int) int { return 1 + utf8.RuneCountInString(before) }},
		{"one line", " ", func(int) int { return 1 }, func(i int) int {
			return 1 + len("[ ") + utf8.RuneCountInString(before) + i*utf8.RuneCountInString(before+bad+", ")
		}},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			text := "[" + strings.TrimSuffix(strings.Repeat(tt.between+before+bad+",", n), ",") + "]"
			docs, err := trust.ParseDocuments([]byte(text))
			if err != nil || len(docs) != n {
				t.Fatalf("ParseDocuments: %d documents, %v", len(docs), err)
			}
			for i, d := range docs {
				var pe *trust.ParseError
				if !errors.As(d.Err, &pe) || pe.Line != tt.line(i) || pe.Column != tt.column(i) {
					t.Fatalf("document %d: %v, want line %d, column %d", i, d.Err, tt.line(i), tt.column(i))
				}
			}
		})
	}
}

func TestParseDocumentsForms(t *testing.T) {
	t.Parallel()
	policy := policyWithSid("a+b")
	text, err := json.Marshal(policy)
	if err != nil {
		t.Fatal(err)
	}
	for name, input := range map[string]string{
		"a policy":                  policy,
		"a role":                    `{"AssumeRolePolicyDocument":` + policy + `}`,
		"a list of roles":           `[{"AssumeRolePolicyDocument":` + policy + `}]`,
		"a string":                  `[{"AssumeRolePolicyDocument":` + string(text) + `}]`,
		"an encoded string":         `[{"AssumeRolePolicyDocument":"` + url.PathEscape(policy) + `"}]`,
		"a plus sign stays":         `[{"AssumeRolePolicyDocument":"` + strings.ReplaceAll(url.QueryEscape(policy), "%2B", "+") + `"}]`,
		"members after the policy":  `{"Role":{"AssumeRolePolicyDocument":` + policy + `,"Tags":[{"Key":"Statement","Value":"x"}]},"ResponseMetadata":null}`,
		"an escaped member name":    `{"R\u006fle":{"AssumeRolePolicyDocument":` + policy + `}}`,
		"characters beyond Latin-1": `{"Role":{"Description":"` + "\u4e16" + `","AssumeRolePolicyDocument":` + policy + `}}`,
	} {
		docs, err := trust.ParseDocuments([]byte(input))
		if err != nil || len(docs) != 1 || docs[0].Err != nil {
			t.Errorf("%s: ParseDocuments = %v, %v", name, docs, err)
			continue
		}
		if got := docs[0].Policy.Statements[0].Sid; got != "a+b" {
			t.Errorf("%s: Sid = %q, want a+b", name, got)
		}
	}
}

func TestParseDocumentsRefuses(t *testing.T) {
	t.Parallel()
	for name, input := range map[string]string{
		"nothing":                "",
		"text":                   "hello",
		"a string":               `"x"`,
		"an object of no kind":   `{"a":1}`,
		"a bad policy":           `{"Statement":[]}`,
		"a list of numbers":      `[1]`,
		"a role without policy":  `{"Role":{"RoleName":"r"}}`,
		"a role that is a list":  `{"Role":[]}`,
		"roles in an object":     `{"Roles":{}}`,
		"two documents":          `{"Roles":[]}{"Roles":[]}`,
		"cut":                    `{"Roles":[{"AssumeRolePolicyDocument":{"Statement":[`,
		"no module":              `{"planned_values":{"root_module":[]}}`,
		"an old stored state":    `{"version":3,"terraform_version":"0.11.14","modules":[]}`,
		"instances twice":        `{"version":4,"terraform_version":"1.13.0","resources":[{"type":"aws_iam_role","instances":[],"instances":[]}]}`,
		"instances in an object": `{"version":4,"terraform_version":"1.13.0","resources":[{"type":"aws_iam_role","instances":{}}]}`,
		"resources in an object": `{"values":{"root_module":{"resources":{}}}}`,
	} {
		docs, err := trust.ParseDocuments([]byte(input))
		if err == nil || docs != nil {
			t.Errorf("%s: ParseDocuments = %v, %v, want an error", name, docs, err)
		}
	}
	for name, policy := range map[string]string{
		"null":                  `null`,
		"a number":              `7`,
		"an empty string":       `""`,
		"no JSON":               `"hello"`,
		"half encoded":          `"%7B%2"`,
		"encoded and no policy": `"%7B%7D"`,
		"too large":             policyWithSid(strings.Repeat("x", trust.MaxSize)),
		"beyond U+00FF":         policyWithSid("\u4e16"),
	} {
		docs, err := trust.ParseDocuments([]byte(`{"Roles":[{"RoleName":"a","AssumeRolePolicyDocument":` + policy + `},{"RoleName":"b","AssumeRolePolicyDocument":` + policyWithSid("") + `}]}`))
		if err != nil || len(docs) != 2 || docs[1].Err != nil {
			t.Errorf("%s: ParseDocuments = %v, %v, want two documents, the second good", name, docs, err)
			continue
		}
		if docs[0].Err == nil || !docs[0].Policy.Equal(trust.Policy{}) {
			t.Errorf("%s: Err = %v, Policy = %v", name, docs[0].Err, docs[0].Policy)
		}
	}
}

func FuzzParseDocuments(f *testing.F) {
	files, err := filepath.Glob("testdata/parse/documents/*.json")
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		docs, err := trust.ParseDocuments(data)
		if err != nil && docs != nil {
			t.Fatalf("an error and %d documents", len(docs))
		}
		if err == nil && !json.Valid(data) {
			t.Fatalf("ParseDocuments takes what is no JSON: %q", data)
		}
		for _, d := range docs {
			if d.Err == nil {
				checkPrinting(t, d.Policy)
			} else if !d.Policy.Equal(trust.Policy{}) {
				t.Fatalf("an error and a policy: %v", d.Policy)
			}
		}
	})
}

package policyfile_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/cmd/onafed/internal/policyfile"
)

// The roles in the files of testdata/documents.
const arn = "arn:aws:iam::123456789012:role/"

// documents returns the documents that each file must give. Of an error only the text counts.
func documents(t *testing.T) map[string][]policyfile.Document {
	t.Helper()
	ours, err := trust.Build(trust.Rule{Account: "123456789012", Organization: org})
	if err != nil {
		t.Fatal(err)
	}
	ec2 := trust.Policy{Version: "2012-10-17", Statements: []trust.Statement{{
		Effect: trust.Allow, Principal: trust.Principal{Service: []string{"ec2.amazonaws.com"}}, Actions: []string{"sts:AssumeRole"},
	}}}
	open := ours
	open.Statements = []trust.Statement{ours.Statements[0]}
	open.Statements[0].Conditions = []trust.Condition{
		ours.Statements[0].Conditions[0],
		{Operator: "StringLike", Key: "app.gitpod.io:sub", Values: []string{"*"}},
	}
	deploy := policyfile.Document{RoleName: "deploy", RoleARN: arn + "ci/deploy", Policy: ours}
	state := []policyfile.Document{
		{Address: "aws_iam_role.deploy", RoleName: "deploy", RoleARN: arn + "deploy", Policy: ours},
		{Address: `aws_iam_role.each["x"]`, RoleName: "each-x", RoleARN: arn + "each-x", Policy: ec2},
		{Address: "module.ci.data.aws_iam_role.old", RoleName: "old", RoleARN: arn + "old", Policy: ec2},
		{Address: "module.ci.module.deep.aws_iam_role.r[0]", RoleName: "deep", RoleARN: arn + "deep", Policy: open},
	}
	plan := []policyfile.Document{
		{Address: "aws_iam_role.deploy", RoleName: "deploy", Policy: ours},
		{Address: `aws_iam_role.each["x"]`, RoleName: "each-x", Policy: ec2},
		{Address: "aws_iam_role.later", RoleName: "later", Err: errors.New("before it is applied")},
		{Address: "module.ci.data.aws_iam_role.old", RoleName: "old", Policy: ec2},
		{Address: "module.ci.module.deep.aws_iam_role.r[0]", RoleName: "deep", Policy: open},
	}
	return map[string][]policyfile.Document{
		"get-role.json":         {deploy},
		"get-role-encoded.json": {deploy},
		"list-roles.json": {
			{RoleName: "a", RoleARN: arn + "a", Policy: ours},
			{RoleName: "b", RoleARN: arn + "b", Policy: ec2},
		},
		"get-account-authorization-details.json": {
			{RoleName: "deploy", RoleARN: arn + "deploy", Policy: ours},
			{
				RoleName: "broken", RoleARN: arn + "broken",
				Err: errors.New("line 107, column 25: RoleDetailList[1].AssumeRolePolicyDocument.Statement[0]: a trust policy cannot have NotPrincipal"),
			},
			{RoleName: "ec2", RoleARN: arn + "ec2", Policy: ec2},
		},
		"terraform-state.json":        state,
		"terraform-plan.json":         plan,
		"terraform-empty.json":        nil,
		"terraform-stored-state.json": state,
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	sameErr := cmp.Comparer(func(got, want error) bool {
		if got == nil || want == nil {
			return got == nil && want == nil
		}
		return strings.Contains(got.Error(), want.Error()) || strings.Contains(want.Error(), got.Error())
	})
	for file, want := range documents(t) {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			got, err := policyfile.Parse(readFile(t, "testdata/documents/"+file))
			if err != nil {
				t.Fatalf("Parse: %v", err)
			}
			if diff := cmp.Diff(want, got, sameErr, cmpopts.IgnoreUnexported(policyfile.Document{})); diff != "" {
				t.Errorf("Parse (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParsePolicyWithoutRole(t *testing.T) {
	t.Parallel()
	const file = "../../../../awsfed/trust/testdata/parse/seed-organization.json"
	got, err := policyfile.Parse(readFile(t, file))
	if err != nil || len(got) != 1 || !got[0].Policy.Equal(readPolicy(t, file)) {
		t.Fatalf("Parse = %v, %v, want the policy", got, err)
	}
	if name, ok := got[0].Name(); ok {
		t.Errorf("Name() = %s, want no name", name)
	}
}

// An error in a policy has its position in the whole input.
func TestParseErrorPosition(t *testing.T) {
	t.Parallel()
	const text = "{\n\"Role\": {\n\t\"AssumeRolePolicyDocument\": {\n\t\t\"Version\": \"2012-10-17\",\n\t\t\"statement\": []\n\t}, \"RoleName\": \"r\"\n}}"
	docs, err := policyfile.Parse(text)
	if err != nil || len(docs) != 1 || docs[0].RoleName != "r" {
		t.Fatalf("Parse = %v, %v", docs, err)
	}
	pe, ok := errors.AsType[*trust.ParseError](docs[0].Err)
	if !ok || pe.Line != 5 || pe.Column != 3 || pe.Element != "Role.AssumeRolePolicyDocument" {
		t.Errorf("Err = %#v, want line 5, column 3 in Role.AssumeRolePolicyDocument", docs[0].Err)
	}
}

// The time to locate the errors of many roles does not grow with the square of their number.
func TestParseLocatesManyErrors(t *testing.T) {
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
			docs, err := policyfile.Parse("[" + strings.TrimSuffix(strings.Repeat(tt.between+before+bad+",", n), ",") + "]")
			if err != nil || len(docs) != n {
				t.Fatalf("Parse: %d documents, %v", len(docs), err)
			}
			for i, d := range docs {
				pe, ok := errors.AsType[*trust.ParseError](d.Err)
				if !ok || pe.Line != tt.line(i) || pe.Column != tt.column(i) {
					t.Fatalf("document %d: %v, want line %d, column %d", i, d.Err, tt.line(i), tt.column(i))
				}
			}
		})
	}
}

func TestDocumentPosition(t *testing.T) {
	t.Parallel()
	const policy = "{\"Id\": \"é\",\n\t\"Statement\": {\"Effect\": \"Deny\", \"Principal\": \"*\", \"Action\": \"*\"}}"
	quoted, err := json.Marshal(policy)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		rule, text   string
		line, column int // in the policy
		want         [2]int
	}{
		{"no role", policy, 2, 15, [2]int{2, 15}},
		{"the first line of a policy", "[{},\n{\"é\": 1, \"AssumeRolePolicyDocument\": " + policy + "}]", 1, 2, [2]int{2, 39}},
		{"another line of a policy", "[{},\n{\"é\": 1, \"AssumeRolePolicyDocument\": " + policy + "}]", 2, 15, [2]int{3, 15}},
		{"no position", `[{"AssumeRolePolicyDocument": ` + policy + `}]`, 0, 0, [2]int{}},
		{"a string", `[{"AssumeRolePolicyDocument": ` + string(quoted) + `}]`, 2, 15, [2]int{}},
	} {
		docs, err := policyfile.Parse(strings.Replace(tt.text, "{},", `{"AssumeRolePolicyDocument": ""},`, 1))
		if err != nil || docs[len(docs)-1].Err != nil {
			t.Errorf("%s: Parse = %v, %v", tt.rule, docs, err)
			continue
		}
		line, column := docs[len(docs)-1].Position(tt.line, tt.column)
		if got := [2]int{line, column}; got != tt.want {
			t.Errorf("%s: Position(%d, %d) = %v, want %v", tt.rule, tt.line, tt.column, got, tt.want)
		}
	}
}

func TestParseForms(t *testing.T) {
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
		docs, err := policyfile.Parse(input)
		if err != nil || len(docs) != 1 || docs[0].Err != nil {
			t.Errorf("%s: Parse = %v, %v", name, docs, err)
			continue
		}
		if got := docs[0].Policy.Statements[0].Sid; got != "a+b" {
			t.Errorf("%s: Sid = %q, want a+b", name, got)
		}
	}
}

func TestParseRefusesTheFile(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ input, want string }{
		"nothing":              {"", "line 1, column 1: not a JSON value"},
		"text":                 {"hello", "not a JSON value"},
		"a string":             {`"x"`, "neither a policy nor roles"},
		"an object of no kind": {`{"a":1}`, "neither a policy nor roles"},
		"a bad policy":         {`{"Statement":[]}`, "trust: "},
		"a policy with a member twice": {
			`{"Statement":{"Effect":"Allow","Effect":"Deny"}}`, "trust: line 1, column 32: Statement",
		},
		"a list of numbers":      {`[1]`, "line 1, column 2: [0]: an object is needed, not a number"},
		"a role without policy":  {`{"Role":{"RoleName":"r"}}`, "line 1, column 9: Role: a role without AssumeRolePolicyDocument"},
		"a role with two":        {`{"Role":{"AssumeRolePolicyDocument":"","AssumeRolePolicyDocument":""}}`, "duplicate member name"},
		"a role that is a list":  {`{"Role":[]}`, "Role: an object is needed, not a list"},
		"roles in an object":     {`{"Roles":{}}`, "Roles: a list is needed, not an object"},
		"two documents":          {`{"Roles":[]}{"Roles":[]}`, "line 1, column 13: "},
		"cut":                    {`{"Roles":[{"AssumeRolePolicyDocument":{"Statement":[`, "line 1, column 53: "},
		"no module":              {`{"planned_values":{"root_module":[]}}`, "planned_values.root_module: an object is needed, not a list"},
		"an old stored state":    {`{"version":3,"terraform_version":"0.11.14","modules":[]}`, "neither a policy nor roles"},
		"instances twice":        {`{"version":4,"terraform_version":"1.13.0","resources":[{"type":"aws_iam_role","instances":[],"instances":[]}]}`, "duplicate member name"},
		"instances in an object": {`{"version":4,"terraform_version":"1.13.0","resources":[{"type":"aws_iam_role","instances":{}}]}`, "resources[0]: a list is needed, not an object"},
		"resources in an object": {`{"values":{"root_module":{"resources":{}}}}`, "values.root_module: a list is needed, not an object"},
		"deep nesting":           {strings.Repeat("[", 100000), "[0]: an object is needed, not a list"},
		"deep nesting, skipped":  {`{"a":` + strings.Repeat("[", 100000), "nested too deeply"},
	} {
		docs, err := policyfile.Parse(tt.input)
		if err == nil || docs != nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: Parse = %v, %v, want an error with %q", name, docs, err, tt.want)
		}
	}
}

func TestParseKeepsTheOtherRoles(t *testing.T) {
	t.Parallel()
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
		docs, err := policyfile.Parse(fmt.Sprintf(`{"Roles":[{"RoleName":"a","AssumeRolePolicyDocument":%s},{"RoleName":"b","AssumeRolePolicyDocument":%s}]}`,
			policy, policyWithSid("")))
		if err != nil || len(docs) != 2 || docs[1].Err != nil {
			t.Errorf("%s: Parse = %v, %v, want two documents, the second without an error", name, docs, err)
			continue
		}
		if docs[0].Err == nil || !docs[0].Policy.Equal(trust.Policy{}) {
			t.Errorf("%s: Err = %v, Policy = %v", name, docs[0].Err, docs[0].Policy)
		}
	}
}

// FuzzParse checks that an error comes without documents, that only JSON is accepted, and that each
// policy keeps its meaning when it is printed.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/documents/*.json")
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, file := range files {
		f.Add(readFile(f, file))
	}
	f.Fuzz(func(t *testing.T, text string) {
		docs, err := policyfile.Parse(text)
		if err != nil && docs != nil {
			t.Fatalf("an error and %d documents", len(docs))
		}
		if err == nil && !json.Valid([]byte(text)) {
			t.Fatalf("Parse accepts a text that is not JSON: %q", text)
		}
		for _, d := range docs {
			if d.Err != nil {
				if !d.Policy.Equal(trust.Policy{}) {
					t.Fatalf("an error and a policy: %v", d.Policy)
				}
				continue
			}
			if again, err := trust.Parse([]byte(d.Policy.String())); err != nil || !again.Equal(d.Policy) {
				t.Fatalf("Parse(String()) is another policy: %v, %v", again, err)
			}
		}
	})
}

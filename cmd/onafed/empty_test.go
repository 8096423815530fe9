package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// TestEmptyFlagsAreRefused gives every flag of every command an empty value: kong refuses it, or checkEmpty does.
func TestEmptyFlagsAreRefused(t *testing.T) {
	t.Setenv("AWS_ROLE_ARN", testRole)
	parser, err := kong.New(&commandLine{}, helpVariables())
	if err != nil {
		t.Fatal(err)
	}
	needed := map[string][]string{ // what a command needs besides
		"idp token":        {"--audience", "a", "--output", "f"},
		"aws explain":      {"--policy", "f"},
		"aws lint":         {"f"},
		"aws migrate":      {"f"},
		"aws trust-policy": {"--account", "123456789012"},
	}
	for _, leaf := range parser.Model.Leaves(true) {
		name := strings.TrimPrefix(leaf.FullPath(), parser.Model.Name+" ")
		for _, flag := range leaf.Flags {
			if flag.IsBool() {
				continue
			}
			var out, messages bytes.Buffer
			args := append(strings.Fields(name), needed[name]...)
			switch flag.Name { // flags that go with others, or instead of them
			case "organization":
				if name == "idp token" {
					args = append(args, "--verify")
				}
			case "role":
				args = strings.Fields(name)
			}
			args = append(args, "--"+flag.Name+"=")
			code := run(t.Context(), args, &terminal{in: strings.NewReader(""), out: &out, err: &messages})
			if code != 2 || !strings.Contains(messages.String(), "--"+flag.Name) || out.Len() > 0 {
				t.Errorf("onafed %s: status %d, output %q, messages %q; want 2 and the flag's name", strings.Join(args, " "), code, &out, &messages)
			}
		}
	}
}

func TestRulesSayEachMemberOnceAndWhole(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ text, want string }{
		"good":                   {`[{"role":"a","organization":"o","extraFields":[]}]`, ""},
		"null member":            {`[{"role":"a","project":null}]`, `rule 1: the member "project" is empty`},
		"empty member":           {`[{"role":"a"},{"project":""}]`, `rule 2: the member "project" is empty`},
		"null in a list":         {`[{"extraFields":[null]}]`, `the member "extraFields" is empty`},
		"empty in a list":        {`[{"moreActions":["a",""]}]`, `the member "moreActions" is empty`},
		"twice":                  {`[{"project":"p","project":"q"}]`, `"project" is there twice`},
		"twice in another case":  {`[{"project":"p","PROJECT":"q"}]`, `"PROJECT" is there twice`},
		"twice with a long s":    {`[{"user":"p","u\u017fer":"q"}]`, `"u\u017fer" is there twice`},
		"unknown":                {`[{"projct":"p"}]`, `unknown field "projct"`},
		"null rule":              {`[null]`, "rule 1: it is no object"},
		"a list of text":         {`["a"]`, "rule 1: it is no object"},
		"no list":                {`{}`, "is not a list of rules"},
		"null":                   {`null`, "has no rules"},
		"member of another kind": {`[{"project":1}]`, "cannot unmarshal number"},
		"cut":                    {`[{"project":"p"`, "is not a list of rules"},
		"something behind":       {`[{"project":"p"}] 1`, "behind the list"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rules, err := readRules("rules.json", []byte(test.text))
			switch {
			case test.want == "" && (err != nil || len(rules) == 0):
				t.Errorf("readRules(%q) = %v, %v", test.text, rules, err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("readRules(%q) = %v, %v, want an error with %q", test.text, rules, err, test.want)
			}
		})
	}
}

package trustpolicy

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadRules(t *testing.T) {
	t.Parallel()
	const text = `[
	{"role": "a", "organization": "o", "extraFields": [], "moreActions": ["x", "y"]},
	{"account": "1", "partition": "2", "issuer": "3", "audience": "4", "project": "5", "environment": "6", "user": "7",
	 "creator": "8", "format": "9", "sid": "10"}
]`
	got, err := readRules(text)
	want := []namedRule{
		{Role: "a", Rule: Rule{Organization: "o", ExtraField: []string{}, MoreAction: []string{"x", "y"}}},
		{Rule: Rule{
			Account: "1", Partition: "2", Issuer: "3", Audience: "4", Project: "5", Environment: "6", User: "7",
			Creator: "8", Format: "9", Sid: "10",
		}},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("readRules: %v (-want +got):\n%s", err, diff)
	}
}

func TestReadRulesRefuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ text, want string }{
		"null member":            {`[{"role":"a","project":null}]`, `rule 1: the member "project": it is empty`},
		"empty member":           {`[{"role":"a"},{"project":""}]`, `rule 2: the member "project": it is empty`},
		"null in a list":         {`[{"extraFields":[null]}]`, `the member "extraFields": it is empty`},
		"empty in a list":        {`[{"moreActions":["a",""]}]`, `the member "moreActions": it is empty`},
		"null list":              {`[{"moreActions":null}]`, `the member "moreActions": it is empty`},
		"repeated":               {`[{"project":"p","project":"q"}]`, `line 1, column 17: duplicate member name`},
		"repeated, escaped":      {`[{"project":"p","proj\u0065ct":"q"}]`, `line 1, column 17: duplicate member name`},
		"another case":           {`[{"project":"p","PROJECT":"q"}]`, `rule 1: the member "PROJECT" is unknown`},
		"a long s":               {`[{"u\u017fer":"q"}]`, `rule 1: the member "u\u017fer" is unknown`},
		"unknown":                {`[{"projct":"p"}]`, `rule 1: the member "projct" is unknown`},
		"null rule":              {`[null]`, "rule 1: it is not an object"},
		"a list of texts":        {`["a"]`, "rule 1: it is not an object"},
		"no list":                {`{}`, "it is not a list of rules"},
		"null":                   {`null`, "it is not a list of rules"},
		"empty":                  {`[]`, "it has no rules"},
		"nothing":                {``, "it is not a list of rules"},
		"member of another kind": {`[{"project":1}]`, `the member "project": a string is needed, not a number`},
		"list of another kind":   {`[{"moreActions":"a"}]`, `the member "moreActions": a list is needed, not a string`},
		"cut":                    {`[{"project":"p"`, "line 1, column 16: "},
		"text after the list":    {"[{\"project\":\"p\"}]\n1", "line 2, column 1: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rules, err := readRules(test.text)
			if err == nil || rules != nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("readRules(%q) = %v, %v, want an error with %q", test.text, rules, err, test.want)
			}
		})
	}
}

func FuzzReadRules(f *testing.F) {
	f.Add(`[{"role":"a","organization":"o","extraFields":["b"],"moreActions":[]}]`)
	f.Add(`[{"project":""}]`)
	f.Add(`[{}] {}`)
	f.Fuzz(func(t *testing.T, text string) {
		rules, err := readRules(text)
		if (err == nil) == (len(rules) == 0) {
			t.Errorf("readRules(%q) = %v, %v", text, rules, err)
		}
	})
}

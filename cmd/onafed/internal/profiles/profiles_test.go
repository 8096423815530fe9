package profiles_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/cmd/onafed/internal/login"
	"github.com/onafed/onafed/cmd/onafed/internal/profiles"
	"github.com/onafed/onafed/cmd/onafed/internal/role"
)

const (
	build  = "arn:aws:iam::123456789012:role/build"
	deploy = "arn:aws:iam::210987654321:role/deploy"
)

const everything = `# all members
- profile: build
  role: arn:aws:iam::123456789012:role/build
- profile: deploy
  mode: process
  region: eu-central-1
  role: arn:aws:iam::123456789012:role/build
  sessionName: ci
  durationSeconds: 3600
  chain:
    - role: arn:aws:iam::210987654321:role/deploy
      externalId: "0123"
      sessionName: next
      durationSeconds: 900
      sourceIdentity: me
      tags: {team: a, empty: ""}
      transitiveTags:
        cost: "1"
      policyFile: task.json
      policyArns: [arn:aws:iam::aws:policy/ReadOnlyAccess]
- {profile: limited, role: "arn:aws:iam::123456789012:role/build", policyFile: /etc/task.json, policyArns: ["arn:aws:iam::aws:policy/ReadOnlyAccess"]}
`

const everythingJSON = `[
	{"profile": "build", "role": "arn:aws:iam::123456789012:role/build"},
	{"profile": "deploy", "mode": "process", "region": "eu-central-1", "role": "arn:aws:iam::123456789012:role/build",
		"sessionName": "ci", "durationSeconds": 3600, "chain": [{
			"role": "arn:aws:iam::210987654321:role/deploy", "externalId": "0123", "sessionName": "next", "durationSeconds": 900,
			"sourceIdentity": "me", "tags": {"team": "a", "empty": ""}, "transitiveTags": {"cost": "1"},
			"policyFile": "task.json", "policyArns": ["arn:aws:iam::aws:policy/ReadOnlyAccess"]}]},
	{"profile": "limited", "role": "arn:aws:iam::123456789012:role\/build", "policyFile": "/etc/task.json", "policyArns": ["arn:aws:iam::aws:policy/ReadOnlyAccess"]}
]`

func TestParse(t *testing.T) {
	t.Parallel()
	readOnly := []string{"arn:aws:iam::aws:policy/ReadOnlyAccess"}
	want := []profiles.Profile{
		{Name: "build", RoleARN: build},
		{Name: "deploy", Mode: "process", Region: "eu-central-1", RoleARN: build, SessionName: "ci", DurationSeconds: 3600, Chain: []role.NextRole{{
			NextRole: awsfed.NextRole{
				RoleARN: deploy, ExternalID: "0123", SessionName: "next", Duration: 15 * time.Minute, SourceIdentity: "me", PolicyARNs: readOnly,
				Tags: map[string]string{"team": "a", "empty": "", "cost": "1"}, TransitiveTagKeys: []string{"cost"},
			},
			PolicyFile: filepath.FromSlash("/work/task.json"),
		}}},
		{Name: "limited", RoleARN: build, PolicyFile: "/etc/task.json", PolicyARNs: readOnly},
	}
	for name, text := range map[string]string{"YAML": everything, "JSON": everythingJSON, "CRLF": strings.ReplaceAll(everything, "\n", "\r\n")} {
		got, err := profiles.Parse(text, filepath.FromSlash("/work"))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for i := range got {
			if got[i].Line == 0 {
				t.Errorf("%s: profile %d has no line", name, i)
			}
			got[i].Line = 0
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// one returns a file with one profile and more members.
func one(members string) string {
	return "- profile: a\n  role: " + build + "\n" + members
}

// TestParseRefuses checks each mistake with its position.
func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                            "it is empty: write a list of profiles",
		"# nothing\n":                 "it is empty: write a list of profiles",
		"[]":                          "line 1, column 1: the list is empty: write at least one profile",
		"profile: a":                  "line 1, column 1: a list is needed, not an object",
		"- a":                         "line 1, column 3: an object is needed, not a text",
		"- profile: a\n\trole: b":     "line 2, column ",
		"- profile: [":                "line 2, column 1: did not find expected node content",
		"--- []\n--- []\n":            "line 2, column 1: a second document begins",
		"- profile: a\n":              "line 1, column 3: the member role is missing",
		"- role: " + build + "\n":     "line 1, column 3: the member profile is missing",
		one("") + one(""):             `line 3, column 12: the profile "a" is also on line 1`,
		one("  Region: x"):            `line 3, column 3: the member "Region" is unknown: write region`,
		one("  session_name: x"):      `line 3, column 3: the member "session_name" is unknown: write sessionName`,
		one("  nonsense: x"):          `line 3, column 3: the member "nonsense" is unknown`,
		one("  role: x"):              `line 3, column 3: the member "role" is repeated; the first is on line 2`,
		one("  region: "):             "line 3, column 10: the value is empty",
		one("  region: ''"):           "line 3, column 11: the value is empty",
		one("  region: ~"):            "line 3, column 11: a text is needed, not null",
		one("  region: a.example"):    `line 3, column 11: "a.example" is not the name of a region`,
		one("  sessionName: 12"):      "line 3, column 16: a text is needed, not a number: put the value in quotes",
		one("  sessionName: yes"):     "",
		one("  sessionName: true"):    "line 3, column 16: a text is needed, not true or false",
		one("  sessionName: a b"):     `line 3, column 16: "a b": want 2 to 64`,
		one("  sessionName: [a]"):     "line 3, column 16: a text is needed, not a list",
		one("  mode: keys"):           `line 3, column 9: "keys": want file or process`,
		one("  durationSeconds: 0"):   `line 3, column 20: "0": want a whole number from 1 to 43200`,
		one("  durationSeconds: 1h"):  "line 3, column 20: a whole number is needed, not a text",
		one("  durationSeconds: 1e3"): `line 3, column 20: "1e3": want a whole number from 1 to 43200`,
		one("  durationSeconds: 1.5"): `line 3, column 20: "1.5": want a whole number from 1 to 43200`,
		one("  policyArns: arn"):      "line 3, column 15: a list is needed, not a text",
		one("  policyArns: [arn]"):    `line 3, column 15: "arn" is not the ARN of a policy`,
		one("  policyArns: []"):       "line 3, column 15: the list is empty",
		one("  chain: []"):            "line 3, column 10: the list is empty",
		one("  chain: [{}]"):          "line 3, column 11: the member role is missing",
		one("  chain: [{role: x}]"):   `line 3, column 18: "x" is not the ARN of a role`,
		one("  chain: [{role: " + deploy + ", externalId: é}]"):                        "want 2 to 1,224 of the characters",
		one("  chain: [{role: " + deploy + ", durationSeconds: 3601}]"):                "want a whole number from 1 to 3600",
		one("  chain: [{role: " + deploy + ", tags: {a: 1}}]"):                         "line 3, column 67: a text is needed, not a number",
		one("  chain: [{role: " + deploy + ", tags: {a: x}, transitiveTags: {a: y}}]"): `the tag "a" is given twice`,
		one("  chain: [{role: " + deploy + ", tags: {'aws:x': x}}]"):                   "line 3, column ",
		one("  policyFile: a\n  chain: [{role: " + deploy + "}]"):                      "line 3, column 15: a session policy of the first role does not limit the last one",
		"- profile: a b\n  role: " + build:                                             "line 1, column 12: profile name \"a b\" contains a character",
		"- profile: a\n  role: arn:aws:iam::1:role/x":                                  "line 2, column 9: ",
		"- &a {profile: a, role: " + build + "}\n- *a\n":                               "line 1, column 3: an anchor is not allowed",
		"- !!map {profile: a, role: " + build + "}":                                    "line 1, column 3: a tag such as !!str is not allowed",
		"- <<: {profile: a}\n  role: " + build:                                         `the member "<<" is unknown`,
		"- [[[[[[[[[[[[[[[[[[[[a]]]]]]]]]]]]]]]]]]]]":                                  "line 1, column ",
		strings.Repeat("- {}\n", 201):                                                  "line 201, column 3: the file has 201 profiles, more than 200",
		strings.Repeat("#", 1<<20+1):                                                   "1048577 bytes; a file of profiles has at most 1048576",
	} {
		got, err := profiles.Parse(text, "/work")
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%.80q) = %v, want an error with %q", text, err, want)
		}
		if err != nil && got != nil {
			t.Errorf("Parse(%.80q) returns profiles and the error %v", text, err)
		}
	}
}

// All mistakes are reported at once, up to 20.
func TestParseReportsAll(t *testing.T) {
	t.Parallel()
	_, err := profiles.Parse("- profile: a\n  role: x\n  mode: y\n  extra: z\n- profile: a\n  durationSeconds: -1\n  sessionName: ' '\n", "/")
	const want = `line 2, column 9: "x" is not the ARN of a role, arn:aws:iam::<account>:role/<name>
line 3, column 9: "y": want file or process
line 4, column 3: the member "extra" is unknown
line 5, column 3: the member role is missing
line 5, column 12: the profile "a" is also on line 1
line 6, column 20: "-1": want a whole number from 1 to 43200
line 7, column 16: " ": want 2 to 64 of the characters A-Z a-z 0-9 _ + = , . @ -`
	if err == nil || err.Error() != want {
		t.Errorf("Parse = %v\nwant\n%s", err, want)
	}
	var many strings.Builder
	for i := range 30 {
		fmt.Fprintf(&many, "- {profile: p%d}\n", i)
	}
	_, err = profiles.Parse(many.String(), "/")
	all, ok := errors.AsType[profiles.Errors](err)
	if !ok || len(all) != 30 || strings.Count(err.Error(), "\n") != 20 || !strings.HasSuffix(err.Error(), "... and 10 more") {
		t.Errorf("Parse of 30 mistakes = %v", err)
	}
}

// FuzzParse checks that a file gives profiles or an error, and that what it gives are profiles that
// the flags accept.
func FuzzParse(f *testing.F) {
	f.Add(everything)
	f.Add(everythingJSON)
	f.Add("- &a [*a, *a]\n")
	f.Add(one("  chain: [{role: " + deploy + ", tags: {a: x}}]"))
	f.Fuzz(func(t *testing.T, text string) {
		all, err := profiles.Parse(text, "/work")
		if err != nil {
			if all != nil {
				t.Errorf("Parse returns profiles and the error %v", err)
			}
			return
		}
		names := make(map[string]bool)
		for _, p := range all {
			flags := p.Flags(role.Flags{})
			if err := flags.Validate(); err != nil {
				t.Errorf("profile %q: the flags refuse it: %v", p.Name, err)
			}
			if p.Name == "" || names[p.Name] || p.Line < 1 {
				t.Errorf("profile %q on line %d is empty or repeated", p.Name, p.Line)
			}
			names[p.Name] = true
		}
	})
}

// TestDocumentedFiles parses the files in the guide and in the help of the login.
func TestDocumentedFiles(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../../../../docs/several-roles.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(guide), "```yaml\n")
	inGuide, _, _ := strings.Cut(after, "```")
	_, inHelp, _ := strings.Cut(new(login.Command).Help(), "In YAML:\n")
	for name, text := range map[string]string{"guide": inGuide, "help": inHelp} {
		if all, err := profiles.Parse(text, "/"); err != nil || len(all) < 2 {
			t.Errorf("the file in the %s has %d profiles, error %v", name, len(all), err)
		}
	}
}

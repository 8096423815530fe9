package export_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/google/go-cmp/cmp"

	"github.com/onafed/onafed/awsfed/export"
)

// What the Go SDK and botocore read differently is refused, with the line.
func TestScanRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		rule, text string
		line       int
		config     bool
	}{
		{rule: "byte order mark", text: "\ufeff[p]\na = 1\n", line: 1},
		{rule: "not UTF-8", text: "[p]\na = \xff\n", line: 2},
		{rule: "not UTF-8 in a comment", text: "# ok\n# \xff\n[p]\n", line: 2},
		{rule: "control character", text: "[p]\na = \x00\n", line: 2},
		{rule: "vertical tab", text: "[p]\n\va = 1\n", line: 2},
		{rule: "lone carriage return", text: "[p]\na = 1\rb = 2\n", line: 2},
		{rule: "carriage return at the end", text: "[p]\na = 1\r", line: 2},
		{rule: "no-break space before a key", text: "[p]\n\u00a0a = 1\n", line: 2},
		{rule: "line separator in a value", text: "[p]\na = 1\u20282\n", line: 2},
		{rule: "duplicate section", text: "[q]\n[p]\n[q]\n", line: 3},
		{rule: "duplicate section, comment behind", text: "[p]\n[p] # again\n", line: 2},
		{rule: "duplicate section of ours, spaces inside", text: "[p]\na = 1\n[ p ]\n", line: 3},
		{rule: "duplicate key", text: "[q]\na = 1\nb = 2\na = 3\n", line: 4},
		{rule: "duplicate key, other case", text: "[q]\na = 1\nA = 3\n", line: 3},
		{rule: "duplicate key among many", text: "[q]\n" + manyKeys(100) + "k7 = 1\n", line: 102},
		{rule: "key before any section", text: "# c\n\na = 1\n[p]\n", line: 3},
		{rule: "indented key before any section", text: "  a = 1\n[p]\n", line: 1},
		{rule: "line without =", text: "[q]\ngarbage\n", line: 2},
		{rule: "= behind a comment sign", text: "[q]\ngarbage # a = 1\n", line: 2},
		{rule: "empty key", text: "[q]\n= 1\n", line: 2},
		{rule: "key beyond ASCII", text: "[q]\n\u212ay = 1\n", line: 2},
		{rule: "unterminated section", text: "[q\na = 1\n", line: 1},
		{rule: "unterminated section with =", text: "[p]\n[q = 1\n", line: 2},
		{rule: "empty section name", text: "[]\n", line: 1},
		{rule: "blank section name", text: "[ ]\n", line: 1},
		{rule: "text behind a header", text: "[q] x\n", line: 1},
		{rule: "bracket in the comment behind a header", text: "[q] # [x]\n", line: 1},
		{rule: "# in a section name", text: "[q#x]\n", line: 1},
		{rule: "; in a section name", text: "[q;x]\n", line: 1},
		{rule: "[DEFAULT]", text: "[p]\n[DEFAULT]\nregion = x\n", line: 2},
		{rule: "spaces in our header", text: "[ p ]\n", line: 1},
		{rule: "spaces in our config header", text: "[ profile p ]\n", line: 1, config: true},
		{rule: "quoted name of our profile", text: "[profile \"p\"]\n", line: 1, config: true},
		{rule: "header that only botocore takes for ours", text: "[profiles p]\n", line: 1, config: true},
		{rule: "[default] and [profile default]", text: "[default]\n[profile default]\n", line: 2, config: true},
		{rule: "indented key below a value", text: "[q]\na = 1\n  b = 2\n", line: 3},
		{rule: "indented section below a value", text: "[q]\na = 1\n [p]\n", line: 3},
		{rule: "indented line without = below an empty value", text: "[q]\ns3 =\n  garbage\n", line: 3},
		{rule: "indented line below a value of quotes", text: "[q]\ns3 = \"\"\n  a = 1\n", line: 3},
		{rule: "indented line below a comment", text: "[q]\ns3 = # x\n  a = 1\n", line: 3},
		{rule: "less indented key below an empty one", text: "[q]\n  a =\n  b = 1\n", line: 3},
		{rule: "value of one quote", text: "[q]\na = \"\n", line: 2},
		{rule: "nested value of one quote", text: "[q]\ns3 =\n  a = '\n", line: 3},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			profile := "p"
			if strings.Contains(tt.rule, "[default]") {
				profile = "default"
			}
			_, line, reason := export.Scan(tt.config, tt.text, profile)
			if line != tt.line {
				t.Errorf("Scan(%q) refused line %d (%s), want line %d", tt.text, line, reason, tt.line)
			}
		})
	}
}

// TestScanLooksAtEveryByte puts every byte at every offset of the words that checkBytes looks at as a whole.
func TestScanLooksAtEveryByte(t *testing.T) {
	t.Parallel()
	for b := range 256 {
		if b == '\n' {
			continue
		}
		bad := b < ' ' && b != '\t' || b >= 0x7f // alone, none beyond ASCII is UTF-8
		for at := range 16 {
			text := []byte("[p]\n# " + strings.Repeat("x", 20) + "\n")
			text[len("[p]\n# ")+at] = byte(b)
			if _, line, reason := export.Scan(false, string(text), "p"); bad != (line == 2) {
				t.Errorf("byte %#02x at offset %d: line %d %s", b, at, line, reason)
			}
		}
	}
}

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "k%d = v\n", i)
	}
	return b.String()
}

// What both read alike is read.
func TestScanReads(t *testing.T) {
	t.Parallel()
	tests := []struct {
		rule, text, profile string
		config              bool
		want                map[string]string
		odd                 []string
	}{
		{rule: "plain", text: "[p]\na = 1\nb=2\n", want: map[string]string{"a": "1", "b": "2"}},
		{rule: "keys have no case", text: "[p]\nAWS_Region = EU\n", want: map[string]string{"aws_region": "EU"}},
		{rule: "colon", text: "[p]\na: 1=2\n", want: map[string]string{"a": "1=2"}},
		{rule: "CRLF", text: "[p]\r\na = 1\r\n\r\n", want: map[string]string{"a": "1"}},
		{rule: "no final newline", text: "[p]\na = 1", want: map[string]string{"a": "1"}},
		{rule: "comments and blanks", text: "# x\n ; y\n\n[p] # z\n\n  # é [x]\na = 1\n", want: map[string]string{"a": "1"}},
		{rule: "comment sign without a space before it", text: "[p]\na = 1#2;3\n", want: map[string]string{"a": "1#2;3"}},
		{rule: "nested block", text: "[p]\ns3 =\n  x = 1\n\n  y = 2\na = 3\n", want: map[string]string{"a": "3"}, odd: []string{"s3"}},
		{rule: "value of two lines", text: "[p]\na = 1\n  two\nb = 2\n", want: map[string]string{"b": "2"}, odd: []string{"a"}},
		{rule: "indented keys", text: "[p]\n  a = 1\n  b = 2\nc = 3\n", want: map[string]string{"a": "1", "b": "2", "c": "3"}},
		{rule: "indented section", text: "  [p]\na = 1\n", want: map[string]string{"a": "1"}},
		{rule: "inline comment in our section", text: "[p]\na = 1 # x\n", want: map[string]string{}, odd: []string{"a"}},
		{rule: "quotes in our section", text: "[p]\na = \"1\"\n", want: map[string]string{}, odd: []string{"a"}},
		{rule: "inline comment in another section", text: "[q]\na = 1 # x\n[p]\na = 1\n", want: map[string]string{"a": "1"}},
		{rule: "quoted profile that is not ours", text: "[profile \"a b\"]\nx = 1\n[profile p]\na = 1\n", config: true, want: map[string]string{"a": "1"}},
		{rule: "[profile p] in a config file", text: "[p]\na = 0\n[profile p]\na = 1\n", config: true, want: map[string]string{"a": "1"}},
		{rule: "[profile  p] with two spaces", text: "[profile \t p]\na = 1\n", config: true, want: map[string]string{"a": "1"}},
		{rule: "[default] in a config file", text: "[default]\na = 1\n", profile: "default", config: true, want: map[string]string{"a": "1"}},
		{rule: "[profile default] in a config file", text: "[profile default]\na = 1\n", profile: "default", config: true, want: map[string]string{"a": "1"}},
		{rule: "sso-session of the same name", text: "[sso-session p]\na = 0\n[profile p]\na = 1\n", config: true, want: map[string]string{"a": "1"}},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			if tt.profile == "" {
				tt.profile = "p"
			}
			got, line, reason := export.Scan(tt.config, tt.text, tt.profile)
			if line != 0 {
				t.Fatalf("Scan(%q) refused line %d: %s", tt.text, line, reason)
			}
			if diff := cmp.Diff(tt.want, got.Values); diff != "" || !slices.Equal(got.Ambiguous, tt.odd) {
				t.Errorf("Scan(%q): odd %q, want %q; values (-want +got):\n%s", tt.text, got.Ambiguous, tt.odd, diff)
			}
		})
	}
}

// randomFile makes a text of lines that readers like to disagree about.
func randomFile(r *rand.Rand) string {
	lines := []string{
		"[p]", "[q]", "[ p ]", "[p] # c", "[p] x", "[profile p]", "[profile \"p\"]", "[profile  p]", "[default]", " [q]", "[q", "[q;x]", "[DEFAULT]", "[a b]", "[s-1]",
		"aws_access_key_id = A", "aws_access_key_id=B ", "AWS_ACCESS_KEY_ID: C", "aws_secret_access_key = S=S", "aws_secret_access_key = \"S\"",
		"aws_session_token = T # c", "aws_session_token = T#c", "aws_session_token =", "aws_session_token = ''", " aws_session_token = U", "\taws_access_key_id = D",
		"region = r", "region", "region = r ;x", "  region = s", "   more", "  x = 1", "    y: 2", "s3 =", "s3 = # x", "  nested = 1", "  nested", "role_arn = 'r'",
		"# comment", "  ; indented comment", "", "  ", "= x", ": y", "a b = c d", "é = 1", "k = é", "k2 = a:b", "  z = \"q\"", "k3 = [x]", "  [x]", "k4 = ]",
	}
	ends := []string{"\n", "\n", "\n", "\n", "\r\n"}
	end := ends[r.IntN(len(ends))]
	var b strings.Builder
	if r.IntN(4) > 0 {
		b.WriteString("[p]" + end)
	}
	for range 1 + r.IntN(7) {
		b.WriteString(lines[r.IntN(len(lines))])
		b.WriteString(end)
	}
	text := b.String()
	if r.IntN(5) == 0 {
		text = strings.TrimSuffix(text, end)
	}
	return text
}

// Whatever the scanner accepts, the Go SDK reads as it does.
func TestScanAgreesWithGoSDK(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	path := filepath.Join(t.TempDir(), "file")
	accepted := 0
	for range 1500 {
		text, isConfig := randomFile(r), r.IntN(2) == 0
		seen, line, _ := export.Scan(isConfig, text, "p")
		if line != 0 {
			continue
		}
		accepted++
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := config.LoadSharedConfigProfile(t.Context(), "p", func(o *config.LoadSharedConfigOptions) {
			o.CredentialsFiles, o.ConfigFiles = []string{path}, []string{os.DevNull}
			if isConfig {
				o.CredentialsFiles, o.ConfigFiles = o.ConfigFiles, o.CredentialsFiles
			}
		})
		var missing config.SharedConfigProfileNotExistError
		if errors.As(err, &missing) {
			if seen.Found {
				t.Errorf("%q (config %v): the SDK finds no profile, the scanner does", text, isConfig)
			}
			continue
		}
		if !seen.Found {
			t.Errorf("%q (config %v): the SDK finds the profile, the scanner does not", text, isConfig)
			continue
		}
		if err != nil {
			continue // half a key pair and the like: what was read cannot be seen
		}
		want := map[string]string{
			"aws_access_key_id": got.Credentials.AccessKeyID, "aws_secret_access_key": got.Credentials.SecretAccessKey,
			"aws_session_token": got.Credentials.SessionToken, "region": got.Region, "role_arn": got.RoleARN,
		}
		pair := want["aws_access_key_id"] != "" && want["aws_secret_access_key"] != ""
		for key, sdk := range want {
			if strings.HasPrefix(key, "aws_") && !pair || slices.Contains(seen.Ambiguous, key) {
				continue // the SDK shows them only together
			}
			if seen.Values[key] != sdk {
				t.Errorf("%q (config %v): %s: the SDK reads %q, the scanner %q", text, isConfig, key, sdk, seen.Values[key])
			}
		}
	}
	if accepted < 200 {
		t.Errorf("only %d of 1500 files were accepted: the test shows little", accepted)
	}
}

// Whatever the scanner accepts, botocore reads as it does.
func TestScanAgreesWithBotocore(t *testing.T) {
	t.Parallel()
	const script = `
import json, sys, tempfile, os
from botocore import configloader
out = []
path = os.path.join(tempfile.mkdtemp(), "f")
for case in json.load(sys.stdin):
    with open(path, "w", newline="", encoding="utf-8") as f: f.write(case["Text"])
    try:
        if case["Config"]: got = configloader.load_config(path)["profiles"].get("p")
        else: got = configloader.raw_config_parse(path).get("p")
        out.append({"Found": got is not None, "Values": {k: v for k, v in (got or {}).items() if isinstance(v, str)}})
    except Exception as e:
        out.append({"Error": str(e)})
json.dump(out, sys.stdout)
`
	python := pythonWithBotocore(t)
	type testCase struct {
		Text   string
		Config bool
	}
	var cases []testCase
	r := rand.New(rand.NewPCG(3, 4))
	for range 4000 {
		c := testCase{randomFile(r), r.IntN(2) == 0}
		if _, line, _ := export.Scan(c.Config, c.Text, "p"); line == 0 {
			cases = append(cases, c)
		}
	}
	in, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), python, "-X", "utf8", "-c", script)
	cmd.Stdin = strings.NewReader(string(in))
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var results []struct {
		Error  string
		Found  bool
		Values map[string]string
	}
	if err := json.Unmarshal(out, &results); err != nil {
		t.Fatal(err)
	}
	bad := 0
	for i, got := range results {
		c := cases[i]
		seen, _, _ := export.Scan(c.Config, c.Text, "p")
		if got.Error != "" || got.Found != seen.Found {
			t.Errorf("%q (config %v): botocore: found %v, error %q; the scanner: found %v", c.Text, c.Config, got.Found, got.Error, seen.Found)
			bad++
		}
		for key, value := range seen.Values {
			if got.Values[key] != value {
				t.Errorf("%q (config %v): %s: botocore reads %q, the scanner %q", c.Text, c.Config, key, got.Values[key], value)
				bad++
			}
		}
		for key := range got.Values {
			if _, ok := seen.Values[key]; !ok && !slices.Contains(seen.Ambiguous, key) {
				t.Errorf("%q (config %v): %s: read by botocore, not by the scanner", c.Text, c.Config, key)
				bad++
			}
		}
		if bad > 20 {
			t.Fatal("and so on")
		}
	}
	if len(results) < 500 {
		t.Errorf("only %d files were accepted: the test shows little", len(results))
	}
}

// pythonWithBotocore skips the test where there is none. Where everything can be installed (.ci/install) there must be one; a python3 that
// comes first on the path need not be the one that the system's packages are for.
func pythonWithBotocore(t *testing.T) string {
	t.Helper()
	for _, python := range []string{"python3", "/usr/bin/python3"} {
		// The interpreter itself, for what is on the path may be a script that needs it.
		self, err := exec.CommandContext(t.Context(), python, "-c", "import sys, botocore; print(sys.executable)").Output()
		if err == nil {
			return strings.TrimSpace(string(self))
		}
	}
	if os.Getenv("ONAFED_INTEROP") == "required" {
		t.Fatal("python3 with botocore must be here: see .ci/install")
	}
	t.Skip("no python3 with botocore")
	return ""
}

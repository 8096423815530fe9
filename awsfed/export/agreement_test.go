package export_test

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/onafed/onafed/awsfed/export"
)

// randomFile returns a text of lines that readers often read differently.
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

// The Go SDK reads every text that the scanner accepts as the scanner does.
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
			continue // for example half a key pair: the values are not visible
		}
		want := map[string]string{
			"aws_access_key_id": got.Credentials.AccessKeyID, "aws_secret_access_key": got.Credentials.SecretAccessKey,
			"aws_session_token": got.Credentials.SessionToken, "region": got.Region, "role_arn": got.RoleARN,
		}
		pair := want["aws_access_key_id"] != "" && want["aws_secret_access_key"] != ""
		for key, sdk := range want {
			if strings.HasPrefix(key, "aws_") && !pair || slices.Contains(seen.Ambiguous, key) {
				continue // the SDK returns keys only as a pair
			}
			if seen.Values[key] != sdk {
				t.Errorf("%q (config %v): %s: the SDK reads %q, the scanner %q", text, isConfig, key, sdk, seen.Values[key])
			}
		}
	}
	if accepted < 200 {
		t.Errorf("only %d of 1500 files were accepted: the test proves little", accepted)
	}
}

// botocore reads every text that the scanner accepts as the scanner does.
func TestScanAgreesWithBotocore(t *testing.T) {
	t.Parallel()
	python := pythonWithBotocore(t)
	var cases []botocoreCase
	r := rand.New(rand.NewPCG(3, 4))
	for range 4000 {
		c := botocoreCase{randomFile(r), r.IntN(2) == 0}
		if _, line, _ := export.Scan(c.Config, c.Text, "p"); line == 0 {
			cases = append(cases, c)
		}
	}
	results := readWithBotocore(t, python, cases)
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
			t.Fatal("too many differences")
		}
	}
	if len(results) < 500 {
		t.Errorf("only %d files were accepted: the test proves little", len(results))
	}
}

type botocoreCase struct {
	Text   string
	Config bool
}

// A botocoreResult is what botocore reads of profile p.
type botocoreResult struct {
	Error  string
	Found  bool
	Values map[string]string
}

func readWithBotocore(t *testing.T, python string, cases []botocoreCase) (results []botocoreResult) {
	t.Helper()
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
	if err := json.Unmarshal(out, &results); err != nil {
		t.Fatal(err)
	}
	return results
}

// pythonWithBotocore returns a Python that has botocore, and skips the test without one. After
// .ci/install there must be one. The first python3 on the path may not see the packages of the
// system.
func pythonWithBotocore(t *testing.T) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the scripts need the programs and paths of Unix")
	}
	for _, python := range []string{"python3", "/usr/bin/python3"} {
		// The interpreter itself, because the one on the path may be a script.
		self, err := exec.CommandContext(t.Context(), python, "-c", "import sys, botocore; print(sys.executable)").Output()
		if err == nil {
			return strings.TrimSpace(string(self))
		}
	}
	if os.Getenv("ONAFED_INTEROP") == "required" {
		t.Fatal("python3 with botocore must be installed: see .ci/install")
	}
	t.Skip("python3 with botocore is not installed")
	return ""
}

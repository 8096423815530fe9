package repocheck_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

// TestExamplesPrintWhatTheirReadmesShow runs the examples whose output is the same each time, except
// for durations. Each folder below examples has a README that shows a command and its output.
func TestExamplesPrintWhatTheirReadmesShow(t *testing.T) {
	took := regexp.MustCompile(` \([0-9.]+s\)`)
	same := map[string][]string{
		"parse-claims": {"run"}, "trust-policy": {"run"}, "verify-token": {"run"}, "serve-issuer": {"run"}, "call-service": {"run"},
		"mock-source": {"test", "-v"},
	}
	dirs, err := filepath.Glob("examples/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range dirs {
		name := filepath.Base(dir)
		t.Run(name, func(t *testing.T) {
			readme, err := os.ReadFile(filepath.Join(dir, "README.md"))
			if err != nil {
				t.Fatal(err)
			}
			shown := readDocument(string(readme)).blocks
			if len(shown) < 2 {
				t.Fatalf("%s/README.md does not show a command and its output", dir)
			}
			verb := same[name]
			if verb == nil {
				return // the tests of the example run it
			}
			cmd := exec.CommandContext(t.Context(), "go", append(verb, "./"+filepath.ToSlash(dir))...)
			cmd.Stderr = os.Stderr
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if verb[0] == "test" {
				out = bytes.Join(regexp.MustCompile(`(?m)^ *--- .*\n`).FindAll(out, -1), nil)
			}
			want := took.ReplaceAllString(shown[1].text, "")
			if diff := gocmp.Diff(want, took.ReplaceAllString(string(out), "")); diff != "" {
				t.Errorf("%s/README.md differs from the output (-README +output):\n%s", dir, diff)
			}
			delete(same, name)
		})
	}
	for name := range same {
		t.Errorf("examples/%s does not exist", name)
	}
}

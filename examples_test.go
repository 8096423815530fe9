package onafed_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

// TestExamplesPrintWhatTheirReadmesShow runs the examples whose output is always the same. Each folder below examples has a README.
func TestExamplesPrintWhatTheirReadmesShow(t *testing.T) {
	same := map[string]bool{"parse-claims": true, "trust-policy": true, "verify-token": true, "serve-issuer": true}
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
			if !same[name] {
				return // its own tests run it
			}
			shown := regexp.MustCompile("(?s)```text\n(.*?)```").FindSubmatch(readme)
			if shown == nil {
				t.Fatalf("%s/README.md shows no output", dir)
			}
			cmd := exec.CommandContext(t.Context(), "go", "run", "./"+filepath.ToSlash(dir))
			cmd.Stderr = os.Stderr
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			if diff := gocmp.Diff(string(shown[1]), string(out)); diff != "" {
				t.Errorf("%s/README.md shows something else (-README +output):\n%s", dir, diff)
			}
			delete(same, name)
		})
	}
	for name := range same {
		t.Errorf("examples/%s is gone", name)
	}
}

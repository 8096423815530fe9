package repocheck_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/onafed/onafed"

// TestLeanPackagesNeedOnlyTheStandardLibrary holds a promise of README: reading claims and evaluating
// policies adds no module to a program.
func TestLeanPackagesNeedOnlyTheStandardLibrary(t *testing.T) {
	for _, pkg := range []string{"./claims", "./awsfed/trust/..."} {
		out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", pkg).Output()
		if err != nil {
			t.Fatalf("go list -deps %s: %v", pkg, err)
		}
		for dep := range strings.FieldsSeq(string(out)) {
			if !strings.HasPrefix(dep, module+"/") {
				t.Errorf("%s depends on %s, want only the standard library and packages of this module", pkg, dep)
			}
		}
	}
}

// TestChangelogExplainsEachDependency requires a sentence in CHANGELOG.md for each direct requirement.
func TestChangelogExplainsEachDependency(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "mod", "edit", "-json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var mod struct {
		Require []struct {
			Path     string
			Indirect bool
		}
	}
	if err := json.Unmarshal(out, &mod); err != nil {
		t.Fatal(err)
	}
	changelog, err := os.ReadFile("CHANGELOG.md")
	if err != nil {
		t.Fatal(err)
	}
	_, explained, _ := strings.Cut(string(changelog), "### Dependencies")
	for _, r := range mod.Require {
		named := false
		for name, more := r.Path, true; more && !named; _, name, more = strings.Cut(name, "/") {
			named = strings.Contains(explained, "`"+name)
		}
		if !named && !r.Indirect {
			t.Errorf("CHANGELOG.md does not say what %s is for", r.Path)
		}
	}
}

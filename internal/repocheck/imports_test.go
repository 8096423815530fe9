package repocheck_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/onafed/onafed"

// leanPackages maps each package that promises to need only the standard library to the packages
// of this module that it may depend on, directly or not.
func leanPackages() map[string][]string {
	return map[string][]string{
		"internal/quote":     {},
		"internal/condition": {},
		"internal/provider":  {"internal/arn"},
		"claims":             {"internal/quote"},
		"awsfed/trust":       {"claims", "awsfed/trust/pattern", "internal/arn", "internal/condition", "internal/provider", "internal/quote"},
	}
}

func TestLeanPackagesNeedOnlyTheStandardLibrary(t *testing.T) {
	for pkg, own := range leanPackages() {
		out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", "./"+pkg).Output()
		if err != nil {
			t.Fatalf("go list -deps ./%s: %v", pkg, err)
		}
		for dep := range strings.FieldsSeq(string(out)) {
			if name, ok := strings.CutPrefix(dep, module+"/"); !ok || name != pkg && !slices.Contains(own, name) {
				t.Errorf("%s depends on %s, want only the standard library and %v", pkg, dep, own)
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

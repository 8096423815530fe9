package onafed_test

import (
	"encoding/json"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/onafed/onafed"

// TestLeanPackages holds the promise that reading claims and checking policies needs nothing but the standard library: what these
// packages import, directly or not, is named here.
func TestLeanPackages(t *testing.T) {
	for pkg, own := range map[string][]string{
		"internal/quote": {},
		"claims":         {"internal/quote"},
		"awsfed/trust":   {"claims", "internal/quote"},
	} {
		out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", "./"+pkg).Output()
		if err != nil {
			t.Fatalf("go list -deps ./%s: %v", pkg, err)
		}
		for dep := range strings.FieldsSeq(string(out)) {
			if name, ok := strings.CutPrefix(dep, module+"/"); !ok || name != pkg && !slices.Contains(own, name) {
				t.Errorf("%s depends on %s, want the standard library and %v alone", pkg, dep, own)
			}
		}
	}
}

// TestOneDoor holds the rules that a dependency is imported in one place of the library.
func TestOneDoor(t *testing.T) {
	doors := []struct{ path, door string }{
		{"github.com/lestrrat-go/jwx", "internal/jose/"},
		{"github.com/aws/aws-sdk-go-v2/config", "awsfed/loadconfig.go"},
	}
	seen := make([]bool, len(doors))
	eachProductionFile(t, func(file string, imports []string) {
		for i, d := range doors {
			for _, path := range imports {
				if !strings.HasPrefix(path+"/", d.path+"/") {
					continue
				}
				seen[i] = true
				if !strings.HasPrefix(file, d.door) {
					t.Errorf("%s imports %s, which only %s may", file, path, d.door)
				}
			}
		}
	})
	for i, d := range doors {
		if !seen[i] {
			t.Errorf("nothing imports %s: this rule checks nothing", d.path)
		}
	}
}

// TestDependenciesAreExplained holds the rule that CHANGELOG says of each direct requirement what it buys.
func TestDependenciesAreExplained(t *testing.T) {
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
			t.Errorf("CHANGELOG.md does not say what %s buys", r.Path)
		}
	}
}

// TestProductionCodeImportsNoTestPackage names the packages that only tests and the test packages themselves may import.
func TestProductionCodeImportsNoTestPackage(t *testing.T) {
	eachProductionFile(t, func(file string, imports []string) {
		if strings.HasPrefix(file, "idp/idptest/") || strings.HasPrefix(file, "awsfed/awsfedtest/") {
			return
		}
		for _, path := range imports {
			switch path {
			case "testing", "net/http/httptest", module + "/idp/idptest", module + "/awsfed/awsfedtest":
				t.Errorf("%s imports %s", file, path)
			}
		}
	})
}

// eachProductionFile calls f with the library's files that are neither tests nor examples, and with their imports.
func eachProductionFile(t *testing.T, f func(file string, imports []string)) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		path = filepath.ToSlash(path)
		if d.IsDir() {
			switch path {
			case ".git", "cmd", "examples", "internal/bench", "internal/interop":
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		var imports []string
		for _, i := range parsed.Imports {
			imports = append(imports, strings.Trim(i.Path.Value, `"`))
		}
		files++
		f(path, imports)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files == 0 {
		t.Fatal("no file was read")
	}
}

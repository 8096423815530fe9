package onafed_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"
)

// TestReadmeSnippetsAreExamples keeps the Go of README.md equal to bodies of Examples in example_test.go, which run.
func TestReadmeSnippetsAreExamples(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	bodies := exampleBodies(t, "example_test.go")
	used := make(map[string]bool)
	snippets := readDocument(string(readme)).code("go")
	for _, s := range snippets {
		found := false
		for name, body := range bodies {
			if body == s {
				found, used[name] = true, true
			}
		}
		if !found {
			t.Errorf("this snippet of README.md is no body of an Example in example_test.go:\n%s", s)
		}
	}
	if len(snippets) < 3 {
		t.Errorf("README.md has %d Go snippets, want at least 3: provider, claims, test", len(snippets))
	}
	for name := range bodies {
		if !used[name] {
			t.Errorf("%s stands in example_test.go but not in README.md", name)
		}
	}
	if n := strings.Count(string(readme), "\n"); n >= 120 {
		t.Errorf("README.md has %d lines, want under 120", n)
	}
}

// exampleBodies returns, for each Example of file, the lines between "// README begins." and "// README ends.", dedented.
func exampleBodies(t *testing.T, file string) map[string]string {
	t.Helper()
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	f, err := parser.ParseFile(token.NewFileSet(), file, src, 0)
	if err != nil {
		t.Fatal(err)
	}
	bodies := make(map[string]string)
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || !strings.HasPrefix(fn.Name.Name, "Example") {
			continue
		}
		body := string(src[fn.Body.Lbrace:fn.Body.Rbrace]) // the only file of its set: a position is an offset plus one
		_, body, begins := strings.Cut(body, "// README begins.\n")
		body, _, ends := strings.Cut(body, "// README ends.")
		if !begins || !ends {
			t.Errorf("%s does not say what README.md shows of it", fn.Name.Name)
			continue
		}
		body = strings.TrimRight(body, "\t")
		indent := body[:len(body)-len(strings.TrimLeft(body, "\t"))]
		var lines strings.Builder
		for line := range strings.Lines(body) {
			lines.WriteString(strings.TrimPrefix(line, indent))
		}
		bodies[fn.Name.Name] = lines.String()
	}
	return bodies
}

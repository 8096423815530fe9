package repocheck_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestGuideSnippetsAreCopiesOfExamples compares the Go snippets of Markdown files with the examples,
// which are compiled and run. Indentation may differ. README.md has a stricter test.
func TestGuideSnippetsAreCopiesOfExamples(t *testing.T) {
	code := "\n"
	err := filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		example, name := strings.HasPrefix(filepath.ToSlash(path), "examples/"), filepath.Base(path)
		if err == nil && strings.HasSuffix(name, ".go") && (example || strings.HasPrefix(name, "example")) {
			code += unindent(readFile(t, path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	snippets := 0
	for name, text := range markdown(t) {
		if name == "README.md" {
			continue
		}
		for _, s := range readDocument(text).code("go") {
			snippets++
			if !strings.Contains(code, "\n"+unindent(s)) {
				t.Errorf("%s has Go code that is in no example:\n%s", name, s)
			}
		}
	}
	if snippets < 10 {
		t.Errorf("only %d snippets were found", snippets)
	}
}

// TestMarkdownGoParses requires each snippet to be complete statements or declarations.
func TestMarkdownGoParses(t *testing.T) {
	for name, text := range markdown(t) {
		for _, e := range snippetErrors(text) {
			t.Errorf("%s: %s", name, e)
		}
	}
}

// TestLinksResolve follows the links between the files of the repository, including headings.
func TestLinksResolve(t *testing.T) {
	files := markdown(t)
	for name, text := range files {
		for _, e := range linkErrors(os.DirFS("."), name, text) {
			t.Errorf("%s: %s", name, e)
		}
	}
	if len(files) < 10 {
		t.Errorf("only %d Markdown files were read", len(files))
	}
}

// TestContributingNamesTheSteps requires CONTRIBUTING.md to name each step of .ci/test.
func TestContributingNamesTheSteps(t *testing.T) {
	script, err := os.ReadFile(".ci/test")
	if err != nil {
		t.Fatal(err)
	}
	all := regexp.MustCompile(`(?m)^all=\((.*)\)$`).FindSubmatch(script)
	_, steps, found := strings.Cut(markdown(t)["CONTRIBUTING.md"], "\nSteps: ")
	if all == nil || !found {
		t.Fatal("cannot find the steps in .ci/test or CONTRIBUTING.md")
	}
	for step := range strings.FieldsSeq(string(all[1])) {
		if !strings.Contains(steps, "`"+step+"` (") && !strings.Contains(steps, "`"+step+"`,") {
			t.Errorf("CONTRIBUTING.md does not name the step %s", step)
		}
	}
}

// TestTheRootHasNoEmptyFiles finds files that a command left behind in the root of the repository.
func TestTheRootHasNoEmptyFiles(t *testing.T) {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() && info.Size() == 0 {
			t.Errorf("%s is empty: remove it", e.Name())
		}
	}
}

// markdown returns the Markdown files of the repository by path, with slashes.
func markdown(t *testing.T) map[string]string {
	t.Helper()
	files := make(map[string]string)
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == ".git" || d.Name() == "node_modules") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".md") {
			return nil
		}
		text, err := os.ReadFile(path)
		files[filepath.ToSlash(path)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func unindent(s string) string {
	return regexp.MustCompile(`(?m)^\t+`).ReplaceAllString(s, "")
}

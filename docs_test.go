package onafed_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

// TestGuideSnippetsStandInCode keeps the Go of Markdown equal, but for indentation, to code of the examples and of the packages' Examples,
// which is compiled and run. README.md has a test of its own, which asks for more.
func TestGuideSnippetsStandInCode(t *testing.T) {
	code := "\n"
	err := filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		example, name := strings.HasPrefix(filepath.ToSlash(path), "examples/"), filepath.Base(path)
		if err == nil && strings.HasSuffix(name, ".go") && (example || strings.HasPrefix(name, "example")) {
			code += flat(t, path)
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
				t.Errorf("%s has Go that stands in no example:\n%s", name, s)
			}
		}
	}
	if snippets < 10 {
		t.Errorf("only %d snippets were found", snippets)
	}
}

// TestMarkdownGoParses wants each snippet to be whole: what a reader copies compiles, given the names around it.
func TestMarkdownGoParses(t *testing.T) {
	for name, text := range markdown(t) {
		for _, fault := range snippetFaults(text) {
			t.Errorf("%s: %s", name, fault)
		}
	}
}

// TestLinksLeadSomewhere follows the links between the project's own files, and to headings in them.
func TestLinksLeadSomewhere(t *testing.T) {
	files := markdown(t)
	for name, text := range files {
		for _, fault := range linkFaults(os.DirFS("."), name, text) {
			t.Errorf("%s: %s", name, fault)
		}
	}
	if len(files) < 10 {
		t.Errorf("only %d Markdown files were read", len(files))
	}
}

// TestContributingNamesTheSteps compares the steps of CONTRIBUTING with those of the script.
func TestContributingNamesTheSteps(t *testing.T) {
	script, err := os.ReadFile(".ci/test")
	if err != nil {
		t.Fatal(err)
	}
	all := regexp.MustCompile(`(?m)^all=\((.*)\)$`).FindSubmatch(script)
	_, steps, found := strings.Cut(markdown(t)["CONTRIBUTING.md"], "\nSteps: ")
	if all == nil || !found {
		t.Fatal("there are no steps")
	}
	for step := range strings.FieldsSeq(string(all[1])) {
		if !strings.Contains(steps, "`"+step+"` (") && !strings.Contains(steps, "`"+step+"`,") {
			t.Errorf("CONTRIBUTING.md does not name the step %s", step)
		}
	}
}

// TestMarkdownChecksFindFaults gives the checks above texts that are broken, and some that are not.
func TestMarkdownChecksFindFaults(t *testing.T) {
	const fence = "```"
	files := fstest.MapFS{
		"docs/b.md":  {Data: []byte("# One `thing` & more\n\n## Same\n\n## Same\n\n" + fence + "\n# no heading\n" + fence + "\n")},
		"docs/x.go":  {Data: []byte("package x\n")},
		"docs/d/c.c": {},
	}
	for _, c := range []struct {
		name, text string
		fault      string // part of the only fault, or nothing
	}{
		{"statements", fence + "go\nx, err := f()\nif err != nil {\n\treturn err\n}\n" + fence, ""},
		{"declarations", fence + "go\nfunc f() {\n}\n" + fence, ""},
		{"declarations with imports", fence + "go\nimport \"fmt\"\n\nvar x = fmt.Sprint()\n" + fence, ""},
		{"in a list", "1. one:\n\n   " + fence + "go\n   f()\n   " + fence + "\n", ""},
		{"another language", fence + "\nif {\n" + fence, ""},
		{"a function without its end", fence + "go\nfunc f() error {\n" + fence, "does not parse"},
		{"a call without its end", fence + "go\nf(func() {\n\tg()\n" + fence, "does not parse"},
		{"the end of one function and the beginning of another", fence + "go\nf()\n}\n\nfunc g() {\n" + fence, "does not parse"},
		{"words", fence + "go\nwhatever this is\n" + fence, "does not parse"},
		{"nothing but a comment", fence + "go\n// later\n" + fence, "no code"},
		{"a block without its end", "text\n\n" + fence + "go\nf()\n", "has no end"},

		{"a file", "[b](b.md), [code](x.go), [folder](d), ![picture](d/c.c)", ""},
		{"a host", "[b](https://example.com/nothing#there)", ""},
		{"a heading", "[b](b.md#one-thing--more)", ""},
		{"the second of two headings", "[b](b.md#same-1)", ""},
		{"a heading of its own", "# Here\n\n[b](#here)", ""},
		{"a link in code", fence + "\n[b](nothing.md)\n" + fence, ""},
		{"a file that is not there", "[b](nothing.md)", "nothing.md"},
		{"a file that is not there, with a heading", "[b](nothing.md#one)", "nothing.md"},
		{"a picture that is not there", "![b](nothing.svg \"title\")", "nothing.svg"},
		{"a file outside", "[b](../../b.md)", "out of the module"},
		{"a heading that is not there", "[b](b.md#two)", "no heading"},
		{"a third of two headings", "[b](b.md#same-2)", "no heading"},
		{"a comment in code is no heading", "[b](b.md#no-heading)", "no heading"},
		{"a heading in other letters", "[b](b.md#Same)", "no heading"},
		{"no heading of its own", "# Here\n\n[b](#there)", "no heading"},
		{"a heading of code", "[b](x.go#package)", "no heading"},
		{"no target", "[b]()", "without a target"},
	} {
		t.Run(c.name, func(t *testing.T) {
			faults := append(snippetFaults(c.text), linkFaults(files, "docs/a.md", c.text)...)
			switch {
			case c.fault == "" && len(faults) > 0:
				t.Errorf("faults of a good text: %q", faults)
			case c.fault != "" && (len(faults) != 1 || !strings.Contains(faults[0], c.fault)):
				t.Errorf("faults %q, want one with %q", faults, c.fault)
			}
		})
	}
}

// markdown returns the project's own Markdown by its path, with slashes.
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

func flat(t *testing.T, file string) string {
	t.Helper()
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return unindent(string(src))
}

func unindent(s string) string {
	return regexp.MustCompile(`(?m)^\t+`).ReplaceAllString(s, "")
}

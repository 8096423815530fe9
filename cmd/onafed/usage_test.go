package main

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
)

// guides are the guides with command lines of onafed, and recipes is the one with recipes for
// containers and services.
const (
	guides  = "../../docs/*.md"
	recipes = "../../docs/credentials-for-other-programs.md"
)

// TestExamplesAreUsage parses every command line in a help text, in both READMEs and in the guides.
// Each command has an example in its help, and the README of the command names it.
func TestExamplesAreUsage(t *testing.T) {
	readme := readFile(t, "README.md")
	lines := append(commandLines(description), commandLines(readme)...)
	lines = append(lines, commandLines(readFile(t, "../../README.md"))...)
	for _, leaf := range testParser(t).Model.Leaves(true) {
		path := leaf.FullPath()
		help, ok := reflect.Indirect(leaf.Target).Addr().Interface().(kong.HelpProvider)
		if !ok {
			t.Errorf("%s has no help of its own", path)
			continue
		}
		shown := commandLines(help.Help())
		if len(shown) == 0 {
			t.Errorf("%s --help shows no example", path)
		}
		lines = append(lines, shown...)
		if !strings.Contains(readme, path) {
			t.Errorf("README.md does not name %s", path)
		}
	}
	ofRecipes := commandLines(readFile(t, recipes))
	if len(ofRecipes) < 4 {
		t.Errorf("%s has only the command lines %q", recipes, ofRecipes)
	}
	pages, err := filepath.Glob(guides)
	if err != nil || len(pages) < 10 {
		t.Fatalf("guides %q, %v", pages, err)
	}
	for _, page := range pages {
		lines = append(lines, commandLines(readFile(t, page))...)
	}
	for _, line := range lines {
		line = strings.NewReplacer(`"$@"`, "get", `"`, "").Replace(line) // the arguments of a script for Docker
		if _, err := testParser(t).Parse(strings.Fields(line)); err != nil {
			t.Errorf("onafed %s: %v", line, err)
		}
	}
}

// TestReadmeIsATour keeps the README short. The reference is the help of the program.
func TestReadmeIsATour(t *testing.T) {
	t.Parallel()
	if words := len(strings.Fields(readFile(t, "README.md"))); words > 1200 {
		t.Errorf("README.md has %d words, want at most 1200", words)
	}
}

// commandLines returns the arguments of onafed in examples: lines of a shell, of a systemd unit and
// of YAML; the program may be alone, in a pipe, or in $(...).
func commandLines(text string) (lines []string) {
	text = strings.NewReplacer("\\\n", " ", "| docker-credential-onafed ", "| onafed aws docker-credential ").Replace(text)
	for line := range strings.Lines(text) {
		if args, ok := strings.CutPrefix(strings.TrimSpace(line), "args: ["); ok {
			lines = append(lines, strings.ReplaceAll(strings.TrimSuffix(args, "]"), ", ", " "))
		}
		line, ok := cutExample(line)
		if !ok {
			continue
		}
		line, _, _ = strings.Cut(line, "# ")
		for _, part := range regexp.MustCompile(`[|;&>]|\$\(|\)`).Split(line, -1) {
			if _, args, ok := strings.Cut(strings.TrimSpace(part), "onafed "); ok && !strings.HasPrefix(strings.TrimSpace(part), "go ") {
				lines = append(lines, args)
			}
		}
	}
	return lines
}

// cutExample returns a line without the mark of an example. The output of doctor is indented like
// examples in help texts, but it is not an example.
func cutExample(line string) (string, bool) {
	for _, prefix := range []string{"$ ", "    ", "ExecStart=", "      start: "} {
		if rest, ok := strings.CutPrefix(line, prefix); ok {
			return rest, strings.Contains(rest, "onafed ") && !strings.Contains(rest, "fix: ")
		}
	}
	return "", false
}

func testParser(t *testing.T) *kong.Kong {
	t.Helper()
	parser, err := newParser(terminal.Standard(), kong.Exit(func(status int) { panic(fmt.Sprintf("exit %d", status)) }))
	if err != nil {
		t.Fatal(err)
	}
	return parser
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

package main

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
)

// TestExamplesAreUsage parses every command line in a help text and in the README. Each command has an
// example in its help, and the README names it.
func TestExamplesAreUsage(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	lines := append(commandLines(description), commandLines(string(readme))...)
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
		if !strings.Contains(string(readme), path) {
			t.Errorf("README.md does not name %s", path)
		}
	}
	for _, line := range lines {
		checkUsage(t, line)
	}
}

// commandLines are the uses of onafed in examples: in indented or "$ " lines and units, alone, in a pipe, or in $(...).
func commandLines(text string) (lines []string) {
	text = strings.ReplaceAll(text, "\\\n", " ")
	for line := range strings.Lines(text) {
		line, ok := cutExample(line)
		if !ok {
			continue
		}
		if _, after, ok := strings.Cut(line, "# "); ok {
			line = strings.TrimSuffix(line, "# "+after)
		}
		for _, part := range regexp.MustCompile(`[|;&>]|\$\(|\)`).Split(line, -1) {
			if _, args, ok := strings.Cut(strings.TrimSpace(part), "onafed "); ok && !strings.HasPrefix(strings.TrimSpace(part), "go ") {
				lines = append(lines, args)
			}
		}
	}
	return lines
}

func cutExample(line string) (string, bool) {
	for _, prefix := range []string{"$ ", "    ", "ExecStart=", "      start: "} {
		if rest, ok := strings.CutPrefix(line, prefix); ok {
			return rest, strings.Contains(rest, "onafed ") && !strings.Contains(rest, "fix: ") // the doctor's output is indented, too
		}
	}
	return "", false
}

func checkUsage(t *testing.T, line string) {
	t.Helper()
	line = strings.NewReplacer(`"`, "").Replace(line)
	if _, err := testParser(t).Parse(strings.Fields(line)); err != nil {
		t.Errorf("onafed %s: %v", line, err)
	}
}

func testParser(t *testing.T) *kong.Kong {
	t.Helper()
	parser, err := newParser(terminal.Standard(), kong.Exit(func(code int) { panic(fmt.Sprintf("exit %d", code)) }))
	if err != nil {
		t.Fatal(err)
	}
	return parser
}

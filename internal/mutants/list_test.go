package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const list = "# Mutants\n\n" +
	"| package | rest |\n" + tableRule + "\n| z | other |\n\ntext\n\n" +
	"### p\n\n```diff\na.go\n-\tif i < 2 {\n+\tif i <= 2 {\nb.go\n-\tx := a + b\n+\tx := a - b\n```\n" +
	"Equivalent: i is\nnever 2.\n\nMore text.\n\n" +
	"```diff\na.go\n-\tn++\n+\tn--\n```\n\nAccepted: nobody counts.\n"

func TestParseList(t *testing.T) {
	t.Parallel()
	got, err := parseList(list)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]entry{"p": {
		{change{"a.go", "if i < 2 {", "if i <= 2 {"}, "Equivalent: i is never 2."},
		{change{"b.go", "x := a + b", "x := a - b"}, "Equivalent: i is never 2."},
		{change{"a.go", "n++", "n--"}, "Accepted: nobody counts."},
	}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(entry{}, change{})); diff != "" {
		t.Errorf("parseList (-want +got):\n%s", diff)
	}
}

func TestParseListRejects(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"no reason":        "### p\n```diff\na.go\n-\tx\n+\ty\n```\n",
		"a reason unknown": "### p\n```diff\na.go\n-\tx\n+\ty\n```\nBecause: no.\n",
		"no file":          "### p\n```diff\n-\tx\n+\ty\n```\nSpeed: yes.\n",
		"no line before":   "### p\n```diff\na.go\n+\ty\n```\nSpeed: yes.\n",
		"no line after":    "### p\n```diff\na.go\n-\tx\n```\nSpeed: yes.\n",
		"an empty block":   "### p\n```diff\n```\nSpeed: yes.\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, err := parseList(text); err == nil {
				t.Errorf("parseList(%q) = %v, want an error", text, got)
			}
		})
	}
}

// The list of the repository can be read, and names only files and lines that exist.
func TestListOfRepository(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	text, err := os.ReadFile(filepath.Join(root, ".ci", "mutants.md"))
	if err != nil {
		t.Fatal(err)
	}
	entries, err := parseList(string(text))
	if err != nil {
		t.Fatal(err)
	}
	for pkg, listed := range entries {
		for _, e := range listed {
			source, err := os.ReadFile(filepath.Join(root, pkg, e.file))
			if err != nil {
				t.Errorf("%s: %v", pkg, err)
				continue
			}
			found := false
			for line := range strings.Lines(string(source)) {
				found = found || strings.TrimSpace(line) == e.before
			}
			if !found {
				t.Errorf("%s/%s has no line %q: correct or remove it in .ci/mutants.md", pkg, e.file, e.before)
			}
		}
	}
}

func TestMutate(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ line, kind, want string }{
		{"a ^<= b", "CONDITIONALS_BOUNDARY", "a < b"},
		{"a ^<= b", "CONDITIONALS_NEGATION", "a > b"},
		{"a ^< b", "CONDITIONALS_BOUNDARY", "a <= b"},
		{"a ^!= b", "CONDITIONALS_NEGATION", "a == b"},
		{"a < b ^&& c", "INVERT_LOGICAL", "a < b || c"},
		{"i^++", "INCREMENT_DECREMENT", "i--"},
		{"a ^% b", "ARITHMETIC_BASE", "a * b"},
		{"return ^-1", "INVERT_NEGATIVES", "return +1"},
	} {
		before, after, _ := strings.Cut(tt.line, "^")
		got, err := mutate(before+after, len(before), tt.kind)
		if err != nil || got != tt.want {
			t.Errorf("mutate(%q, %s) = %q, %v, want %q", tt.line, tt.kind, got, err, tt.want)
		}
	}
	for _, tt := range []struct {
		line string
		at   int
	}{{"a < b", 1}, {"a < b", 6}, {"a < b", -1}} {
		if got, err := mutate(tt.line, tt.at, "CONDITIONALS_BOUNDARY"); err == nil {
			t.Errorf("mutate(%q, %d) = %q, want an error", tt.line, tt.at, got)
		}
	}
}

func TestCheck(t *testing.T) {
	const source = "package p\n\nfunc f(i int) bool {\n\tif i < 2 {\n\t\tn++\n\t}\n\treturn i - 1 == 0\n}\n"
	mutation := func(kind, status string, line, column int) string {
		return strings.NewReplacer("KIND", kind, "STATUS", status, "LINE", strconv.Itoa(line), "COLUMN", strconv.Itoa(column)).
			Replace(`{"type":"KIND","status":"STATUS","line":LINE,"column":COLUMN}`)
	}
	lists := map[string]string{
		"empty":    "",
		"listed":   "```diff\na.go\n-\tif i < 2 {\n+\tif i <= 2 {\n```\nEquivalent: x.\n",
		"accepted": "```diff\na.go\n-\tif i < 2 {\n+\tif i <= 2 {\n```\nAccepted: x.\n",
		"stale":    "```diff\na.go\n-\tif i < 3 {\n+\tif i <= 3 {\n```\nEquivalent: x.\n",
	}
	boundary := mutation("CONDITIONALS_BOUNDARY", "LIVED", 4, 7)
	negation := mutation("CONDITIONALS_NEGATION", "KILLED", 4, 7)
	for _, tt := range []struct {
		name, list string
		mutants    []string
		ok         bool
		row        string
	}{
		{"every mutant is killed", "empty", []string{negation}, true, "1 | 1 | 0 | 0 | 0 | 0 | 100.0 %"},
		{"a mutant that timed out counts as killed", "empty", []string{negation, mutation("INCREMENT_DECREMENT", "TIMED OUT", 5, 4)}, true, "2 | 1 | 1 | 0 | 0 | 0 | 100.0 %"},
		{"a mutant that does not compile does not count", "empty", []string{negation, mutation("ARITHMETIC_BASE", "NOT VIABLE", 7, 11)}, true, "1 | 1 | 0 | 0 | 0 | 0 | 100.0 %"},
		{"a survivor that is not listed", "empty", []string{negation, boundary}, false, "2 | 1 | 0 | 1 | 0 | 0 | 50.0 %"},
		{"a mutant that no test reaches", "empty", []string{negation, mutation("INCREMENT_DECREMENT", "NOT COVERED", 5, 4)}, false, "2 | 1 | 0 | 0 | 1 | 0 | 50.0 %"},
		{"a survivor that is listed", "listed", []string{negation, boundary}, true, "2 | 1 | 0 | 1 | 0 | 1 | 100.0 %"},
		{"a listed survivor appears twice", "listed", []string{negation, boundary, boundary}, false, "3 | 1 | 0 | 2 | 0 | 1 | 50.0 %"},
		{"an accepted survivor counts against the score", "accepted", []string{negation, boundary}, false, "2 | 1 | 0 | 1 | 0 | 0 | 50.0 %"},
		{"an entry that does not survive", "stale", []string{negation}, false, "1 | 1 | 0 | 0 | 0 | 0 | 100.0 %"},
		{"the same change twice counts once", "empty", []string{mutation("ARITHMETIC_BASE", "KILLED", 7, 11), mutation("INVERT_NEGATIVES", "KILLED", 7, 11)}, true, "1 | 1 | 0 | 0 | 0 | 0 | 100.0 %"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			write(t, "p/a.go", source)
			write(t, "report.json", `{"files":[{"file_name":"a.go","mutations":[`+strings.Join(tt.mutants, ",")+`]}]}`)
			write(t, "list.md", "| package |\n"+tableRule+"\n| p | old |\n| a | old |\n\n### p\n\n"+lists[tt.list])
			var out strings.Builder
			ok, err := check(&out, "list.md", "report.json", "p", time.Unix(0, 0))
			if err != nil || ok != tt.ok {
				t.Errorf("check = %v, %v, want %v\n%s", ok, err, tt.ok, out.String())
			}
			text, err := os.ReadFile("list.md")
			if err != nil {
				t.Fatal(err)
			}
			want := "| package |\n" + tableRule + "\n| a | old |\n| p | " + tt.row + " | 1970-01-01 | " + processor() + " | gremlins v0.6.0 |\n\n### p\n\n" + lists[tt.list]
			if diff := cmp.Diff(want, string(text)); diff != "" {
				t.Errorf("the list after check (-want +got):\n%s", diff)
			}
		})
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

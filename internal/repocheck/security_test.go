package repocheck_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestSecurityTableNamesRealTests requires each row of the threat table to name tests that exist.
func TestSecurityTableNamesRealTests(t *testing.T) {
	doc := readFile(t, "SECURITY.md")
	row := regexp.MustCompile("`([a-z/]+)\\.((?:Test|Fuzz)[A-Za-z0-9_]+)`")
	rows := 0
	for line := range strings.SplitSeq(doc, "\n") {
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "| asset") || strings.HasPrefix(line, "|--") {
			continue
		}
		rows++
		named := row.FindAllStringSubmatch(line, -1)
		if len(named) == 0 {
			t.Errorf("this row of SECURITY.md names no test: %s", line)
		}
		for _, n := range named {
			if !hasTest(t, n[1], n[2]) {
				t.Errorf("SECURITY.md names %s.%s, and no such test exists", n[1], n[2])
			}
		}
	}
	if rows < 10 {
		t.Errorf("SECURITY.md has %d rows in its threat table, want at least 10", rows)
	}
}

func hasTest(t *testing.T, dir, name string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if strings.Contains(readFile(t, f), "func "+name+"(") {
			return true
		}
	}
	return false
}

package onafed_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestSecurityTableNamesRealTests keeps the threat table of SECURITY.md honest: each defence names a test that exists.
func TestSecurityTableNamesRealTests(t *testing.T) {
	doc, err := os.ReadFile("SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile("`([a-z/]+)\\.((?:Test|Fuzz)[A-Za-z0-9_]+)`")
	rows := 0
	for line := range strings.SplitSeq(string(doc), "\n") {
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
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(src), "func "+name+"(") {
			return true
		}
	}
	return false
}

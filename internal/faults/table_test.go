package faults_test

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"

	"github.com/google/go-cmp/cmp"
)

// A report gathers what became of the cells. It is safe for concurrent use.
type report struct {
	mu    sync.Mutex
	cells []outcome
	rows  []row
}

// An outcome is a cell that is done.
type outcome struct {
	Column, Row string
	Held        bool
	Notes       []string
}

// A row is a fault, for the README.
type row struct{ name, how string }

// cell runs one cell. In a bubble, tb is the bubble's.
func (r *report) cell(tb testing.TB, column, row, dir string, f func(*cell)) {
	tb.Helper()
	c := &cell{TB: tb, column: column, row: row, report: r, dir: dir, seen: make(map[string]bool)}
	done := false
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.cells = append(r.cells, outcome{column, row, done && !c.bad, c.notes})
	}()
	f(c)
	done = true
}

// columns are the components, as the table has them.
func columns() []string {
	return []string{provider, providerToken, keySet, apiClient, tokenCache, credCache, tokenFile, credFile}
}

// held returns what stands in a field: a field that has been through several tests held if all of them say so.
func (r *report) held(column, row string) string {
	text := "–"
	for _, o := range r.cells {
		switch {
		case o.Column != column || o.Row != row:
		case !o.Held:
			return "**no**"
		default:
			text = "held"
		}
	}
	return text
}

// print writes the table and what was measured to the test's log.
func (r *report) print(tb testing.TB) {
	tb.Helper()
	var b bytes.Buffer
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "\t%s\n", strings.Join(columns(), "\t"))
	for _, row := range r.rows {
		fmt.Fprint(t, row.name)
		for _, column := range columns() {
			fmt.Fprintf(t, "\t%s", strings.Trim(r.held(column, row.name), "*"))
		}
		fmt.Fprintln(t)
	}
	fmt.Fprintln(t, "\nwhat happened")
	for _, column := range columns() {
		for _, row := range r.rows {
			for _, o := range r.cells {
				if o.Column == column && o.Row == row.name && len(o.Notes) > 0 {
					fmt.Fprintf(t, "%s\t%s\t%s\n", column, row.name, strings.Join(o.Notes, "; "))
				}
			}
		}
	}
	t.Flush()
	tb.Logf("\n%s", b.String())
}

const (
	readme    = "README.md"
	tableHead = "<!-- the table: go test ./internal/faults -update -->\n"
	tableFoot = "<!-- end of the table -->\n"
)

// markdown is the table for the README: nothing that differs from run to run.
func (r *report) markdown() string {
	var b strings.Builder
	b.WriteString("\n| fault | how |")
	for _, column := range columns() {
		fmt.Fprintf(&b, " %s |", column)
	}
	b.WriteString("\n|---|---|" + strings.Repeat("---|", len(columns())) + "\n")
	for _, row := range r.rows {
		fmt.Fprintf(&b, "| %s | %s |", row.name, row.how)
		for _, column := range columns() {
			fmt.Fprintf(&b, " %s |", r.held(column, row.name))
		}
		b.WriteString("\n")
	}
	b.WriteString("\n| component | what it is | longest wait, nothing kept | while a value is valid | new value after the fault | requests of a call at most |\n|---|---|---|---|---|---|\n")
	for _, c := range components() {
		warm, repair := "–", "next call"
		if c.keeps {
			warm = c.warm.String()
		}
		if c.repair > 0 {
			repair = c.repair.String()
		}
		fmt.Fprintf(&b, "| %s | %s | %v | %s | %s | %d |\n", c.name, c.what, c.cold, warm, repair, c.perCall)
	}
	b.WriteString("\n")
	return b.String()
}

// compare holds the README to the table, or writes it.
func (r *report) compare(tb testing.TB, update bool) {
	tb.Helper()
	text, err := os.ReadFile(readme)
	if err != nil {
		tb.Fatal(err)
	}
	before, rest, ok1 := strings.Cut(string(text), tableHead)
	_, after, ok2 := strings.Cut(rest, tableFoot)
	if !ok1 || !ok2 {
		tb.Fatalf("%s has no place for the table", readme)
	}
	want := before + tableHead + r.markdown() + tableFoot + after
	if update {
		if err := os.WriteFile(readme, []byte(want), 0o600); err != nil {
			tb.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(strings.Split(string(text), "\n"), strings.Split(want, "\n")); diff != "" {
		tb.Errorf("the table has changed (-%s +this run); if that is meant: go test ./internal/faults -update\n%s", readme, diff)
	}
}

// add tells the report of a row.
func (r *report) add(name, how string) {
	if !slices.ContainsFunc(r.rows, func(w row) bool { return w.name == name }) {
		r.rows = append(r.rows, row{name, how})
	}
}

// quickDir is a folder in memory where the system has such a place: to flush a thousand files to a disk takes longer than all else.
func quickDir(tb testing.TB) string {
	tb.Helper()
	const memory = "/dev/shm"
	if info, err := os.Stat(memory); err != nil || !info.IsDir() {
		return tb.TempDir()
	}
	dir, err := os.MkdirTemp(memory, "onafed-faults-") //nolint:usetesting // TempDir may be on a disk
	if err != nil {
		return tb.TempDir()
	}
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

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

// report collects the results of the cells. It is safe for concurrent use.
type report struct {
	mu    sync.Mutex
	cells []outcome
	rows  []row
}

// outcome is the result of a cell.
type outcome struct {
	Column, Row string
	Passed      bool
	Notes       []string
}

// row is a row of the table: a fault.
type row struct{ name, how string }

// cell runs one cell. In a synctest bubble, tb must be the one of the bubble.
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

// columns returns the components, in the order of the table.
func columns() []string {
	return []string{provider, providerToken, keySet, apiClient, tokenCache, credCache, tokenFile, credFile}
}

// result returns the text of a field of the table. A field with several tests passes if all of them
// pass.
func (r *report) result(column, row string) string {
	text := "–"
	for _, o := range r.cells {
		switch {
		case o.Column != column || o.Row != row:
		case !o.Passed:
			return "**fail**"
		default:
			text = "pass"
		}
	}
	return text
}

// print writes the table and the measurements to the log of the test.
func (r *report) print(tb testing.TB) {
	tb.Helper()
	var b bytes.Buffer
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "\t%s\n", strings.Join(columns(), "\t"))
	for _, row := range r.rows {
		fmt.Fprint(t, row.name)
		for _, column := range columns() {
			fmt.Fprintf(t, "\t%s", strings.Trim(r.result(column, row.name), "*"))
		}
		fmt.Fprintln(t)
	}
	fmt.Fprintln(t, "\nmeasurements")
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

// markdown returns the tables for the README, without anything that differs between runs.
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
			fmt.Fprintf(&b, " %s |", r.result(column, row.name))
		}
		b.WriteString("\n")
	}
	b.WriteString("\n| component | type | longest wait without a value | longest wait with a valid value | new value after the fault | requests for one call |\n|---|---|---|---|---|---|\n")
	for _, c := range components() {
		warm, recovery := "–", "next call"
		if c.keeps {
			warm = c.warm.String()
		}
		if c.recovery > 0 {
			recovery = c.recovery.String()
		}
		fmt.Fprintf(&b, "| %s | %s | %v | %s | %s | %d |\n", c.name, c.what, c.cold, warm, recovery, c.perCall)
	}
	b.WriteString("\n")
	return b.String()
}

// compare compares the table in the README with this run, or writes it.
func (r *report) compare(tb testing.TB, update bool) {
	tb.Helper()
	text, err := os.ReadFile(readme)
	if err != nil {
		tb.Fatal(err)
	}
	before, rest, ok1 := strings.Cut(string(text), tableHead)
	_, after, ok2 := strings.Cut(rest, tableFoot)
	if !ok1 || !ok2 {
		tb.Fatalf("%s has no markers for the table", readme)
	}
	want := before + tableHead + r.markdown() + tableFoot + after
	if update {
		if err := os.WriteFile(readme, []byte(want), 0o600); err != nil {
			tb.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(strings.Split(string(text), "\n"), strings.Split(want, "\n")); diff != "" {
		tb.Errorf("the table has changed (-%s +this run); to accept it, run: go test ./internal/faults -update\n%s", readme, diff)
	}
}

// add adds a row, once.
func (r *report) add(name, how string) {
	if !slices.ContainsFunc(r.rows, func(w row) bool { return w.name == name }) {
		r.rows = append(r.rows, row{name, how})
	}
}

// quickDir returns a folder in memory, if the system has one. To flush a thousand files to a disk
// takes longer than the rest of the tests.
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

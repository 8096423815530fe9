package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// row is a row of the table of results.
type row struct {
	pkg string
	result
	same      int // survivors that behave like the original
	date      time.Time
	processor string
}

// score returns the percentage of the mutants that change behavior and that a test kills.
func (r row) score() float64 {
	detected := r.killed + r.timedOut
	different := detected + len(r.survivors) - r.same
	if different == 0 {
		return 100
	}
	return 100 * float64(detected) / float64(different)
}

// String returns the row as Markdown.
func (r row) String() string {
	total := r.killed + r.timedOut + r.lived + r.notCovered
	return fmt.Sprintf("| %s | %d | %d | %d | %d | %d | %d | %.1f %% | %s | %s | gremlins v0.6.0 |", r.pkg, total, r.killed, r.timedOut,
		r.lived, r.notCovered, r.same, r.score(), r.date.UTC().Format(time.DateOnly), r.processor)
}

// The line above the rows.
const tableRule = "|---|---:|---:|---:|---:|---:|---:|---:|---|---|---|"

// replaceRow replaces the row of the package in the table of text, or adds it. Rows are sorted by
// package.
func replaceRow(text string, r row) (string, error) {
	head, rest, ok := strings.Cut(text, tableRule+"\n")
	if !ok {
		return "", errors.New("there is no table of results: no line " + tableRule)
	}
	rows := []string{r.String()}
	for strings.HasPrefix(rest, "| ") {
		var line string
		line, rest, _ = strings.Cut(rest, "\n")
		if !strings.HasPrefix(line, "| "+r.pkg+" |") {
			rows = append(rows, line)
		}
	}
	slices.Sort(rows)
	return head + tableRule + "\n" + strings.Join(rows, "\n") + "\n" + rest, nil
}

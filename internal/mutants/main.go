// Command mutants compares a report of gremlins with the list of known survivors in .ci/mutants.md.
// Gremlins is a tool that changes operators in the source. A change that no test notices is a
// survivor. The command also writes the numbers of the package into the table of that file.
//
// .ci/mutate runs it from the root of the repository:
//
//	go run ./internal/mutants -report report.json awsfed/trust/pattern
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// goal is the least score of a package, in percent.
const goal = 95

func main() {
	path := flag.String("report", "", "the file that gremlins wrote with --output")
	list := flag.String("list", ".ci/mutants.md", "the list of survivors")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: mutants -report FILE PACKAGE")
		os.Exit(2)
	}
	ok, err := check(os.Stdout, *list, *path, flag.Arg(0), time.Now())
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
}

// check compares a report with the list and updates the table. It reports whether every survivor is
// listed, no entry is out of date, and the score reaches the goal.
func check(w io.Writer, list, path, pkg string, now time.Time) (bool, error) {
	text, err := os.ReadFile(list)
	if err != nil {
		return false, err
	}
	entries, err := parseList(string(text))
	if err != nil {
		return false, fmt.Errorf("%s: %w", list, err)
	}
	res, err := readResult(path, pkg)
	if err != nil {
		return false, err
	}
	unlisted, same, stale := compare(res.survivors, entries[pkg])
	r := row{pkg: pkg, result: res, same: same, date: now, processor: processor()}
	updated, err := replaceRow(string(text), r)
	if err != nil {
		return false, fmt.Errorf("%s: %w", list, err)
	}
	if err := os.WriteFile(list, []byte(updated), 0o644); err != nil { //nolint:gosec // a file of the repository
		return false, err
	}
	fmt.Fprintln(w, r)
	for _, c := range unlisted {
		fmt.Fprintf(w, "\nThis survivor has no test and is not in %s:\n%s\n-\t%s\n+\t%s\n", list, c.file, c.before, c.after)
	}
	for _, e := range stale {
		fmt.Fprintf(w, "\nThis mutant does not survive any more. Remove it from %s:\n%s\n-\t%s\n+\t%s\n", list, e.file, e.before, e.after)
	}
	return len(unlisted) == 0 && len(stale) == 0 && r.score() >= goal, nil
}

// processor returns the name of the processor, where the system tells it.
func processor() string {
	data, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(data)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

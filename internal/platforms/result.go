package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// A result counts the tests of one platform. A test with subtests counts as one.
type result struct {
	platform       platform
	leftOut        string // why the platform did not run; empty: it ran
	packages       int
	passed, failed int
	skipped        []string // tests that skipped themselves, with their output
	exceptions     int
	problems       []string // what is wrong beside failed tests
	elapsed        time.Duration
	missing        bool // a required program is missing
}

func (r *result) ok() bool { return r.failed == 0 && len(r.problems) == 0 && !r.missing }

func (r *result) problem(format string, args ...any) {
	r.problems = append(r.problems, fmt.Sprintf(format, args...))
}

// event is a line that go test -json prints (go doc test2json).
type event struct {
	Action     string
	Package    string
	ImportPath string // of build output
	Test       string
	Output     string
}

// maxLine bounds a line of go test -json. A test prints at most 64 KB in one event, and JSON makes
// it longer.
const maxLine = 1 << 20

// read counts the events of one go test -json. It prints the output of tests and packages that fail.
func (r *result) read(in io.Reader, out io.Writer) error {
	outputs := make(map[string]*strings.Builder) // by package and test
	output := func(pkg, test string) *strings.Builder {
		key := pkg + " " + test
		if outputs[key] == nil {
			outputs[key] = new(strings.Builder)
		}
		return outputs[key]
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			fmt.Fprintln(out, lines.Text()) // the go command itself
			continue
		}
		test, _, sub := strings.Cut(e.Test, "/")
		switch e.Action {
		case "output":
			output(e.Package, test).WriteString(e.Output)
		case "build-output":
			fmt.Fprint(out, e.Output)
		case "pass", "fail", "skip":
			if !sub {
				r.end(e, output(e.Package, test).String(), out)
				delete(outputs, e.Package+" "+test)
			}
			if test == "" {
				// Tests that did not end: the package stopped.
				for key, text := range outputs {
					if pkg, _, _ := strings.Cut(key, " "); pkg == e.Package && e.Action == "fail" {
						fmt.Fprint(out, text)
					}
				}
			}
		}
	}
	return lines.Err()
}

// end counts the end of a test, or of a package if e.Test is empty.
func (r *result) end(e event, output string, out io.Writer) {
	name := e.Package + " " + e.Test
	switch {
	case e.Test == "" && e.Action == "pass":
		r.packages++
	case e.Test == "" && e.Action == "fail":
		r.packages++
		r.problem("package %s failed", e.Package)
		fmt.Fprint(out, output)
	case e.Test == "":
	case e.Action == "pass":
		r.passed++
	case e.Action == "skip":
		r.skipped = append(r.skipped, name+": "+skipMessage(output))
	case e.Action == "fail":
		r.failed++
		fmt.Fprint(out, output)
	}
}

// skipMessage returns the message of t.Skip in the output of a test.
func skipMessage(output string) string {
	for line := range strings.Lines(output) {
		if _, message, ok := strings.Cut(line, "_test.go:"); ok {
			if _, message, ok = strings.Cut(message, ": "); ok {
				return strings.TrimSpace(message)
			}
		}
	}
	return "no message"
}

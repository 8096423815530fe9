package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// report is what gremlins writes with --output about one package.
type report struct {
	Files []struct {
		Name    string   `json:"file_name"`
		Mutants []mutant `json:"mutations"`
	} `json:"files"`
}

// mutant is one change of the source, and the result of the tests with it.
type mutant struct {
	Type   string `json:"type"`
	Status string `json:"status"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
}

// The statuses that gremlins reports.
const (
	killed     = "KILLED"
	lived      = "LIVED"
	timedOut   = "TIMED OUT"
	notCovered = "NOT COVERED"
	notViable  = "NOT VIABLE"
)

// change is a changed line: file, text before and text after, without white space around them. It
// has no line number, so that it stays the same when lines move.
type change struct{ file, before, after string }

// result is what one run of gremlins found in a package.
type result struct {
	killed, lived, notCovered, timedOut int
	survivors                           []change // the mutants that lived or are not covered
}

// readResult reads a report about the package in folder.
func readResult(path, folder string) (result, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return result{}, err
	}
	var r report
	if err := json.Unmarshal(data, &r); err != nil {
		return result{}, fmt.Errorf("%s: %w", path, err)
	}
	var res result
	for _, f := range r.Files {
		source, err := os.ReadFile(filepath.Join(folder, f.Name))
		if err != nil {
			return result{}, err
		}
		lines := strings.Split(string(source), "\n")
		for _, m := range withoutTwins(f.Mutants) {
			if err := res.add(f.Name, lines, m); err != nil {
				return result{}, fmt.Errorf("%s: %s:%d:%d: %w", path, f.Name, m.Line, m.Column, err)
			}
		}
	}
	slices.SortFunc(res.survivors, compareChanges)
	return res, nil
}

// withoutTwins drops the second of two mutants that are the same change: a minus sign is both an
// arithmetic operator and the sign of a number.
func withoutTwins(mutants []mutant) []mutant {
	return slices.DeleteFunc(slices.Clone(mutants), func(m mutant) bool {
		return m.Type == "INVERT_NEGATIVES" && slices.ContainsFunc(mutants, func(o mutant) bool {
			return o.Type == "ARITHMETIC_BASE" && o.Line == m.Line && o.Column == m.Column
		})
	})
}

func (r *result) add(file string, lines []string, m mutant) error {
	switch m.Status {
	case killed:
		r.killed++
		return nil
	case timedOut:
		r.timedOut++
		return nil
	case notViable:
		return nil
	case lived:
		r.lived++
	case notCovered:
		r.notCovered++
	default:
		return fmt.Errorf("status %q is not known", m.Status)
	}
	if m.Line < 1 || m.Line > len(lines) {
		return fmt.Errorf("the file has %d lines: it is not the one that was measured", len(lines))
	}
	before := lines[m.Line-1]
	after, err := mutate(before, m.Column-1, m.Type)
	if err != nil {
		return err
	}
	r.survivors = append(r.survivors, change{file, strings.TrimSpace(before), strings.TrimSpace(after)})
	return nil
}

// mutate returns the line with the operator at the offset changed as gremlins does.
func mutate(line string, at int, kind string) (string, error) {
	if at < 0 || at > len(line) {
		return "", fmt.Errorf("the line has %d bytes: it is not the one that was measured", len(line))
	}
	for _, op := range operators()[kind] {
		if rest, ok := strings.CutPrefix(line[at:], op[0]); ok {
			return line[:at] + op[1] + rest, nil
		}
	}
	return "", fmt.Errorf("no operator of the mutation %q in %q", kind, line[at:])
}

// operators returns what each mutation makes of an operator. Longer operators come first.
func operators() map[string][][2]string {
	return map[string][][2]string{
		"ARITHMETIC_BASE":       {{"+", "-"}, {"-", "+"}, {"*", "/"}, {"/", "*"}, {"%", "*"}},
		"CONDITIONALS_BOUNDARY": {{"<=", "<"}, {">=", ">"}, {"<", "<="}, {">", ">="}},
		"CONDITIONALS_NEGATION": {{"==", "!="}, {"!=", "=="}, {"<=", ">"}, {">=", "<"}, {"<", ">="}, {">", "<="}},
		"INCREMENT_DECREMENT":   {{"++", "--"}, {"--", "++"}},
		"INVERT_LOGICAL":        {{"&&", "||"}, {"||", "&&"}},
		"INVERT_NEGATIVES":      {{"-", "+"}},
	}
}

func compareChanges(a, b change) int {
	return slices.Compare([]string{a.file, a.before, a.after}, []string{b.file, b.before, b.after})
}

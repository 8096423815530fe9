package main

import (
	_ "embed" // exceptions.txt
	"fmt"
	"regexp"
	"slices"
	"strings"
)

//go:embed exceptions.txt
var exceptionsFile string

// allTests in place of the name of a test is an exception for all tests of a package.
const allTests = "*"

// sometimes begins the reason for a test that passes in some runs and fails in others.
const sometimes = "sometimes: "

// An exception is a test that a platform cannot run.
type exception struct {
	platform string
	pkg      string // the folder in the module, with slashes
	test     string // TestName or TestName/subtest, or allTests
	reason   string
	line     int
}

func (e exception) String() string { return e.pkg + " " + e.test }

// parseExceptions reads lines of four fields: platform, package, test, reason. Only the reason may
// contain blanks. Empty lines and lines that begin with # are comments.
func parseExceptions(text string) ([]exception, error) {
	var list []exception
	seen := make(map[string]int)
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Fields(line)
		if len(fields) < 4 {
			return nil, fmt.Errorf("exceptions.txt:%d: %d fields, want platform, package, test and reason", i+1, len(fields))
		}
		key := strings.Join(fields[:3], " ")
		if first, ok := seen[key]; ok {
			return nil, fmt.Errorf("exceptions.txt:%d: the same exception as in line %d", i+1, first)
		}
		seen[key] = i + 1
		list = append(list, exception{fields[0], fields[1], fields[2], strings.Join(fields[3:], " "), i + 1})
	}
	return list, nil
}

// exceptionsOf returns the exceptions of a package on the platforms. all reports whether one is for
// all tests.
func exceptionsOf(list []exception, platforms []string, pkg string) (found []exception, all bool) {
	for _, e := range list {
		if slices.Contains(platforms, e.platform) && e.pkg == pkg {
			found = append(found, e)
			all = all || e.test == allTests
		}
	}
	return found, all
}

// pattern returns the argument of -run or -skip for exactly one test: each element of the name is
// quoted and anchored.
func pattern(test string) string {
	var elements []string
	for element := range strings.SplitSeq(test, "/") {
		elements = append(elements, "^"+regexp.QuoteMeta(element)+"$")
	}
	return strings.Join(elements, "/")
}

// skipPattern returns the argument of -skip for all exceptions.
func skipPattern(list []exception) string {
	var patterns []string
	for _, e := range list {
		patterns = append(patterns, pattern(e.test))
	}
	slices.Sort(patterns)
	return strings.Join(patterns, "|")
}

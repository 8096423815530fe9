package main

import (
	"fmt"
	"math"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// document returns the file with the results.
func document(command string, rounds int, lines []line) string {
	var b strings.Builder
	hits, misses := 0, 0
	for _, l := range lines {
		switch l.verdict {
		case met:
			hits++
		case missed:
			misses++
		case noGoal:
		}
	}
	fmt.Fprintf(&b, "# Comparison with the peers\n\nWritten by `%s`: %d goals met, %d missed.\n\n", strings.TrimSpace(command), hits, misses)
	fmt.Fprintf(&b, "%s, %s/%s, %d processors. Both sides of a line ran in the same process, in turns. A ratio is the median of the ratios of %d rounds, "+
		"and a time is the median of its side. Times are processor times of the whole process including garbage collection, except in the rows about waiting and the disk. "+
		"Allocations are exact. Lines with \"virtual\" ran in virtual time and are exact, too.\n\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0), rounds)
	b.WriteString(table(lines))
	return b.String()
}

// table returns the lines as a Markdown table.
func table(lines []line) string {
	var b strings.Builder
	b.WriteString("| work | peer | ours | ratio | goal | |\n|---|---|---|---|---|---|\n")
	for _, l := range lines {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", cell(l.work), cell(l.peer), cell(l.ours), cell(l.ratio), cell(l.goal), l.verdict)
	}
	return b.String()
}

// cell escapes a text for a cell.
func cell(s string) string {
	if s == "" {
		return "-"
	}
	return strings.ReplaceAll(strings.ReplaceAll(s, "|", `\|`), "\n", " ")
}

// span formats nanoseconds with three digits in a suitable unit.
func span(ns float64) string {
	for _, u := range []struct {
		size float64
		name string
	}{{1e9, "s"}, {1e6, "ms"}, {1e3, "us"}, {1, "ns"}} {
		if ns >= u.size {
			return digits(ns/u.size) + " " + u.name
		}
	}
	return digits(ns) + " ns"
}

func duration(d time.Duration) string { return span(float64(d)) }

// digits formats a number with three significant digits.
func digits(x float64) string {
	switch a := math.Abs(x); {
	case a >= 100:
		return group(int(math.Round(x)))
	case a >= 10:
		return strconv.FormatFloat(x, 'f', 1, 64)
	default:
		return strconv.FormatFloat(x, 'f', 2, 64)
	}
}

// group formats 1234567 as 1,234,567.
func group(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// ratioText formats a ratio with three decimals, so that it does not look like a goal that it misses.
// Small ratios have two significant digits.
func ratioText(r float64) string {
	switch {
	case r == 0:
		return "0"
	case r < 0.01:
		return strconv.FormatFloat(r, 'g', 2, 64)
	}
	return strconv.FormatFloat(r, 'f', 3, 64)
}

func allocText(n float64) string {
	if n == 1 {
		return "1 alloc"
	}
	return strconv.FormatFloat(n, 'f', -1, 64) + " allocs"
}

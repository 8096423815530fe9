package main

import (
	"fmt"
	"math"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// document is the file that is kept.
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
	fmt.Fprintf(&b, "# Measured beside the peers\n\n`%s` wrote this: %d goals met, %d missed.\n\n", strings.TrimSpace(command), hits, misses)
	fmt.Fprintf(&b, "%s, %s/%s, %d processors. Both sides of a line were measured in the same run, by turns; a ratio is the median of the ratios of %d rounds, "+
		"a time the median of its side: processor time of the whole process with its garbage collection, but for the rows about waiting and about the disk. "+
		"Allocations are exact. Lines that say \"virtual\" ran in virtual time and are exact too.\n\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0), rounds)
	b.WriteString(table(lines))
	return b.String()
}

// table is the Markdown table of the lines.
func table(lines []line) string {
	var b strings.Builder
	b.WriteString("| work | peer | ours | ratio | goal | |\n|---|---|---|---|---|---|\n")
	for _, l := range lines {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", cell(l.work), cell(l.peer), cell(l.ours), cell(l.ratio), cell(l.goal), l.verdict)
	}
	return b.String()
}

// cell makes a text fit into a cell.
func cell(s string) string {
	if s == "" {
		return "-"
	}
	return strings.ReplaceAll(strings.ReplaceAll(s, "|", `\|`), "\n", " ")
}

// span writes a duration with three digits, in the unit that fits.
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

// digits writes a number with three significant digits.
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

// group writes 1234567 as 1,234,567.
func group(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// ratioText writes a ratio with three decimals, so that it does not look like
// the goal that it misses; tiny ones keep their meaning.
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

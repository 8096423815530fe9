package main

import (
	"fmt"
	"io"
	"strings"
)

// A report prints the steps and their results.
type report struct {
	w    io.Writer
	step int
}

func (r *report) heading(text string) {
	r.step++
	fmt.Fprintf(r.w, "\n%d. %s\n", r.step, text)
}

func (r *report) line(name, format string, args ...any) {
	fmt.Fprintf(r.w, "   %-18s %s\n", name, fmt.Sprintf(format, args...))
}

func (r *report) note(text string) {
	fmt.Fprintf(r.w, "   %s\n", text)
}

func (r *report) block(text string) {
	for line := range strings.Lines(strings.TrimRight(text, "\n") + "\n") {
		fmt.Fprintf(r.w, "   | %s", line)
	}
}

package doctor

import (
	"fmt"
	"io"
	"runtime"
	"strings"

	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
	"github.com/onafed/onafed/cmd/onafed/internal/version"
)

// check is the result of one check.
type check struct {
	Name   string `json:"name"`
	State  state  `json:"state"`
	Detail string `json:"detail"`
	Fix    string `json:"fix,omitempty"`
}

type state string

const (
	stateOK      state = "ok"
	stateProblem state = "problem"
	stateNote    state = "note"
	stateSkipped state = "skipped"
)

func (e *examination) ok(name, format string, args ...any) {
	e.checks = append(e.checks, check{Name: name, State: stateOK, Detail: fmt.Sprintf(format, args...)})
}

func (e *examination) problem(name, detail, fix string) {
	e.checks = append(e.checks, check{Name: name, State: stateProblem, Detail: detail, Fix: fix})
}

func (e *examination) note(name, format string, args ...any) {
	e.checks = append(e.checks, check{Name: name, State: stateNote, Detail: fmt.Sprintf(format, args...)})
}

func (e *examination) skipped(name, reason string) {
	e.checks = append(e.checks, check{Name: name, State: stateSkipped, Detail: reason})
}

func (e *examination) hasProblem() bool {
	for _, c := range e.checks {
		if c.State == stateProblem {
			return true
		}
	}
	return false
}

// print prints the checks. Each text is one line, so that it cannot look like another check.
func (e *examination) print(t *terminal.Terminal) error {
	for i := range e.checks {
		c := &e.checks[i]
		c.Detail = terminal.EscapeString(terminal.WithoutHome(terminal.OneLine(c.Detail)))
		c.Fix = terminal.EscapeString(terminal.WithoutHome(terminal.OneLine(c.Fix)))
	}
	var text string
	switch {
	case e.command.JSON:
		return t.WriteJSON(e.checks)
	case e.command.Report:
		text = e.markdown()
	default:
		text = e.text(t)
	}
	_, err := io.WriteString(t.Out, text)
	return err
}

func (e *examination) text(t *terminal.Terminal) string {
	var b strings.Builder
	for _, c := range e.checks {
		style := map[state]terminal.Style{stateOK: terminal.Good, stateProblem: terminal.Bad, stateNote: terminal.Unsure}[c.State]
		column := 0
		if t.Marks {
			column = 2
			b.WriteString(t.Paint(style, t.Mark(style, "")) + " ")
		}
		b.WriteString(t.Paint(style, fmt.Sprintf("%-8s %-16s", c.State, c.Name)) + " " + c.Detail + "\n")
		if c.Fix != "" {
			fmt.Fprintf(&b, "%*s fix: %s\n", column+len("problem  credentials file"), "", c.Fix)
		}
	}
	return b.String()
}

func (e *examination) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "onafed doctor, %s, %s %s/%s\n\n| check | state | detail | fix |\n|---|---|---|---|\n",
		version.Number(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	for _, c := range e.checks {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", c.Name, c.State, cell(c.Detail), cell(c.Fix))
	}
	return b.String()
}

// cell escapes text for a cell of a Markdown table.
func cell(s string) string {
	return strings.NewReplacer(`\`, `\\`, "|", `\|`, "<", "&lt;", "`", "'", "*", `\*`, "_", `\_`, "[", `\[`).Replace(s)
}

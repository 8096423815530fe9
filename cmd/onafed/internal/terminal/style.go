package terminal

import (
	"os"
	"runtime"
)

// Style states how a line on a terminal is marked.
type Style int

// The styles. A line without a style is printed as it is.
const (
	Plain  Style = iota
	Good         // ✓, green
	Bad          // ✗, red
	Unsure       // !, yellow
)

// mark returns the mark of a style.
func (s Style) mark() string { return [...]string{" ", "✓", "✗", "!"}[s] }

// color returns the color of a style: a parameter of Select Graphic Rendition (ECMA-48, 8.3.117).
func (s Style) color() string { return [...]string{"", "32", "31", "33"}[s] }

// Mark returns the mark of a style, or plain if the output is not a terminal.
func (t *Terminal) Mark(s Style, plain string) string {
	if !t.Marks {
		return plain
	}
	return s.mark()
}

// Paint returns a text in the color of a style. Without colors it is unchanged. The text must be
// safe to print: see [Escape].
func (t *Terminal) Paint(s Style, text string) string {
	if !t.Color || s == Plain {
		return text
	}
	return "\x1b[" + s.color() + "m" + text + "\x1b[0m"
}

// isTerminal reports whether f is a terminal that shows marks and colors. The console of Windows
// does so in programs that set one of two variables.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	term := os.Getenv("TERM")
	switch {
	case err != nil || info.Mode()&os.ModeCharDevice == 0 || term == "dumb":
		return false
	case runtime.GOOS == "windows":
		return term+os.Getenv("WT_SESSION") != ""
	}
	return true
}

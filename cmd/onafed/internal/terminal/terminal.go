// Package terminal is what a command reads from and writes to: data goes to standard output, and
// messages go to standard error.
package terminal

import (
	"fmt"
	"io"
	"log/slog"
	"os"
)

// Terminal holds the three streams of a command.
type Terminal struct {
	In  io.Reader
	Out io.Writer // data
	Err io.Writer // messages

	// Marks reports whether Out is a terminal, and Color whether colors are wanted on it.
	Marks, Color bool

	inputIsRead bool // ReadFile has read In
}

// Standard returns the streams of this process. Control characters in messages are escaped.
// NO_COLOR turns colors off (no-color.org).
func Standard() *Terminal {
	marks := isTerminal(os.Stdout)
	return &Terminal{
		In: os.Stdin, Out: os.Stdout, Err: Escaping(os.Stderr),
		Marks: marks, Color: marks && os.Getenv("NO_COLOR") == "",
	}
}

// Say writes one line to standard error.
func (t *Terminal) Say(format string, args ...any) { fmt.Fprintf(t.Err, format+"\n", args...) }

// Warn writes one line to standard error that is marked as a warning.
func (t *Terminal) Warn(format string, args ...any) { t.Say("onafed: warning: "+format, args...) }

// Logger returns a logger that writes warnings to standard error, and everything if verbose is set.
func (t *Terminal) Logger(verbose bool) *slog.Logger {
	level := slog.LevelWarn
	if verbose {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(t.Err, &slog.HandlerOptions{Level: level}))
}

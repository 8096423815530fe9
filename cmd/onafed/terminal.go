package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// terminal is what a command reads from and writes to.
type terminal struct {
	in  io.Reader
	out io.Writer // data
	err io.Writer // messages
}

func (t *terminal) say(format string, args ...any) { fmt.Fprintf(t.err, format+"\n", args...) }

// logger writes warnings to standard error, and everything with --verbose.
func logger(t *terminal, verbose bool) *slog.Logger {
	level := slog.LevelWarn
	if verbose {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(t.err, &slog.HandlerOptions{Level: level}))
}

// escaping is a writer of messages. The packages quote what others wrote; this holds for what they did not write, too.
type escaping struct{ io.Writer }

// Write implements io.Writer.
func (e escaping) Write(p []byte) (int, error) {
	if _, err := e.Writer.Write(escapeControls(p)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// escapeControls replaces what acts on a terminal or changes how other text is shown - control, format and bidirectional characters,
// bytes that are not UTF-8 - by escapes, all but newlines and tabs. In JSON such characters stand in strings only, where an escape means
// the same.
func escapeControls(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		switch {
		case r == utf8.RuneError && n == 1:
			out = fmt.Appendf(out, `\x%02x`, text[0])
		case r == '\n' || r == '\t' || strconv.IsPrint(r):
			out = append(out, text[:n]...)
		case r > 0xffff: // as JSON has it: a surrogate pair
			r -= 0x10000
			out = fmt.Appendf(out, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		text = text[n:]
	}
	return out
}

// withoutHome writes the user's home folder as ~ wherever a path in a text begins with it: it has a person's name.
func withoutHome(text string) string {
	home, err := os.UserHomeDir()
	if err != nil {
		return text
	}
	home = filepath.Clean(home)
	if len(home) < 2 { // of "/", everything would be
		return text
	}
	home += string(os.PathSeparator)
	var b strings.Builder
	for {
		at := strings.Index(text, home)
		if at < 0 {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(text[:at])
		if before, _ := utf8.DecodeLastRuneInString(text[:at]); at > 0 && (unicode.IsLetter(before) || unicode.IsDigit(before) || strings.ContainsRune("/\\._-", before)) {
			b.WriteString(home) // within another path
		} else {
			b.WriteString("~" + string(os.PathSeparator))
		}
		text = text[at+len(home):]
	}
}

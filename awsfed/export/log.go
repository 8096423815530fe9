package export

import (
	"cmp"
	"fmt"
	"io"
	"log/slog"
)

// loggerOf returns the logger of an option. Nil means silence.
func loggerOf(l *slog.Logger) *slog.Logger {
	return cmp.Or(l, slog.New(slog.DiscardHandler))
}

// redact writes the text that a value with a secret shows for every verb and flag. The caller must
// protect a field that it reads itself or passes to encoding/json.
func redact(s fmt.State, shown string) {
	_, _ = io.WriteString(s, shown) // fmt's State keeps the text in memory and does not fail
}

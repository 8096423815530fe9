package program

import (
	"os"
	"strings"
	"testing"
)

// Block returns the first code block of a page, in a language, that contains a text. A test that uses
// it runs what the page shows.
func Block(tb testing.TB, page, language, text string) string {
	tb.Helper()
	content, err := os.ReadFile(page)
	if err != nil {
		tb.Fatal(err)
	}
	for part := range strings.SplitSeq(string(content), "\n```"+language+"\n") {
		if block, _, ok := strings.Cut(part, "\n```"); ok && strings.Contains(block, text) {
			return block + "\n"
		}
	}
	tb.Fatalf("%s has no %s block with %q", page, language, text)
	return ""
}

// Commands returns the commands of a console block, without the prompts and the output.
func Commands(block string) string {
	var commands strings.Builder
	more := false
	for line := range strings.Lines(block) {
		command, ok := strings.CutPrefix(line, "$ ")
		if !ok && !more {
			continue
		}
		commands.WriteString(command)
		more = strings.HasSuffix(strings.TrimSpace(command), `\`)
	}
	return commands.String()
}

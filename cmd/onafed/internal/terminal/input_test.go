package terminal_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
)

// A file and standard input in UTF-16 or with a byte order mark, as PowerShell 5 writes them, are
// refused with the name of the encoding and what to do.
func TestReadFileNamesTheEncoding(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"\xff\xfe{\x00}\x00\r\x00\n\x00": "UTF-16 (little endian), want UTF-8; in Windows PowerShell 5",
		"\ufeff{}\r\n":                   "byte order mark: write it without one; in Windows PowerShell 5",
	} {
		path := filepath.Join(t.TempDir(), "policy.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{path, "-"} {
			term := &terminal.Terminal{In: strings.NewReader(text)}
			got, err := term.ReadFile(path)
			if err == nil || got != "" || !strings.Contains(err.Error(), want) {
				t.Errorf("ReadFile(%q) = %q, %v, want %q", path, got, err, want)
			}
		}
	}
}

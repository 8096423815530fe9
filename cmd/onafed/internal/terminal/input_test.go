package terminal_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
)

// A file and standard input in UTF-16, as PowerShell 5 writes it, are refused with the name of the
// encoding and what to do.
func TestReadFileNamesTheEncoding(t *testing.T) {
	t.Parallel()
	const text = "\xff\xfe{\x00}\x00\r\x00\n\x00"
	path := filepath.Join(t.TempDir(), "policy.json")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{path, "-"} {
		term := &terminal.Terminal{In: strings.NewReader(text)}
		got, err := term.ReadFile(path)
		if err == nil || got != "" || !strings.Contains(err.Error(), "UTF-16 (little endian), want UTF-8; in Windows PowerShell 5") {
			t.Errorf("ReadFile(%q) = %q, %v", path, got, err)
		}
	}
}

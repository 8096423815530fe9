package textfile_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/onafed/onafed/internal/textfile"
)

func TestReadStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("12345"), 0o600); err != nil {
		t.Fatal(err)
	}
	for limit, want := range map[int]string{0: "", 4: "1234", 5: "12345", 6: "12345"} {
		got, err := textfile.ReadStart(file, limit)
		if string(got) != want || err != nil {
			t.Errorf("ReadStart(file, %d) = %q, %v, want %q", limit, got, err, want)
		}
	}
	for path, want := range map[string]string{
		dir:                           "want a regular file, got a directory",
		os.DevNull:                    "want a regular file, got a device",
		filepath.Join(dir, "missing"): "missing",
	} {
		if got, err := textfile.ReadStart(path, 5); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ReadStart(%q) = %q, %v, want an error with %q", path, got, err, want)
		}
	}
}

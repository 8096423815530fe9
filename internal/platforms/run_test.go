package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestRunPlatform runs the tests of a small module, with exceptions that are needed and exceptions
// that are out of date.
func TestRunPlatform(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("GOFLAGS", "")
	t.Setenv("GOWORK", "off")
	writeModule(t)
	exceptions := []exception{
		{"name", "listed", "TestFails", "reason", 1},
		{"name", "listed", "TestParts/fails", "reason", 2},
		{"name", "listed", "TestPasses", "reason", 3},
		{"name", "listed", "TestRemoved", "reason", 4},
		{"name", "listed", "TestSkips", "reason", 5},
		{"name", "listed", "TestSometimes", "sometimes: reason", 8},
		{"name", "listed", "TestSometimesRemoved", "sometimes: reason", 9},
		{"name", "none", "*", "reason", 6},
		{"other", "plain", "TestPlain", "reason", 7},
	}
	var out bytes.Buffer
	got := runPlatform(t.Context(), platform{name: "name"}, []string{"./..."}, exceptions, &out)
	want := []string{
		"exceptions.txt:3: listed TestPasses passes; remove the line",
		"exceptions.txt:4: listed TestRemoved does not exist; remove the line",
		"exceptions.txt:5: listed TestSkips skips itself; remove the line",
		"exceptions.txt:9: listed TestSometimesRemoved does not exist; remove the line",
	}
	if diff := cmp.Diff(want, got.problems); diff != "" {
		t.Errorf("problems: -want +got:\n%s", diff)
	}
	// TestParts without its listed part, and TestPlain.
	if got.packages != 2 || got.passed != 2 || got.failed != 0 || len(got.skipped) != 0 || got.exceptions != 8 {
		t.Errorf("%d packages, %d passed, %d failed, skipped %q, %d exceptions, want 2, 2, 0, none, 8",
			got.packages, got.passed, got.failed, got.skipped, got.exceptions)
	}

	got = runPlatform(t.Context(), platform{name: "name"}, []string{"./listed"}, nil, &out)
	if got.ok() || got.passed != 2 || got.failed != 2 || len(got.skipped) != 1 {
		t.Errorf("without exceptions: %d passed, %d failed, skipped %q, want 2, 2, 1", got.passed, got.failed, got.skipped)
	}
	if !strings.Contains(out.String(), "it cannot work") {
		t.Errorf("printed %q, want the output of the failed test", &out)
	}
}

func TestRunPlatformLeavesOutWhatIsNotInstalled(t *testing.T) {
	p := platform{name: "name", needs: []string{"onafed-has-no-such-program"}}
	for value, ok := range map[string]bool{"": true, "required": false} {
		t.Setenv("ONAFED_INTEROP", value)
		got := runPlatform(t.Context(), p, nil, nil, new(bytes.Buffer))
		if !strings.Contains(got.leftOut, "not installed: onafed-has-no-such-program") || got.ok() != ok {
			t.Errorf("ONAFED_INTEROP=%q: left out %q, ok %t, want ok %t", value, got.leftOut, got.ok(), ok)
		}
	}
}

func writeModule(t *testing.T) {
	t.Helper()
	files := map[string]string{
		"go.mod":              "module example.com/m\n\ngo 1.24\n",
		"listed/list_test.go": listedTests,
		"plain/p_test.go":     "package plain\n\nimport \"testing\"\n\nfunc TestPlain(t *testing.T) {}\n",
		"none/n_test.go":      "package none\n\nimport \"testing\"\n\nfunc TestNone(t *testing.T) { t.Error() }\n",
		"empty/e.go":          "package empty\n",
	}
	for name, text := range files {
		if dir, _, ok := strings.Cut(name, "/"); ok {
			if err := os.MkdirAll(dir, 0o700); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

const listedTests = `package listed

import "testing"

func TestFails(t *testing.T)  { t.Error("it cannot work") }
func TestPasses(t *testing.T) {}
func TestSkips(t *testing.T)  { t.Skip("no disk") }
func TestSometimes(t *testing.T) {}
func TestParts(t *testing.T) {
	t.Run("passes", func(t *testing.T) {})
	t.Run("fails", func(t *testing.T) { t.Error() })
}
`

func TestStartsPrograms(t *testing.T) {
	for target, want := range map[string]bool{"": true, "GOOS=js": false} {
		env := append(os.Environ(), "GOFLAGS=", target)
		if target != "" {
			env = append(env, "GOARCH=wasm")
		}
		if got, err := startsPrograms(t.Context(), t.TempDir(), env); got != want || err != nil {
			t.Errorf("startsPrograms(%q) = %t, %v, want %t", target, got, err, want)
		}
	}
}

package source_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/onafed/onafed/cmd/onafed/internal/source"
)

// outputs are two outputs and an input of a command.
type outputs struct {
	out, env, input string
	want            string // a part of the error; empty for none
}

// inFiles changes to a new folder with the files that the tables name, and returns it.
func inFiles(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	t.Chdir(dir)
	for _, name := range []string{"token", "policy", "folder/old"} {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func checkOutputs(t *testing.T, table map[string]outputs) {
	t.Helper()
	for rule, tt := range table {
		err := source.CheckOutputs([]source.File{{Name: "--out", Path: tt.out}, {Name: "--env", Path: tt.env}},
			source.File{Name: "--token-file", Path: tt.input}, source.File{Name: "--policy-file", Path: "policy"})
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: CheckOutputs() = %v, want %q", rule, err, tt.want)
		}
	}
}

// A command must not replace a file that it reads, whatever path names it.
func TestCheckOutputs(t *testing.T) {
	dir := inFiles(t)
	checkOutputs(t, map[string]outputs{
		"two new outputs":                      {"new", "env", "token", ""},
		"no output":                            {"", "", "token", ""},
		"no input":                             {"token", "", "", ""},
		"the input":                            {"token", "", "token", `--out and --token-file are both "token"`},
		"the input by an absolute path":        {filepath.Join(dir, "token"), "", "token", "--out and --token-file"},
		"the input with a longer path":         {"token", "", "folder/../token", "--out and --token-file"},
		"the input in the second output":       {"new", "./token", "token", "--env and --token-file"},
		"two outputs that do not exist":        {"new", "folder/../new", "token", `--out and --env are both "new": name two files`},
		"an input that does not exist":         {"new", "", "./new", "--out and --token-file"},
		"another input that does not exist":    {"token", "", "new", ""},
		"outputs in folders that do not exist": {"a/new", "./a/new", "token", "--out and --env"},
	})
}

func TestCheckOutputsThroughLinks(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("on Windows links need a privilege")
	}
	inFiles(t)
	for name, target := range map[string]string{"link": "token", "same": "folder"} {
		if err := os.Symlink(target, name); err != nil {
			t.Fatal(err)
		}
	}
	checkOutputs(t, map[string]outputs{
		"the target of the input":        {"token", "", "link", "--out and --token-file"},
		"a link, which is refused later": {"link", "", "token", ""},
		"the input in a linked folder":   {"folder/old", "", "same/old", "--out and --token-file"},
		"two outputs in a linked folder": {"folder/new", "same/new", "token", "--out and --env"},
	})
}

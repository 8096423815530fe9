package repocheck_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/idptest"
)

// TestReadmeShowsTheProviderFirst requires the first Go snippet, with the provider in use, within
// the first 40 lines of README.md.
func TestReadmeShowsTheProviderFirst(t *testing.T) {
	lines := strings.SplitAfterN(readFile(t, "README.md"), "\n", 41)
	first := strings.Join(lines[:min(40, len(lines))], "")
	for _, want := range []string{"```go\npackage main", "awsfed.LoadConfig(", "NewFromConfig(cfg)"} {
		if !strings.Contains(first, want) {
			t.Errorf("the first 40 lines of README.md do not contain %q", want)
		}
	}
}

// TestReadmeSnippetsWorkAsPasted compiles each Go snippet of README.md in a module that requires
// this one. It runs the snippet that is a test and the program that reads a token.
func TestReadmeSnippetsWorkAsPasted(t *testing.T) {
	token, err := idptest.NewIssuer(t, nil).TokenSource(idp.AudienceAWS).Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	snippets := readDocument(readFile(t, "README.md")).code("go")
	ran := 0
	for i, s := range snippets {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			isTest := strings.Contains(s, "testing.T")
			dir := userModule(t, s, isTest)
			goCommand(t, dir, "", "vet", ".")
			switch {
			case isTest:
				goCommand(t, dir, "", "test", ".")
				ran++
			case strings.Contains(s, "claims.ParseUnverified"):
				out := goCommand(t, dir, token.Raw(), "run", ".")
				if want := idptest.ProjectID; !strings.Contains(out, want) {
					t.Errorf("the program that reads a token prints %q, want it to contain %q", out, want)
				}
				ran++
			}
		})
	}
	if len(snippets) < 3 || ran < 2 {
		t.Errorf("README.md has %d Go snippets and %d of them ran, want at least 3 and 2", len(snippets), ran)
	}
}

// userModule returns the folder of a new module that requires this one and has one file.
func userModule(t *testing.T, text string, isTest bool) string {
	t.Helper()
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	name := "main.go"
	if isTest {
		name = "deploy_test.go"
	}
	mod := strings.Replace(readFile(t, "go.mod"), "module "+module, "module example.com/deploy", 1) +
		"\nrequire " + module + " v0.0.0\n\nreplace " + module + " => " + strconv.Quote(root) + "\n"
	dir := t.TempDir()
	for file, data := range map[string]string{name: text, "go.mod": mod, "go.sum": readFile(t, "go.sum")} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// goCommand runs the go command in dir and returns its standard output.
func goCommand(t *testing.T, dir, stdin string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off")
	var stderr strings.Builder
	cmd.Dir, cmd.Stdin, cmd.Stderr = dir, strings.NewReader(stdin), &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go %s: %v\n%s%s", args[0], err, out, stderr.String())
	}
	return string(out)
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/onafed/onafed/cmd/onafed/internal/source"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
)

// TestEmptyFlagsAreRefused gives every flag of every command an empty value. It is refused, also
// where a variable of the environment would be used without the flag.
func TestEmptyFlagsAreRefused(t *testing.T) {
	t.Setenv("AWS_ROLE_ARN", testRole)
	for _, file := range []string{"", "token"} {
		t.Run("ONAFED_TOKEN_FILE="+file, func(t *testing.T) {
			t.Setenv(source.TokenFileVariable, file)
			testEmptyFlags(t)
		})
	}
}

func testEmptyFlags(t *testing.T) {
	t.Helper()
	parser, err := newParser(terminal.Standard())
	if err != nil {
		t.Fatal(err)
	}
	needed := map[string][]string{ // other required arguments
		"idp token":             {"--audience", "a", "--output", "f"},
		"aws explain":           {"--policy", "f"},
		"aws lint":              {"f"},
		"aws migrate":           {"f"},
		"aws eks-token":         {"--cluster", "a"},
		"aws docker-credential": {"get"},
		"aws rds-token":         {"--host", "a", "--port", "1", "--user", "a"},
		"aws trust-policy":      {"--account", "123456789012"},
	}
	for _, leaf := range parser.Model.Leaves(true) {
		name := strings.TrimPrefix(leaf.FullPath(), parser.Model.Name+" ")
		for _, flag := range leaf.Flags {
			if flag.IsBool() {
				continue
			}
			var out, messages bytes.Buffer
			args := append(strings.Fields(name), needed[name]...)
			switch flag.Name { // flags that need or exclude others
			case "organization":
				if name == "idp token" {
					args = append(args, "--verify")
				}
			case "role":
				args = strings.Fields(name)
			}
			args, want := append(args, "--"+flag.Name+"="), 2
			if name == "aws exec" { // every other status can be that of its command
				args, want = append(args, "--", "true"), 125
			}
			code := run(t.Context(), args, &terminal.Terminal{In: strings.NewReader(""), Out: &out, Err: &messages})
			if code != want || !strings.Contains(messages.String(), "--"+flag.Name) || out.Len() > 0 {
				t.Errorf("onafed %s: status %d, output %q, messages %q; want %d and the flag's name", strings.Join(args, " "), code, &out, &messages, want)
			}
		}
	}
}

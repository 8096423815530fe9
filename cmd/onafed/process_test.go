package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/onafed/onafed/cmd/onafed/internal/credentials"
	"github.com/onafed/onafed/cmd/onafed/internal/role"
	"github.com/onafed/onafed/cmd/onafed/internal/source"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
)

// processArguments are arguments of "aws credential-process", one in a line, and whether they have
// the plain form that needs no parser.
var processArguments = []struct {
	args  string
	plain bool
}{
	{"--role-arn\n" + testRole, true},
	{"--role-arn=" + testRole, true},
	{"", true}, // the role is that of AWS_ROLE_ARN
	{"--role-arn\n" + testRole + "\n--audience\na b\n--role-session-name\nci\n--duration-seconds\n900\n--region\neu-central-1\n--token-file\n/run/a b", true},
	{"--token-env\nA", true},
	{"--token-command\ncat /run/token", true},
	{"--api-token-file\n/run/key\n--api-url\nhttps://example.com/api", true},
	{"--api-token-env\nKEY\n--no-cache\n--allow-exec", true},
	{"--audience=a=b", true},
	{"--trusted-owner\n65534", true},
	{"--policy-file\n/run/missing.json", true}, // it is read later
	{"--policy-arn\narn:aws:iam::aws:policy/ReadOnlyAccess\n--policy-arn=arn:aws:iam::123456789012:policy/a,b", true},

	{"--next-role\n" + nextRole + "\n--next-role=" + nextRole + ",external-id=a,,b,tag=a=b,policy-file=/run/missing.json", true},

	{"--verbose", false},
	{"-v", false},
	{"--help", false},
	{"--no-cache=false", false},
	{"--no-cache\n--no-cache", false},
	{"--audience", false},
	{"--audience\n", false},
	{"--audience=", false},
	{"--audience\n--no-cache", false},
	{"--audience\na\n--audience\nb", false},
	{"--duration-seconds\n0", false},
	{"--duration-seconds\n1h", false},
	{"--duration-seconds\n99999", false},
	{"--token-file\na\n--token-env\nB", false},
	{"--token-env\na b", false},
	{"--api-url\nhttp://example.com", false},
	{"--role-arn\nnonsense", false},
	{"--policy-arn\nReadOnlyAccess", false},
	{"--policy-arn=", false},
	{"--policy-file\na\n--policy-file\nb", false},
	{"--token-command\n\x80", false}, // the parser replaces what is not UTF-8
	{"--next-role\nnonsense", false},
	{"--next-role=", false},
	{"--next-role\n" + nextRole + ",b", false},
	{"--next-role\n" + nextRole + "\n--policy-file\n/run/missing.json", false},
	{"--unknown\na", false},
	{"word", false},
	{"--\nword", false},
}

// TestParseProcess checks which arguments have the plain form.
func TestParseProcess(t *testing.T) {
	t.Setenv("AWS_ROLE_ARN", testRole)
	for _, tt := range processArguments {
		if _, plain := credentials.ParseProcess(lines(tt.args)); plain != tt.plain {
			t.Errorf("ParseProcess(%q) = %t, want %t", lines(tt.args), plain, tt.plain)
		}
		checkParseProcess(t, lines(tt.args))
	}
}

// FuzzParseProcess checks that arguments in the plain form mean the same to the parser.
func FuzzParseProcess(f *testing.F) {
	f.Setenv("AWS_ROLE_ARN", testRole)
	for _, tt := range processArguments {
		f.Add(tt.args)
	}
	f.Fuzz(func(t *testing.T, args string) { checkParseProcess(t, lines(args)) })
}

func checkParseProcess(t *testing.T, args []string) {
	t.Helper()
	got, plain := credentials.ParseProcess(args)
	if !plain {
		return
	}
	parser, err := newParser(&terminal.Terminal{Out: new(bytes.Buffer), Err: new(bytes.Buffer)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(append([]string{"aws", "credential-process"}, args...)); err != nil {
		t.Fatalf("ParseProcess(%q) succeeds, and the parser fails with %v", args, err)
	}
	want := &parser.Model.Target.Addr().Interface().(*commandLine).AWS.CredentialProcess
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(role.Flags{}, source.Flags{})); diff != "" {
		t.Errorf("ParseProcess(%q) differs from the parser (-parser +got):\n%s", args, diff)
	}
}

func lines(args string) []string {
	if args == "" {
		return nil
	}
	return strings.Split(args, "\n")
}

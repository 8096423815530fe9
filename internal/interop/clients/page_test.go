package clients_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/onafed/onafed/internal/interop/program"
)

// recentAWS is an AWS CLI that knows AWS_ENDPOINT_URL.
const recentAWS = "../aws-cli/awscli/aws"

// A pageCommand is a command line for a shell, with its output and its error with an expired session.
type pageCommand struct{ line, want, expired string }

// pageCommands returns the command of Ona's page about AWS, word for word, and those for the other
// services of onafed dev.
func pageCommands() []pageCommand {
	return []pageCommand{
		{
			"aws secretsmanager get-secret-value --secret-id database_connection_string --region us-east-1 | jq .SecretString",
			`"postgres://dev:onafed@127.0.0.1:5432/dev"` + "\n", "(ExpiredTokenException) when calling the GetSecretValue operation",
		},
		{"aws s3 ls | cut -d' ' -f3", "onafed-dev\n", "(ExpiredToken) when calling the ListBuckets operation"},
		{"aws ec2 describe-instances | jq -r '.Reservations[].Instances[].InstanceId'", "i-0123456789abcdef0\n", "(RequestExpired) when calling the DescribeInstances operation"},
		{
			"aws sts get-caller-identity | jq -r .Arn",
			"arn:aws:sts::123456789012:assumed-role/dev/env-019527e4-75d5-704d-a5a4-a2b52cf56196\n", "(ExpiredToken) when calling the GetCallerIdentity operation",
		},
	}
}

// printed returns the variables that onafed dev printed, without those in comments.
func printed(lines *program.Buffer) (variables []string) {
	for line := range strings.Lines(lines.String()) {
		if !strings.HasPrefix(line, "#") {
			variables = append(variables, strings.TrimSpace(line))
		}
	}
	return variables
}

// A shell runs command lines with the aws, onafed and jq of the test.
type shell struct {
	world *world
	home  string
	env   []string
}

func (w *world) shell(t *testing.T, env ...string) *shell {
	t.Helper()
	program.Need(t, recentAWS, python, "jq")
	cli, err := filepath.Abs(recentAWS)
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "aws"), []byte("#!/bin/sh\nexec "+python+" '"+cli+"' \"$@\"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(w.Onafed, filepath.Join(bin, "onafed")); err != nil {
		t.Fatal(err)
	}
	// A copy: shells of parallel tests share the variables.
	return &shell{w, t.TempDir(), slices.Concat(env, []string{"PATH=" + bin + ":" + os.Getenv("PATH")})}
}

// run runs a command line and returns its output and its messages.
func (s *shell) run(t *testing.T, line string) (out, messages string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", line)
	cmd.Env = s.world.environment(s.home, s.env...)
	var problems strings.Builder
	cmd.Stderr = &problems
	text, err := cmd.Output()
	if err != nil && !strings.Contains(problems.String(), "An error occurred") {
		t.Errorf("%s: %v: %s", line, err, program.Tail(problems.String()))
	}
	s.world.secrets.said(line, problems.String())
	return string(text), problems.String()
}

// check runs commands and compares their output.
func (s *shell) check(t *testing.T, commands []pageCommand) {
	t.Helper()
	for _, c := range commands {
		if out, messages := s.run(t, c.line); out != c.want {
			t.Errorf("%s\nprints %q, want %q\n%s", c.line, out, c.want, program.Tail(messages))
		}
	}
}

// TestPageOfOna runs the commands of Ona's page about AWS against onafed dev, in both modes of the
// login. The AWS CLI gets only the URL of all services. Its credentials come from the login.
func TestPageOfOna(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, lines, said := w.startDev(t, t.TempDir())
	variables := printed(lines)
	t.Run("with", func(t *testing.T) {
		for _, mode := range []string{"file", "process"} {
			t.Run("login mode "+mode, func(t *testing.T) {
				t.Parallel()
				named := func(name string) string {
					return variables[slices.IndexFunc(variables, func(v string) bool { return strings.HasPrefix(v, name+"=") })]
				}
				s := w.shell(t, named("AWS_ENDPOINT_URL"), named("ONAFED_TOKEN_FILE"))
				s.run(t, "onafed idp login aws --mode "+mode+" --role-arn arn:aws:iam::123456789012:role/dev")
				s.env = append(s.env, "ONAFED_TOKEN_FILE=")
				s.check(t, pageCommands())
			})
		}
		t.Run("all variables and no login", func(t *testing.T) {
			t.Parallel()
			w.shell(t, variables...).check(t, pageCommands()[:1])
		})
		t.Run("expired session", func(t *testing.T) {
			t.Parallel()
			testExpiredSession(t, w)
		})
		t.Run("mistakes", func(t *testing.T) {
			t.Parallel()
			testMistakes(t, w.shell(t, variables...))
		})
	})
	w.secrets.said("onafed dev", said.String())
	w.secrets.check(t)
	if refused := w.Net.Refused(); len(refused) > 0 {
		t.Errorf("a program tried to reach %q", refused)
	}
}

// After the end of a session each service refuses it with its own error.
func testExpiredSession(t *testing.T, w *world) {
	t.Helper()
	dev, lines, said := w.startDev(t, t.TempDir(), "--ttl", "1s")
	s := w.shell(t, printed(lines)...)
	s.run(t, "onafed idp login aws --role-arn arn:aws:iam::123456789012:role/dev")
	first := pageCommands()[0]
	expired := func() bool {
		_, messages := s.run(t, first.line)
		return strings.Contains(messages, first.expired)
	}
	wait(t, expired, said.String, dev.Done())
	for _, c := range pageCommands() {
		if out, messages := s.run(t, c.line); !strings.Contains(messages, c.expired) {
			t.Errorf("%s\nprints %q and %q, want %s", c.line, out, program.Tail(messages), c.expired)
		}
	}
}

// Other mistakes have the errors of each service, too.
func testMistakes(t *testing.T, s *shell) {
	t.Helper()
	check := func(line, want string) {
		t.Helper()
		if out, messages := s.run(t, line); !strings.Contains(messages, want) {
			t.Errorf("%s\nprints %q and %q, want %s", line, out, program.Tail(messages), want)
		}
	}
	check("aws secretsmanager get-secret-value --secret-id other", "(ResourceNotFoundException)")
	check("aws secretsmanager list-secrets", "(UnknownOperationException)")
	check("aws s3 ls s3://onafed-dev", "(NotImplemented)")
	check("aws --no-sign-request s3 ls", "(AccessDenied)")
	check("aws --no-sign-request ec2 describe-instances", "(MissingAuthenticationToken)")
	check("aws --no-sign-request secretsmanager get-secret-value --secret-id x", "(MissingAuthenticationTokenException)")
	s.env = append(s.env, "AWS_ACCESS_KEY_ID=AKIA0", "AWS_SECRET_ACCESS_KEY=x")
	check("aws secretsmanager list-secrets", "(UnrecognizedClientException)")
}

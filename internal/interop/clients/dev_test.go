package clients_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/onafed/onafed/internal/interop/program"
)

// TestDev does what the help of "onafed dev" says: start it, take the lines that it prints into the environment, use any client. Then
// it is interrupted.
func TestDev(t *testing.T) {
	if testing.Short() {
		t.Skip("it waits for credentials to expire")
	}
	t.Parallel()
	w := newWorld(t) // for its net, which is where a client ends that does not keep to the lines
	cmd := exec.Command(w.Onafed, "dev", "--ttl", session.String(), "--verbose")
	folder := t.TempDir()
	cmd.Env = append(w.environment(folder), "TMPDIR="+folder)
	var lines, said program.Buffer
	cmd.Stdout, cmd.Stderr = &lines, &said
	dev, err := program.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dev.Stop() })
	// Lines and messages come through pipes of their own, in any order; the lines are one write, which ends in this one.
	ready := func() bool {
		_, last, ok := strings.Cut(lines.String(), "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=")
		return ok && strings.HasSuffix(last, "\n") && strings.Contains(said.String(), "ctrl-C")
	}
	wait(t, ready, said.String, dev.Done())

	// The lines as they are make SDKs exchange the token file; those that are comments name the container endpoint.
	web, endpoint := []string{}, []string{}
	stsURL := ""
	for line := range strings.Lines(lines.String()) {
		line = strings.TrimSpace(line)
		if url, ok := strings.CutPrefix(line, "AWS_ENDPOINT_URL_STS="); ok {
			stsURL = url
		}
		switch text, comment := strings.CutPrefix(line, "# "); {
		case comment:
			endpoint = append(endpoint, text)
		case strings.HasPrefix(line, "AWS_ROLE_ARN=") || strings.HasPrefix(line, "AWS_WEB_IDENTITY_TOKEN_FILE="):
			web = append(web, line)
		default:
			web, endpoint = append(web, line), append(endpoint, line)
		}
		if path, ok := strings.CutPrefix(line, "# AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE="); ok {
			token, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			w.secrets.add(string(token))
			endpoint = append(endpoint, "AWS_CONTAINER_AUTHORIZATION_TOKEN="+string(token)) // for those that do not read the file
		}
	}
	const role = "arn:aws:iam::123456789012:role/dev"
	t.Run("with", func(t *testing.T) {
		for _, c := range allClients(t) {
			c.env = nil // the lines say all that is needed
			t.Run(c.name+" container endpoint", func(t *testing.T) {
				t.Parallel()
				program.Need(t, c.needs...)
				calls, pause := through(c)
				if c.name == "aws-cli" {
					// 2.9 knows no variable for the endpoint.
					command := c.command
					c.command = func(t *testing.T, ctx context.Context) *exec.Cmd {
						t.Helper()
						cmd := command(t, ctx)
						cmd.Args = append(cmd.Args, "--endpoint-url", stsURL)
						return cmd
					}
				}
				fine(t, c, w.run(t, c, t.TempDir(), calls, pause, append(endpoint, "STS_URL="+stsURL)...), role)
			})
			if c.oneCall || c.name == "boto3" {
				continue // they exchange tokens at AWS's own address only
			}
			t.Run(c.name+" token file", func(t *testing.T) {
				t.Parallel()
				program.Need(t, c.needs...)
				calls, pause := through(c)
				fine(t, c, w.run(t, c, t.TempDir(), calls, pause, web...), role)
			})
		}
	})

	syscall.Kill(dev.PID(), syscall.SIGINT)
	select {
	case <-dev.Done():
	case <-time.After(10 * time.Second):
		t.Fatal("an interrupt did not end it")
	}
	if left, _ := filepath.Glob(filepath.Join(folder, "onafed-dev-*")); len(left) > 0 {
		t.Errorf("it left %q behind", left)
	}
	w.secrets.said("onafed dev", said.String())
	w.secrets.check(t)
	if refused := w.Net.Refused(); len(refused) > 0 {
		t.Errorf("somebody wanted to reach %q", refused)
	}
	t.Logf("dev answered %d times", strings.Count(said.String(), ": ok"))
}

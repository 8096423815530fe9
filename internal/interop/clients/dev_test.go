package clients_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/onafed/onafed/internal/interop/program"
)

// TestDev follows the help of "onafed dev": it starts the command, puts the printed lines into the
// environment and runs each client. Then it interrupts the command.
func TestDev(t *testing.T) {
	if testing.Short() {
		t.Skip("this test waits until credentials expire")
	}
	t.Parallel()
	w := newWorld(t) // for its network, which refuses a client that ignores the lines
	folder := t.TempDir()
	dev, lines, said := w.startDev(t, folder, "--ttl", session.String())
	web, endpoint, url := w.devVariables(t, lines.String())
	const role = "arn:aws:iam::123456789012:role/dev"
	t.Run("with", func(t *testing.T) {
		for _, c := range allClients(t) {
			c.env = nil // the lines must be enough
			t.Run(c.name+" container endpoint", func(t *testing.T) {
				t.Parallel()
				program.Need(t, c.needs...)
				calls, pause := schedule(c)
				if c.name == "aws-cli" {
					c = withEndpoint(c, url)
				}
				checkAnswers(t, c, w.run(t, c, t.TempDir(), calls, pause, append(endpoint, "STS_URL="+url)...), role)
			})
			if c.oneCall || c.name == "boto3" {
				continue // they exchange tokens only at the address of AWS
			}
			t.Run(c.name+" token file", func(t *testing.T) {
				t.Parallel()
				program.Need(t, c.needs...)
				calls, pause := schedule(c)
				checkAnswers(t, c, w.run(t, c, t.TempDir(), calls, pause, web...), role)
			})
		}
	})

	syscall.Kill(dev.PID(), syscall.SIGINT)
	select {
	case <-dev.Done():
	case <-time.After(10 * time.Second):
		t.Fatal("an interrupt did not end the command")
	}
	if left, _ := filepath.Glob(filepath.Join(folder, "onafed-dev-*")); len(left) > 0 {
		t.Errorf("the command left the folder %q", left)
	}
	w.secrets.said("onafed dev", said.String())
	w.secrets.check(t)
	if refused := w.Net.Refused(); len(refused) > 0 {
		t.Errorf("a program tried to reach %q", refused)
	}
	t.Logf("dev answered %d times", strings.Count(said.String(), ": ok"))
}

// startDev starts "onafed dev" with its files in the folder and more arguments, and waits until it is
// ready.
func (w *world) startDev(t *testing.T, folder string, more ...string) (dev *program.Process, lines, said *program.Buffer) {
	t.Helper()
	lines, said = new(program.Buffer), new(program.Buffer)
	cmd := exec.Command(w.Onafed, append([]string{"dev", "--verbose"}, more...)...)
	cmd.Env = append(w.environment(folder), "TMPDIR="+folder)
	cmd.Stdout, cmd.Stderr = lines, said
	dev, err := program.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dev.Stop() })
	// Lines and messages arrive in separate pipes, in any order. The lines are a single write that
	// ends with this one.
	ready := func() bool {
		_, last, ok := strings.Cut(lines.String(), "# AWS_WEB_IDENTITY_TOKEN_FILE=")
		return ok && strings.HasSuffix(last, "\n") && strings.Contains(said.String(), "ctrl-C")
	}
	wait(t, ready, said.String, dev.Done())
	return dev, lines, said
}

// devVariables returns the variables from the printed lines. With the lines as printed, SDKs use the
// container endpoint. With the commented lines they exchange the token file (web).
func (w *world) devVariables(t *testing.T, lines string) (web, endpoint []string, url string) {
	t.Helper()
	for line := range strings.Lines(lines) {
		line, comment := strings.CutPrefix(strings.TrimSpace(line), "# ")
		if value, ok := strings.CutPrefix(line, "AWS_ENDPOINT_URL="); ok {
			url = value
		}
		web = append(web, line)
		if comment {
			continue
		}
		endpoint = append(endpoint, line)
		if path, ok := strings.CutPrefix(line, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE="); ok {
			token, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			w.secrets.add(string(token))
			endpoint = append(endpoint, "AWS_CONTAINER_AUTHORIZATION_TOKEN="+string(token)) // for clients that do not read the file
		}
	}
	return web, slices.Clip(endpoint), url // each client appends to endpoint
}

// withEndpoint returns the client with the URL in its arguments: aws-cli 2.9 has no variable for it.
func withEndpoint(c client, url string) client {
	command := c.command
	c.command = func(t *testing.T, ctx context.Context) *exec.Cmd {
		t.Helper()
		cmd := command(t, ctx)
		cmd.Args = append(cmd.Args, "--endpoint-url", url)
		return cmd
	}
	return c
}

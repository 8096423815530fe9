package main

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// TestServersKeepSecrets is TestNoSecretLeaves for the commands that run until a signal. Their
// clients find the token of the endpoint, and of dev the ID token, in files.
func TestServersKeepSecrets(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("there is no interrupt to send")
	}
	w := newWorld(t)
	serve := &server{args: []string{"aws", "serve", "-v", "--role-arn", testRole, "--token-file", "token", "--token-out", "endpoint-token"}}
	serve.secretFiles = []string{"token", "endpoint-token"}
	dev := &server{args: []string{"dev", "-v", "--dir", "."}}
	dev.secretFiles = []string{"token/token", "endpoint-token"}
	for name, s := range map[string]*server{"serve": serve, "dev": dev} {
		s.dir = t.TempDir()
		files := map[string]string{"ca.pem": string(w.ca)}
		if name == "serve" {
			files["token"] = w.token(t, nil)
		}
		for file, content := range files {
			if err := os.WriteFile(filepath.Join(s.dir, file), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		data, messages := s.run(t, w)
		w.mu.Lock()
		secrets := append(s.secrets, w.secrets...)
		w.mu.Unlock()
		for where, text := range map[string]string{"data": data, "messages": messages} {
			if found := leaked(text, secrets); found != "" {
				t.Errorf("onafed %s has %s in its %s:\n%s", name, found, where, text)
			}
		}
	}
}

// server is a command that runs until a signal.
type server struct {
	args        []string
	dir         string
	secretFiles []string
	secrets     []string // the contents of secretFiles
}

// run starts the server, sends requests to its endpoint, and interrupts it. It returns the data and
// the messages of the server, with its arguments.
func (s *server) run(t *testing.T, w *world) (data, messages string) {
	t.Helper()
	cmd := command(t, t.Context(), w, s.dir, s.args)
	out, err := os.Create(filepath.Join(s.dir, "out"))
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout = out
	pipe, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	used := false
	for lines := bufio.NewScanner(pipe); lines.Scan(); {
		fmt.Fprintln(&b, lines.Text())
		if !used && strings.Contains(lines.Text(), "127.0.0.1:") {
			used = true
			b.WriteString(s.use(t, cmd))
		}
	}
	if err := cmd.Wait(); err != nil || !used {
		t.Errorf("onafed %s: %v\n%s", s.args, err, b.String())
	}
	text, err := os.ReadFile(out.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(text), b.String()
}

// use sends requests, reads the secrets before the server removes them, and interrupts the server.
// It returns the arguments of the process.
func (s *server) use(t *testing.T, cmd *exec.Cmd) (arguments string) {
	t.Helper()
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", cmd.Process.Pid))
	if err == nil {
		arguments = string(line)
	}
	requestCredentials(t, filepath.Join(s.dir, "out"), filepath.Join(s.dir, "endpoint-token"))
	for _, file := range s.secretFiles {
		content, err := os.ReadFile(filepath.Join(s.dir, filepath.FromSlash(file)))
		if err != nil {
			t.Error(err)
		}
		s.secrets = append(s.secrets, string(content))
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Error(err)
	}
	return arguments
}

// requestCredentials sends requests to the container endpoint in a file of variables, with its
// token and with a wrong one.
func requestCredentials(t *testing.T, vars, token string) {
	t.Helper()
	text, err := os.ReadFile(vars)
	if err != nil {
		t.Error(err)
		return
	}
	found := regexp.MustCompile(`AWS_CONTAINER_CREDENTIALS_FULL_URI=(\S+)`).FindSubmatch(text)
	authorization, err := os.ReadFile(token)
	if found == nil || err != nil {
		t.Errorf("no endpoint in %s: %v", text, err)
		return
	}
	for status, sent := range map[int]string{http.StatusOK: string(authorization), http.StatusUnauthorized: "wrong"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, string(found[1]), nil)
		if err != nil {
			t.Error(err)
			return
		}
		req.Header.Set("Authorization", sent)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Error(err)
			return
		}
		resp.Body.Close()
		if resp.StatusCode != status {
			t.Errorf("the endpoint answers %d, want %d", resp.StatusCode, status)
		}
	}
}

package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestNoSecretLeaves runs every command, in success and in failure, and looks for the secrets of the run - ID tokens, the API token,
// secret keys, session tokens - where none may be: in the messages of all commands, in the data of those whose data is not a secret, and
// in the command lines of all processes while a command is in the middle of a request.
func TestNoSecretLeaves(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/cmdline"); err != nil {
		t.Skip("there is no /proc")
	}
	w := newWorld(t)
	dir := t.TempDir()
	stranger := map[string]any{"org": "01960000-0000-7000-8000-00000000000a", "sub": "org:01960000-0000-7000-8000-00000000000a/env:" + testEnvironment}
	files := map[string]string{
		"token":       w.token(t, nil),
		"stranger":    w.token(t, stranger),
		"expired":     w.token(t, map[string]any{"exp": time.Now().Unix() - 60, "iat": time.Now().Unix() - 3600}),
		"other":       w.token(t, map[string]any{"iss": otherIssuer}),
		"no-token":    "an-opaque-value-that-is-another-secret-0123456789",
		"api-key":     testAPIKey,
		"bad-api-key": "a-bearer-that-nobody-knows-0123456789",
		"policy":      w.policy,
		"leaky":       "#!/bin/sh\ncat token >&2\ncat token\nexit 3\n",
		"ca.pem":      string(w.ca),
	}
	known := []string{files["no-token"], testAPIKey, files["bad-api-key"]}
	for _, name := range []string{"token", "stranger", "expired", "other"} {
		known = append(known, files[name])
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o700); err != nil {
			t.Fatal(err)
		}
	}

	secrets := func() []string {
		w.mu.Lock()
		defer w.mu.Unlock()
		return slices.Concat(known, w.secrets)
	}
	var mu sync.Mutex // guards scanned and shown
	scanned, shown := 0, map[string]bool{}
	during := func() {
		lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
		if err != nil {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		scanned++
		for _, file := range lines {
			line, err := os.ReadFile(file)
			if err != nil {
				continue // it has ended
			}
			if s := leaked(string(line), secrets()); s != "" {
				shown[strings.ReplaceAll(string(line), "\x00", " ")+" has "+s] = true
			}
		}
	}

	w.mu.Lock()
	w.during = during
	w.mu.Unlock()

	const (
		quiet  = false // its data is no secret
		secret = true  // its data is one
	)
	role, from := "--role-arn="+testRole, "--token-file=token"
	for _, c := range []struct {
		data bool
		code int
		args string
	}{
		{secret, 0, "idp token --audience sts.amazonaws.com " + from},
		{secret, 0, "idp token --audience sts.amazonaws.com --api-url $API --api-token-file api-key -v"},
		{quiet, 1, "idp token --audience sts.amazonaws.com --api-url $API --api-token-file bad-api-key -v"},
		{quiet, 1, "idp token --audience sts.amazonaws.com --api-url $API --api-token-file token -v"},
		{quiet, 1, "idp token --audience sts.amazonaws.com --token-file no-token"},
		{quiet, 1, "idp token --audience sts.amazonaws.com --token-file expired"},
		{quiet, 1, "idp token --audience vault.hashicorp.com " + from},
		{quiet, 1, "idp token --audience sts.amazonaws.com --token-command ./leaky"},
		{quiet, 1, "idp token --audience sts.amazonaws.com --decode --token-file no-token"},
		{quiet, 0, "idp token --audience sts.amazonaws.com --decode " + from},
		{quiet, 1, "idp token --audience sts.amazonaws.com --verify --issuer $ISSUER --token-file other"},
		{quiet, 0, "idp token --audience sts.amazonaws.com --output run/token -v " + from},
		{quiet, 0, "idp login aws -v " + role + " " + from},
		{quiet, 0, "idp login aws -v --json --profile api --api-url $API --api-token-file api-key " + role},
		{quiet, 0, "idp login aws -v --mode process --profile process " + role + " " + from},
		{quiet, 1, "idp login aws -v --token-file stranger " + role},
		{quiet, 1, "idp login aws -v --token-file no-token " + role},
		{quiet, 1, "idp login aws -v --duration-seconds 43200 " + role + " " + from},
		{secret, 0, "aws credential-process -v " + role + " " + from},
		{secret, 0, "aws credential-process -v " + role + " " + from},
		{quiet, 1, "aws credential-process -v --token-file stranger " + role},
		{secret, 0, "aws env -v " + role + " " + from},
		{quiet, 1, "aws serve -v --token-file stranger " + role},
		{quiet, 0, "aws explain -v --policy policy " + from},
		{quiet, 1, "aws explain -v --policy policy --token-file stranger"},
		{quiet, 2, "aws explain -v --policy policy --token-file no-token"},
		{quiet, 2, "aws explain -v --policy token " + from},
		{quiet, 2, "aws explain -v --policy policy --claims token"},
		{quiet, 2, "aws explain -v --role other " + from},
		{quiet, 0, "aws lint policy"},
		{quiet, 2, "aws lint token"},
		{quiet, 2, "aws migrate token"},
		{quiet, 2, "aws trust-policy --rules token"},
		{quiet, 0, "doctor --issuer $ISSUER --policy policy " + role + " " + from},
		{quiet, 0, "doctor --issuer $ISSUER --api-url $API --api-token-file api-key --report " + role},
		{quiet, 1, "doctor --issuer $ISSUER --policy policy --token-file stranger " + role},
		{quiet, 1, "doctor --issuer $ISSUER --token-file no-token --json " + role},
		{quiet, 1, "doctor --issuer $ISSUER --api-url $API --api-token-file bad-api-key " + role},
		{quiet, 2, "dev --policy token"},
	} {
		args := strings.Fields(strings.NewReplacer("$API", testIssuer+"/api", "$ISSUER", testIssuer).Replace(c.args))
		data, messages, code := execute(t, w, dir, args)
		if code != c.code {
			t.Errorf("onafed %s: status %d, want %d: %s", c.args, code, c.code, messages)
		}
		if s := leaked(messages, secrets()); s != "" {
			t.Errorf("onafed %s writes %s to standard error:\n%s", c.args, s, messages)
		}
		if s := leaked(data, secrets()); s != "" && !c.data {
			t.Errorf("onafed %s writes %s to standard output:\n%s", c.args, s, data)
		} else if s == "" && c.data {
			t.Errorf("onafed %s: the secret that is its data was not recognised: this test sees nothing", c.args)
		}
	}

	settings, err := os.ReadFile(filepath.Join(dir, ".aws", "config"))
	if err != nil {
		t.Fatal(err)
	}
	if s := leaked(string(settings), secrets()); s != "" {
		t.Errorf("the config file has %s", s)
	}
	mu.Lock()
	defer mu.Unlock()
	if scanned == 0 {
		t.Error("no request was seen, so no command line was looked at")
	}
	for line := range shown {
		t.Errorf("a command line is readable by all: %s", line)
	}
}

// jwt is what every token looks like, also those that the test has not seen.
const jwt = `eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.`

// leaked names the kind of the first secret in a text.
func leaked(text string, secrets []string) string {
	if regexp.MustCompile(jwt).MatchString(text) {
		return "a JWT"
	}
	for i, s := range secrets {
		if strings.Contains(text, strings.TrimSpace(s)) {
			return fmt.Sprintf("secret %d", i)
		}
		// A part of one is one too, and encodings break lines and quotes, not these.
		if len(s) > 100 && strings.Contains(text, s[len(s)-40:]) {
			return fmt.Sprintf("the end of secret %d", i)
		}
	}
	return ""
}

// TestServersKeepSecrets is TestNoSecretLeaves for the commands that run until they are interrupted. Their clients find the token of the
// endpoint, and of dev the ID token, in files.
func TestServersKeepSecrets(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("there is no interrupt to send")
	}
	w := newWorld(t)
	for name, c := range map[string]struct {
		args    []string
		secrets []string // files
	}{
		"serve": {[]string{"aws", "serve", "-v", "--role-arn", testRole, "--token-file", "token", "--token-out", "endpoint-token"}, []string{"token", "endpoint-token"}},
		"dev":   {[]string{"dev", "-v", "--dir", "."}, []string{"token/token", "endpoint-token"}},
	} {
		dir := t.TempDir()
		for file, content := range map[string]string{"ca.pem": string(w.ca), "token": w.token(t, nil)} {
			if name == "dev" && file == "token" {
				continue // a folder there
			}
			if err := os.WriteFile(filepath.Join(dir, file), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		cmd := command(t, t.Context(), w, dir, c.args)
		out, err := os.Create(filepath.Join(dir, "out"))
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
		var messages strings.Builder
		var secrets []string
		asked := false
		for lines := bufio.NewScanner(pipe); lines.Scan(); {
			fmt.Fprintln(&messages, lines.Text())
			if asked || !strings.Contains(lines.Text(), "127.0.0.1:") {
				continue
			}
			asked = true
			line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", cmd.Process.Pid))
			if err == nil {
				messages.Write(line)
			}
			ask(t, filepath.Join(dir, "out"), filepath.Join(dir, "endpoint-token"))
			for _, file := range c.secrets { // before they are removed
				content, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(file)))
				if err != nil {
					t.Error(err)
				}
				secrets = append(secrets, string(content))
			}
			if err := cmd.Process.Signal(os.Interrupt); err != nil {
				t.Error(err)
			}
		}
		if err := cmd.Wait(); err != nil || !asked {
			t.Errorf("onafed %s: %v\n%s", name, err, messages.String())
		}
		w.mu.Lock()
		secrets = append(secrets, w.secrets...)
		w.mu.Unlock()
		data, err := os.ReadFile(out.Name())
		if err != nil {
			t.Fatal(err)
		}
		for where, text := range map[string]string{"data": string(data), "messages": messages.String()} {
			if s := leaked(text, secrets); s != "" {
				t.Errorf("onafed %s has %s in its %s:\n%s", name, s, where, text)
			}
		}
	}
}

// ask asks the container endpoint that the file of variables names, with its token and with a wrong one.
func ask(t *testing.T, vars, token string) {
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

// execute runs the program in a world until it ends.
func execute(t *testing.T, w *world, dir string, args []string) (data, messages string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := command(t, ctx, w, dir, args)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

func command(t *testing.T, ctx context.Context, w *world, dir string, args []string) *exec.Cmd { //nolint:revive // t first, as everywhere
	t.Helper()
	program, err := exec.LookPath("onafed")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	cmd.Env = []string{
		"HOME=" + dir, "XDG_CACHE_HOME=" + filepath.Join(dir, "cache"), "SSL_CERT_FILE=" + filepath.Join(dir, "ca.pem"),
		"PATH=" + os.Getenv("PATH"), "TMPDIR=" + dir, goRace,
	}
	for name, value := range w.environment() {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	return cmd
}

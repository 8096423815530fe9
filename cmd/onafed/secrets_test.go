package main

import (
	"bytes"
	"context"
	"fmt"
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

// A secretCase is a command line, its exit status, and whether its data is a secret.
type secretCase struct {
	data   bool
	status int
	args   string
}

// secretCases have every command, in success and in failure.
func secretCases() []secretCase {
	const quiet, secret = false, true // whether its data is a secret
	role, from := "--role-arn="+testRole, "--token-file=token"
	return []secretCase{
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
		{quiet, 0, "idp login aws -v --file profiles.yaml " + from},
		{quiet, 0, "doctor --issuer $ISSUER --file profiles.yaml " + from},
		{quiet, 1, "idp login aws -v --file profiles.yaml --token-file stranger"},
		{quiet, 2, "idp login aws -v --file token " + from},
		{quiet, 1, "idp login aws -v --token-file stranger " + role},
		{quiet, 1, "idp login aws -v --token-file no-token " + role},
		{quiet, 1, "idp login aws -v --duration-seconds 43200 " + role + " " + from},
		{secret, 0, "aws credential-process -v " + role + " " + from},
		{secret, 0, "aws credential-process -v " + role + " " + from},
		{quiet, 1, "aws credential-process -v --token-file stranger " + role},
		{secret, 0, "aws credential-process -v --next-role " + nextRole + ",external-id=a,,b " + role + " " + from},
		{quiet, 1, "aws credential-process -v --next-role " + nextRole + " " + role + " " + from},
		{secret, 0, "aws env -v " + role + " " + from},
		{secret, 0, "aws eks-token -v --cluster prod " + role + " " + from},
		{quiet, 0, "aws eks-token -v --cluster prod --kubectl " + role + " " + from},
		{quiet, 1, "aws eks-token -v --cluster prod --token-file stranger " + role},
		{secret, 0, "aws rds-token -v --host db --port 1 --user app " + role + " " + from},
		{quiet, 1, "aws rds-token -v --host db --port 1 --user app --token-file stranger " + role},
		{secret, 0, "aws docker-credential get -v " + role + " " + from},
		{quiet, 1, "aws docker-credential get -v --token-file stranger " + role},
		{quiet, 1, "aws serve -v --token-file stranger " + role},
		{quiet, 0, "aws exec -v " + role + " " + from + " -- true"},
		{quiet, 125, "aws exec -v --token-file stranger " + role + " -- true"},
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
		{quiet, 2, "aws setup --rules token"},
		{quiet, 2, "aws setup --account 123456789012 --organization 0191e223-1c3c-7607-badf-303c98b52d2f --role-name deploy --inline-policy token"},
		{quiet, 0, "doctor --issuer $ISSUER --policy policy " + role + " " + from},
		{quiet, 0, "doctor --issuer $ISSUER --api-url $API --api-token-file api-key --report " + role},
		{quiet, 1, "doctor --issuer $ISSUER --policy policy --token-file stranger " + role},
		{quiet, 1, "doctor --issuer $ISSUER --token-file no-token --json " + role},
		{quiet, 1, "doctor --issuer $ISSUER --api-url $API --api-token-file bad-api-key " + role},
		{quiet, 2, "dev --policy token"},
	}
}

// TestNoSecretLeaves runs every command, in success and in failure. It looks for the secrets of the
// run - ID tokens, the API token, secret keys, session tokens - where they must not be: in the
// messages of all commands, in the data of commands whose data is not a secret, and in the arguments
// of all processes while a command waits for an answer.
func TestNoSecretLeaves(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux shows the arguments of all processes in /proc")
	}
	w := newWorld(t)
	dir := t.TempDir()
	known := writeSecretFiles(t, w, dir)
	secrets := func() []string {
		w.mu.Lock()
		defer w.mu.Unlock()
		return slices.Concat(known, w.secrets)
	}
	scan := &argumentScan{secrets: secrets, shown: make(map[string]bool)}
	w.mu.Lock()
	w.during = scan.run
	w.mu.Unlock()

	for _, c := range secretCases() {
		args := strings.Fields(strings.NewReplacer("$API", testIssuer+"/api", "$ISSUER", testIssuer).Replace(c.args))
		data, messages, status := execute(t, w, dir, args)
		if status != c.status {
			t.Errorf("onafed %s: status %d, want %d: %s", c.args, status, c.status, messages)
		}
		if s := leaked(messages, secrets()); s != "" {
			t.Errorf("onafed %s writes %s to standard error:\n%s", c.args, s, messages)
		}
		if s := leaked(data, secrets()); s != "" && !c.data {
			t.Errorf("onafed %s writes %s to standard output:\n%s", c.args, s, data)
		} else if s == "" && c.data {
			t.Errorf("onafed %s: the secret in its data was not recognised, so this test finds nothing", c.args)
		}
	}
	settings, err := os.ReadFile(filepath.Join(dir, ".aws", "config"))
	if err != nil {
		t.Fatal(err)
	}
	if s := leaked(string(settings), secrets()); s != "" {
		t.Errorf("the config file has %s", s)
	}
	scan.report(t)
}

// writeSecretFiles writes the files that the cases name, and returns the secrets in them.
func writeSecretFiles(t *testing.T, w *world, dir string) (known []string) {
	t.Helper()
	stranger := map[string]any{
		"org": "01960000-0000-7000-8000-00000000000a",
		"sub": "org:01960000-0000-7000-8000-00000000000a/env:" + testEnvironment,
	}
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
		"profiles.yaml": "- {profile: one, role: \"" + testRole + "\"}\n- {profile: two, mode: process, role: \"" + testRole +
			"\", chain: [{role: \"" + nextRole + "\", externalId: \"a,b\"}]}\n",
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"no-token", "api-key", "bad-api-key", "token", "stranger", "expired", "other"} {
		known = append(known, files[name])
	}
	return known
}

// argumentScan looks for secrets in the arguments of all processes.
type argumentScan struct {
	secrets func() []string

	mu    sync.Mutex // guards the fields below
	scans int
	shown map[string]bool // arguments with a secret
}

func (s *argumentScan) run() {
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.scans++
	for _, file := range files {
		line, err := os.ReadFile(file)
		if err != nil {
			continue // the process has ended
		}
		if found := leaked(string(line), s.secrets()); found != "" {
			s.shown[strings.ReplaceAll(string(line), "\x00", " ")+" has "+found] = true
		}
	}
}

func (s *argumentScan) report(t *testing.T) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.scans == 0 {
		t.Error("no command sent a request, so no arguments were read")
	}
	for line := range s.shown {
		t.Errorf("every user can read these arguments: %s", line)
	}
}

// jwt matches every ID token, also those that the test does not know, and signed matches the tokens of
// EKS and of databases.
const (
	jwt    = `eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.`
	signed = `k8s-aws-v1\.[A-Za-z0-9_-]{10,}|X-Amz-Signature=[0-9a-f]{10,}`
)

// leaked returns the kind of the first secret in a text, or "".
func leaked(text string, secrets []string) string {
	if regexp.MustCompile(jwt).MatchString(text) {
		return "a JWT"
	}
	if regexp.MustCompile(signed).MatchString(text) {
		return "a signed token"
	}
	for i, s := range secrets {
		if strings.Contains(text, strings.TrimSpace(s)) {
			return fmt.Sprintf("secret %d", i)
		}
		// A part is a secret, too. Encodings break a text at lines and quotes, but not within 40
		// characters.
		if len(s) > 100 && strings.Contains(text, s[len(s)-40:]) {
			return fmt.Sprintf("the end of secret %d", i)
		}
	}
	return ""
}

// execute runs the program in a world until it ends.
func execute(t *testing.T, w *world, dir string, args []string) (data, messages string, status int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := command(t, ctx, w, dir, args)
	var out, errs bytes.Buffer
	cmd.Stdin = strings.NewReader("123456789012.dkr.ecr.eu-central-1.amazonaws.com") // for docker-credential
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

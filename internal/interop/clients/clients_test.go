package clients_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/idp/idptest"
	"github.com/onafed/onafed/internal/interop/program"
)

// A client is a program that uses an AWS SDK.
type client struct {
	name  string
	agent string // its name in the User-Agent of requests to STS
	needs []string
	// command makes as many calls as the variable CALLS says, PAUSE seconds apart.
	command func(t *testing.T, ctx context.Context) *exec.Cmd
	// oneCall is set if the program makes one call and ends.
	oneCall bool
	// untilExpiry is set if the library uses credentials until the second of their expiration, so that
	// a call at that moment may fail. aws-sdk-go-v2 does so with web identity and
	// credential_process.
	untilExpiry bool
	// env has variables for this client only.
	env func(w *world) []string
}

// The aws of the package awscli: another one may be first in PATH.
const (
	aws    = "/usr/bin/aws"
	python = "/usr/bin/python3"
)

func endpointVariable(w *world) []string { return []string{"AWS_ENDPOINT_URL_STS=" + w.URL} }

// allClients returns the clients, as their packages install them. aws-cli 2.9 and boto3 1.26 have
// no variable for the endpoint, so they call STS by its name, and the test's network answers.
func allClients(t *testing.T) []client {
	t.Helper()
	gosdk := program.Build(t, ".", "./gosdk")
	return []client{
		{
			name: "aws-cli", agent: "aws-cli/", needs: []string{aws}, oneCall: true,
			command: func(_ *testing.T, ctx context.Context) *exec.Cmd {
				return exec.CommandContext(ctx, aws, "sts", "get-caller-identity", "--output", "json")
			},
		},
		{
			name: "boto3", agent: "Boto3/", needs: []string{python, "/usr/lib/python3/dist-packages/boto3"},
			command: func(_ *testing.T, ctx context.Context) *exec.Cmd { return exec.CommandContext(ctx, python, "boto.py") },
		},
		{
			name: "javascript", agent: "aws-sdk-js/3", needs: []string{"node", "../node_modules/@aws-sdk/client-sts"},
			command: func(_ *testing.T, ctx context.Context) *exec.Cmd { return exec.CommandContext(ctx, "node", "sdk.mjs") },
			env:     endpointVariable,
		},
		{
			name: "go", agent: "aws-sdk-go-v2/", untilExpiry: true,
			command: func(_ *testing.T, ctx context.Context) *exec.Cmd { return exec.CommandContext(ctx, gosdk) },
			env:     endpointVariable,
		},
	}
}

// An answer is one line of a client's output.
type answer struct {
	ARN   string `json:"arn"`
	Error string `json:"error"`
}

// run runs a client until it has made its calls.
func (w *world) run(t *testing.T, c client, home string, calls int, pause time.Duration, more ...string) []answer {
	t.Helper()
	env := append(slices.Clip(more), "CALLS="+strconv.Itoa(calls), "PAUSE="+strconv.FormatFloat(pause.Seconds(), 'f', -1, 64))
	if c.env != nil {
		env = append(env, c.env(w)...)
	}
	if !c.oneCall {
		return w.once(t, c, home, env)
	}
	var answers []answer
	for i := range calls {
		if i > 0 {
			time.Sleep(pause)
		}
		answers = append(answers, w.once(t, c, home, env)...)
	}
	return answers
}

func (w *world) once(t *testing.T, c client, home string, env []string) []answer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := c.command(t, ctx)
	cmd.Env = w.environment(home, env...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	w.secrets.said(c.name, said.String())
	if c.oneCall {
		var identity struct{ Arn string }
		switch {
		case err == nil:
			err = json.Unmarshal(out, &identity)
			if err != nil {
				t.Fatalf("%s: %v: %s", c.name, err, program.Tail(string(out)))
			}
			return []answer{{ARN: identity.Arn}}
		case strings.Contains(said.String(), "(ExpiredToken)"):
			return []answer{{Error: "ExpiredToken"}}
		}
		return []answer{{Error: program.Tail(said.String())}}
	}
	var answers []answer
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		var a answer
		if err := json.Unmarshal(lines.Bytes(), &a); err != nil {
			t.Fatalf("%s: %v: %s", c.name, err, program.Tail(string(out)))
		}
		answers = append(answers, a)
	}
	if err != nil || len(answers) == 0 {
		t.Fatalf("%s: %d answers, %v: %s", c.name, len(answers), err, program.Tail(said.String()))
	}
	return answers
}

// seen returns what STS saw of a role: with how many different keys the client called
// GetCallerIdentity successfully, and how many ID tokens were exchanged. A refused exchange is an
// error.
func (w *world) seen(t *testing.T, c client, role string) (keys, tokens int) {
	t.Helper()
	k, tk := map[string]bool{}, map[string]bool{}
	for _, call := range w.STS.Calls() {
		if call.RoleARN != role {
			continue
		}
		switch call.Action {
		case "GetCallerIdentity":
			// A login in process mode calls it too, from the command line.
			if call.OK() && strings.Contains(call.UserAgent, c.agent) {
				k[call.AccessKeyID] = true
			}
		case "AssumeRoleWithWebIdentity":
			tk[call.Token] = true
			if !call.OK() {
				t.Errorf("STS refused: %s %s", call.Code, call.Reason)
			}
		}
	}
	return len(k), len(tk)
}

// checkAnswers checks that each call succeeded with the role.
func checkAnswers(t *testing.T, c client, answers []answer, role string) {
	t.Helper()
	if c.untilExpiry {
		// This call failed at the expiration, and the next one had new credentials.
		for i, a := range answers[:len(answers)-1] {
			if a.Error == "ExpiredToken" && answers[i+1].Error == "" {
				t.Logf("call %d of %d failed because its credentials expired", i+1, len(answers))
				answers = slices.Delete(slices.Clone(answers), i, i+1)
				break
			}
		}
	}
	want := "arn:aws:sts::123456789012:assumed-role/" + role[strings.LastIndex(role, "/")+1:] + "/"
	for i, a := range answers {
		if a.Error != "" || !strings.HasPrefix(a.ARN, want) {
			t.Errorf("call %d of %d: %q, error %q, want %s...", i+1, len(answers), a.ARN, a.Error, want)
		}
	}
}

// A form is one of the forms in which package export gives credentials to programs.
type form struct {
	name string
	test func(t *testing.T, w *world, c client, home, role string)
}

var forms = []form{
	{"credentials file", credentialsFile},
	{"credential_process", credentialProcess},
	{"container endpoint", containerEndpoint},
	{"token file", tokenFile},
	{"exec", execution},
}

// TestClients checks that each client gets credentials in each form, and new ones after the first
// expired.
func TestClients(t *testing.T) {
	if testing.Short() {
		t.Skip("this test waits until credentials expire")
	}
	t.Parallel()
	w := newWorld(t)
	clients := allClients(t)
	t.Run("with", func(t *testing.T) {
		for _, c := range clients {
			for _, form := range forms {
				t.Run(c.name+" "+form.name, func(t *testing.T) {
					t.Parallel()
					program.Need(t, c.needs...)
					home := t.TempDir()
					form.test(t, w, c, home, w.role(t, c.name+"-"+strings.ReplaceAll(form.name, " ", "-")))
				})
			}
		}
	})
	w.secrets.check(t)
	if refused := w.Net.Refused(); len(refused) > 0 {
		t.Errorf("a program tried to reach %q", refused)
	}
}

// schedule returns how many calls a client makes, and the pause between them, to use two sessions.
func schedule(c client) (calls int, pause time.Duration) {
	if c.oneCall {
		return 3, session * 2 / 3
	}
	return 9, session * 17 / 60 // no call at the moment when credentials expire
}

// Keys in a file are read once: after they expire the program fails, and after the next login a new
// program reads new ones.
func credentialsFile(t *testing.T, w *world, c client, home, role string) {
	t.Helper()
	w.putRole(t, role, time.Hour) // the test makes them expire
	login := func() string {
		w.onafed(t, home, "idp", "login", "aws", "--verbose", "--role-arn", role, "--token-file", w.Token)
		text, err := os.ReadFile(filepath.Join(home, ".aws", "credentials"))
		if err != nil {
			t.Fatal(err)
		}
		key := ""
		for line := range strings.Lines(string(text)) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), " = ")
			switch name {
			case "aws_access_key_id":
				key = value
			case "aws_secret_access_key", "aws_session_token":
				w.secrets.add(value)
			}
		}
		return key
	}
	key := login()
	checkAnswers(t, c, w.run(t, c, home, 1, 0), role)
	w.STS.ExpireCredentials(key)
	if a := w.run(t, c, home, 1, 0); a[0].Error != "ExpiredToken" {
		t.Errorf("with expired keys the client gets %+v, want ExpiredToken", a[0])
	}
	login()
	checkAnswers(t, c, w.run(t, c, home, 1, 0), role)
	if keys, _ := w.seen(t, c, role); keys != 2 {
		t.Errorf("the client used %d keys successfully, want 2, one for each login", keys)
	}
}

// A program runs the credential_process again before its credentials expire.
func credentialProcess(t *testing.T, w *world, c client, home, role string) {
	t.Helper()
	w.onafed(t, home, "idp", "login", "aws", "--verbose", "--mode", "process", "--role-arn", role, "--token-file", w.Token)
	var handed struct{ SecretAccessKey, SessionToken string }
	if err := json.Unmarshal(w.onafed(t, home, "aws", "credential-process", "--verbose", "--role-arn", role, "--token-file", w.Token), &handed); err != nil {
		t.Fatal(err)
	}
	w.secrets.add(handed.SecretAccessKey)
	w.secrets.add(handed.SessionToken)
	calls, pause := schedule(c)
	checkAnswers(t, c, w.run(t, c, home, calls, pause), role)
	refreshed(t, w, c, role)
}

// A program asks the container endpoint again, which has new credentials before the old ones
// expire.
func containerEndpoint(t *testing.T, w *world, c client, home, role string) {
	t.Helper()
	file, lines := filepath.Join(home, "endpoint-token"), filepath.Join(home, "endpoint.env")
	w.startOnafed(t, home, func() bool { text, err := os.ReadFile(lines); return err == nil && len(text) > 0 },
		"aws", "serve", "--verbose", "--role-arn", role, "--token-file", w.Token, "--token-out", file, "--env-out", lines, "--show-token")
	text, err := os.ReadFile(lines)
	if err != nil {
		t.Fatal(err)
	}
	token, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	w.secrets.add(string(token))
	calls, pause := schedule(c)
	checkAnswers(t, c, w.run(t, c, home, calls, pause, strings.Fields(string(text))...), role)
	refreshed(t, w, c, role)
}

// With a token file the client calls STS itself, each time with the current token of the file.
func tokenFile(t *testing.T, w *world, c client, home, role string) {
	t.Helper()
	file := filepath.Join(home, "token", "token")
	w.startOnafed(t, home, func() bool { _, err := os.Stat(file); return err == nil },
		"idp", "token", "--verbose", "--audience", "sts.amazonaws.com", "--token-file", w.Token, "--output", file, "--watch")
	calls, pause := schedule(c)
	checkAnswers(t, c, w.run(t, c, home, calls, pause, "AWS_WEB_IDENTITY_TOKEN_FILE="+file, "AWS_ROLE_ARN="+role), role)
	if _, tokens := w.seen(t, c, role); tokens < 2 {
		t.Errorf("the client exchanged %d ID tokens, want at least 2: the file had new ones", tokens)
	}
	refreshed(t, w, c, role)
}

// A program that "aws exec" runs uses the endpoint until its end, and not the keys in the default
// profile, which SDKs prefer.
func execution(t *testing.T, w *world, c client, home, role string) {
	t.Helper()
	if err := os.Mkdir(filepath.Join(home, ".aws"), 0o700); err != nil {
		t.Fatal(err)
	}
	const keys = "[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = of-another-identity\n"
	if err := os.WriteFile(filepath.Join(home, ".aws", "credentials"), []byte(keys), 0o600); err != nil {
		t.Fatal(err)
	}
	command := c.command
	c.command = func(t *testing.T, ctx context.Context) *exec.Cmd {
		t.Helper()
		args := []string{"aws", "exec", "--verbose", "--role-arn", role, "--token-file", w.Token, "--"}
		return exec.CommandContext(ctx, w.Onafed, slices.Concat(args, command(t, ctx).Args)...)
	}
	calls, pause := schedule(c)
	checkAnswers(t, c, w.run(t, c, home, calls, pause, endpointVariable(w)...), role)
	refreshed(t, w, c, role)
}

// refreshed checks that the client also used new credentials successfully.
func refreshed(t *testing.T, w *world, c client, role string) {
	t.Helper()
	keys, tokens := w.seen(t, c, role)
	if keys < 2 {
		t.Errorf("the client used %d keys in two lifetimes, want at least 2", keys)
	}
	t.Logf("%d keys used, %d ID tokens exchanged", keys, tokens)
}

func trustAll(t *testing.T) trust.Policy {
	t.Helper()
	p, err := trust.Build(trust.Rule{Account: "123456789012", Organization: idptest.OrganizationID})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

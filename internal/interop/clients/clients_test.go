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

// A client is a program that somebody else's library is in.
type client struct {
	name  string
	agent string // what it calls itself to STS
	needs []string
	// command is one that makes CALLS calls, PAUSE seconds apart, as its environment says.
	command func(t *testing.T, ctx context.Context) *exec.Cmd
	// oneCall says that the program makes one call each time it is run.
	oneCall bool
	// toTheEnd says that the library uses credentials until the second in which they expire, so that a call on its way then meets it.
	// aws-sdk-go-v2 does so with web identity and credential_process.
	toTheEnd bool
	// env is for that client alone.
	env func(w *world) []string
}

// aws is the one of the package awscli: another may be first in PATH.
const (
	aws    = "/usr/bin/aws"
	python = "/usr/bin/python3"
)

func endpointVariable(w *world) []string { return []string{"AWS_ENDPOINT_URL_STS=" + w.URL} }

// allClients are the clients, each as its package installs it. aws-cli 2.9 and boto3 1.26 know no variable for the endpoint, so they
// call STS by its name, and the net of the test answers.
func allClients(t *testing.T) []client {
	t.Helper()
	gosdk := build(t, ".", "./gosdk")
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
			name: "go", agent: "aws-sdk-go-v2/", toTheEnd: true,
			command: func(_ *testing.T, ctx context.Context) *exec.Cmd { return exec.CommandContext(ctx, gosdk) },
			env:     endpointVariable,
		},
	}
}

// An answer is one line of a client.
type answer struct {
	ARN   string `json:"arn"`
	Error string `json:"error"`
}

// run runs a client until it has made the calls.
func (w *world) run(t *testing.T, c client, home string, calls int, pause time.Duration, more ...string) []answer {
	t.Helper()
	env := append(more, "CALLS="+strconv.Itoa(calls), "PAUSE="+strconv.FormatFloat(pause.Seconds(), 'f', -1, 64))
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

// seen is what STS saw of a role: which keys asked who they are, whether all were let in, and how many ID tokens were exchanged.
func (w *world) seen(t *testing.T, c client, role string) (keys, tokens int) {
	t.Helper()
	k, tk := map[string]bool{}, map[string]bool{}
	for _, call := range w.STS.Calls() {
		if call.RoleARN != role {
			continue
		}
		switch call.Action {
		case "GetCallerIdentity":
			// A login in process mode asks too, as the command line that it is.
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

// fine checks that each call succeeded as the role.
func fine(t *testing.T, c client, answers []answer, role string) {
	t.Helper()
	if c.toTheEnd {
		// One call that met the end, and the next one with new credentials.
		for i, a := range answers[:len(answers)-1] {
			if a.Error == "ExpiredToken" && answers[i+1].Error == "" {
				t.Logf("call %d of %d met the end of its credentials", i+1, len(answers))
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

// A way is one of the ways out of package export.
type way struct {
	name string
	test func(t *testing.T, w *world, c client, home, role string)
}

var ways = []way{
	{"credentials file", credentialsFile},
	{"credential_process", credentialProcess},
	{"container endpoint", containerEndpoint},
	{"token file", tokenFile},
}

// TestClients lets each client use each way out, and see new credentials after the first ones have expired.
func TestClients(t *testing.T) {
	if testing.Short() {
		t.Skip("it waits for credentials to expire")
	}
	t.Parallel()
	w := newWorld(t)
	clients := allClients(t)
	t.Run("with", func(t *testing.T) {
		for _, c := range clients {
			for _, way := range ways {
				t.Run(c.name+" "+way.name, func(t *testing.T) {
					t.Parallel()
					program.Need(t, c.needs...)
					home := t.TempDir()
					way.test(t, w, c, home, w.role(t, c.name+"-"+strings.ReplaceAll(way.name, " ", "-")))
				})
			}
		}
	})
	w.secrets.check(t)
	if refused := w.Net.Refused(); len(refused) > 0 {
		t.Errorf("somebody wanted to reach %q", refused)
	}
}

// through is how often a client calls so that it lives through two sessions.
func through(c client) (calls int, pause time.Duration) {
	if c.oneCall {
		return 3, session * 2 / 3
	}
	return 9, session * 17 / 60 // no call when the credentials of the first one expire, or those after them
}

// Keys in a file are read once: when they have expired the program fails, and the next one finds new ones after the next login.
func credentialsFile(t *testing.T, w *world, c client, home, role string) {
	t.Helper()
	w.putRole(t, role, time.Hour) // they are expired by force
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
	fine(t, c, w.run(t, c, home, 1, 0), role)
	w.STS.ExpireCredentials(key)
	if a := w.run(t, c, home, 1, 0); a[0].Error != "ExpiredToken" {
		t.Errorf("with expired keys the client says %+v, want ExpiredToken", a[0])
	}
	login()
	fine(t, c, w.run(t, c, home, 1, 0), role)
	if keys, _ := w.seen(t, c, role); keys != 2 {
		t.Errorf("the client was let in with %d keys, want the two of the two logins", keys)
	}
}

// A credential_process is run again by a program whose credentials expire.
func credentialProcess(t *testing.T, w *world, c client, home, role string) {
	t.Helper()
	w.onafed(t, home, "idp", "login", "aws", "--verbose", "--mode", "process", "--role-arn", role, "--token-file", w.Token)
	var handed struct{ SecretAccessKey, SessionToken string }
	if err := json.Unmarshal(w.onafed(t, home, "aws", "credential-process", "--verbose", "--role-arn", role, "--token-file", w.Token), &handed); err != nil {
		t.Fatal(err)
	}
	w.secrets.add(handed.SecretAccessKey)
	w.secrets.add(handed.SessionToken)
	calls, pause := through(c)
	fine(t, c, w.run(t, c, home, calls, pause), role)
	refreshed(t, w, c, role)
}

// The container endpoint is asked again, and has new credentials before the old ones expire.
func containerEndpoint(t *testing.T, w *world, c client, home, role string) {
	t.Helper()
	file, lines := filepath.Join(home, "endpoint-token"), filepath.Join(home, "endpoint.env")
	w.onafedBeside(t, home, func() bool { text, err := os.ReadFile(lines); return err == nil && len(text) > 0 },
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
	calls, pause := through(c)
	fine(t, c, w.run(t, c, home, calls, pause, strings.Fields(string(text))...), role)
	refreshed(t, w, c, role)
}

// With a token file the client calls STS itself, each time with the token that is in the file then.
func tokenFile(t *testing.T, w *world, c client, home, role string) {
	t.Helper()
	file := filepath.Join(home, "token", "token")
	w.onafedBeside(t, home, func() bool { _, err := os.Stat(file); return err == nil },
		"idp", "token", "--verbose", "--audience", "sts.amazonaws.com", "--token-file", w.Token, "--output", file, "--watch")
	calls, pause := through(c)
	fine(t, c, w.run(t, c, home, calls, pause, "AWS_WEB_IDENTITY_TOKEN_FILE="+file, "AWS_ROLE_ARN="+role), role)
	if _, tokens := w.seen(t, c, role); tokens < 2 {
		t.Errorf("the client exchanged %d ID tokens, want the file's new ones too", tokens)
	}
	refreshed(t, w, c, role)
}

// refreshed checks that the client was let in with credentials that came after the first ones.
func refreshed(t *testing.T, w *world, c client, role string) {
	t.Helper()
	keys, tokens := w.seen(t, c, role)
	if keys < 2 {
		t.Errorf("the client was let in with %d keys in two lifetimes of them, want new ones too", keys)
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

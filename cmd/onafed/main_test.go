package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/onafed/onafed/idp"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"onafed": main, "sdk": sdk})
}

// sdk is a program that uses the AWS SDK and knows nothing of this module. It prints who it is.
func sdk() {
	cfg, err := config.LoadDefaultConfig(context.Background())
	if err == nil {
		var who *sts.GetCallerIdentityOutput
		if who, err = sts.NewFromConfig(cfg).GetCallerIdentity(context.Background(), nil); err == nil {
			fmt.Println(aws.ToString(who.Arn))
			return
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// Keys of what a script's commands find.
type (
	worldKey    struct{}
	tbKey       struct{}
	programsKey struct{}
)

func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:   "testdata/script",
		Setup: setup,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"mint": mint, "jwt": unsignedJWT, "start": start, "stop": stop, "loadenv": loadEnv,
			"get": get, "stscalls": stsCalls, "outage": outage, "mode": mode, "samejson": sameJSON, "exits": exits,
		},
		Condition: func(cond string) (bool, error) {
			if cond == "ona" { // an Ona environment: there always is a token then
				_, err := os.Stat(idp.DefaultSecretsFile)
				return err == nil, nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
	})
}

func setup(e *testscript.Env) error {
	tb := e.T().(testing.TB)
	w := newWorld(tb)
	e.Values[worldKey{}], e.Values[tbKey{}], e.Values[programsKey{}] = w, tb, make(map[string]*running)
	for name, value := range w.environment() {
		e.Setenv(name, value)
	}
	for name, content := range map[string]string{"token": w.token(tb, nil), "ca.pem": string(w.ca), "policy.json": w.policy, "api-key": testAPIKey + "\n"} {
		if err := os.WriteFile(filepath.Join(e.WorkDir, name), []byte(content), 0o600); err != nil {
			return err
		}
	}
	e.Setenv("SSL_CERT_FILE", filepath.Join(e.WorkDir, "ca.pem"))
	e.Setenv("HOME", e.WorkDir)
	name, value, _ := strings.Cut(goRace, "=")
	e.Setenv(name, value)
	e.Setenv("XDG_CACHE_HOME", filepath.Join(e.WorkDir, "cache"))
	return nil
}

// environment are the variables with which a program reaches this world and nothing else.
func (w *world) environment() map[string]string {
	return map[string]string{
		"HTTPS_PROXY":          w.proxyURL,
		"AWS_ENDPOINT_URL_STS": w.stsURL,
		"AWS_ENDPOINT_URL_IAM": w.iamURL,
		"AWS_REGION":           "us-east-1",
		"ROLE":                 testRole,
		"ORG":                  testOrg,
		"ISSUER":               testIssuer,
		"OTHER_ISSUER":         otherIssuer,
		"API":                  testIssuer + "/api",
		"COLUMNS":              "200",
	}
}

// goRace keeps each program of a test with -race from waiting a second at its end.
const goRace = "GORACE=atexit_sleep_ms=10"

func worldOf(ts *testscript.TestScript) *world { return ts.Value(worldKey{}).(*world) }

// mint FILE [CLAIM=JSON]... writes a signed token, with claims changed or, by null, removed. exp and iat are seconds from now.
func mint(ts *testscript.TestScript, _ bool, args []string) {
	change := make(map[string]any)
	for _, arg := range args[1:] {
		name, text, _ := strings.Cut(arg, "=")
		var value any
		ts.Check(json.Unmarshal([]byte(text), &value))
		if n, ok := value.(float64); ok && (name == "exp" || name == "iat") {
			value = time.Now().Unix() + int64(n)
		}
		change[name] = value
	}
	w := worldOf(ts)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(w.token(ts.Value(tbKey{}).(testing.TB), change)+"\n"), 0o600))
}

// jwt FILE PAYLOAD [HEADER] makes a token of two files, with a signature that nobody can check.
func unsignedJWT(ts *testscript.TestScript, _ bool, args []string) {
	header := `{"alg":"RS256","kid":"k0"}`
	if len(args) > 2 {
		header = ts.ReadFile(args[2])
	}
	part := base64.RawURLEncoding.EncodeToString
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(part([]byte(header))+"."+part([]byte(ts.ReadFile(args[1])))+"."+part([]byte("signature"))), 0o600))
}

// running is a program that start started.
type running struct {
	cmd  *exec.Cmd
	done chan error
}

// start NAME TEXT PROGRAM [ARG]... runs a program until stop NAME, and goes on when it wrote TEXT to standard error. Its output goes to
// the files NAME.out and NAME.err.
func start(ts *testscript.TestScript, _ bool, args []string) {
	name, text := args[0], args[1]
	out, err := os.Create(ts.MkAbs(name + ".out"))
	ts.Check(err)
	messages, err := os.Create(ts.MkAbs(name + ".err"))
	ts.Check(err)
	program, err := exec.LookPath(args[2])
	ts.Check(err)
	cmd := exec.Command(program, args[3:]...)
	ts.Check(ts.Exec("env", "-0"))
	cmd.Dir, cmd.Env = ts.Getenv("WORK"), strings.Split(strings.TrimSuffix(ts.ReadFile("stdout"), "\x00"), "\x00")
	cmd.Stdout = out
	pipe, err := cmd.StderrPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	r := &running{cmd: cmd, done: make(chan error, 1)}
	ts.Setenv("PID_"+name, fmt.Sprint(cmd.Process.Pid))
	programs := ts.Value(programsKey{}).(map[string]*running)
	programs[name] = r
	seen := make(chan struct{})
	go func() {
		waiting := true
		for lines := bufio.NewScanner(pipe); lines.Scan(); {
			fmt.Fprintln(messages, lines.Text())
			if waiting && strings.Contains(lines.Text(), text) {
				waiting = false
				close(seen)
			}
		}
		r.done <- cmd.Wait()
		if waiting {
			close(seen)
		}
	}()
	ts.Defer(func() { cmd.Process.Kill() })
	<-seen
	if got := ts.ReadFile(name + ".err"); !strings.Contains(got, text) {
		ts.Fatalf("%s ended without %q:\n%s", name, text, got)
	}
}

// stop NAME interrupts a program as ctrl-C does and wants it to end with status 0.
func stop(ts *testscript.TestScript, _ bool, args []string) {
	r := ts.Value(programsKey{}).(map[string]*running)[args[0]]
	ts.Check(r.cmd.Process.Signal(os.Interrupt))
	if err := <-r.done; err != nil {
		ts.Fatalf("%s: %v\n%s", args[0], err, ts.ReadFile(args[0]+".err"))
	}
}

// loadenv FILE sets the variables of a file of NAME=VALUE lines.
func loadEnv(ts *testscript.TestScript, _ bool, args []string) {
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(line, "#") {
			ts.Setenv(name, value)
		}
	}
}

// get STATUS URL TOKENFILE [HEADER=VALUE]... asks a container endpoint and writes the answer to the file answer.
func get(ts *testscript.TestScript, _ bool, args []string) {
	req, err := http.NewRequest(http.MethodGet, args[1], nil)
	ts.Check(err)
	req.Header.Set("Authorization", strings.TrimSpace(ts.ReadFile(args[2])))
	for _, h := range args[3:] {
		name, value, _ := strings.Cut(h, "=")
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	ts.Check(err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	ts.Check(err)
	if fmt.Sprint(resp.StatusCode) != args[0] {
		ts.Fatalf("status %d, want %s: %s", resp.StatusCode, args[0], body)
	}
	ts.Check(os.WriteFile(ts.MkAbs("answer"), body, 0o600))
}

// stscalls N wants so many calls of AssumeRoleWithWebIdentity until now.
func stsCalls(ts *testscript.TestScript, _ bool, args []string) {
	n := 0
	for _, call := range worldOf(ts).sts.Calls() {
		if call.Action == "AssumeRoleWithWebIdentity" {
			n++
		}
	}
	if fmt.Sprint(n) != args[0] {
		ts.Fatalf("%d calls of STS, want %s", n, args[0])
	}
}

// outage on|off lets STS answer 500.
func outage(ts *testscript.TestScript, _ bool, args []string) {
	worldOf(ts).sts.Outage(args[0] == "on")
}

// exits STATUS PROGRAM [ARG]... runs a program that ends with a status other than 0.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	exit, ok := errors.AsType[*exec.ExitError](ts.Exec(args[1], args[2:]...))
	if !ok || fmt.Sprint(exit.ExitCode()) != args[0] {
		ts.Fatalf("%v, want status %s", exit, args[0])
	}
}

// mode OCTAL FILE wants a file with that mode.
func mode(ts *testscript.TestScript, _ bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := fmt.Sprintf("%04o", info.Mode().Perm()); got != args[0] {
		ts.Fatalf("%s has mode %s, want %s", args[1], got, args[0])
	}
}

// samejson FILE FILE wants two files with the same JSON.
func sameJSON(ts *testscript.TestScript, _ bool, args []string) {
	var texts []string
	for _, file := range args {
		var v any
		ts.Check(json.Unmarshal([]byte(ts.ReadFile(file)), &v))
		text, err := json.MarshalIndent(v, "", " ")
		ts.Check(err)
		texts = append(texts, string(text))
	}
	if texts[0] != texts[1] {
		ts.Fatalf("%s and %s differ:\n%s\n%s", args[0], args[1], texts[0], texts[1])
	}
}

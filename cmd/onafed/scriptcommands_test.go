package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// mint FILE [CLAIM=JSON]... writes a signed token with the given claims changed; null removes a
// claim. exp and iat are seconds from now.
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

// jwt FILE PAYLOAD [HEADER] writes a token from two files. Its signature is invalid.
func unsignedJWT(ts *testscript.TestScript, _ bool, args []string) {
	header := `{"alg":"RS256","kid":"k0"}`
	if len(args) > 2 {
		header = ts.ReadFile(args[2])
	}
	part := base64.RawURLEncoding.EncodeToString
	token := part([]byte(header)) + "." + part([]byte(ts.ReadFile(args[1]))) + "." + part([]byte("signature"))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(token), 0o600))
}

// loadenv FILE sets the variables in a file of NAME=VALUE lines.
func loadEnv(ts *testscript.TestScript, _ bool, args []string) {
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(line, "#") {
			ts.Setenv(name, strings.ReplaceAll(strings.Trim(value, "'"), `'\''`, "'"))
		}
	}
}

// get STATUS URL TOKENFILE [HEADER=VALUE]... sends a request to a container endpoint and writes the
// body of the answer to the file answer.
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

// stscalls N requires exactly N calls of AssumeRoleWithWebIdentity until now.
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

// sent FILE writes the parameters of the last AssumeRoleWithWebIdentity to a file, one NAME=VALUE in
// a line, without the token.
func sent(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	w.mu.Lock()
	defer w.mu.Unlock()
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(w.sent)) {
		if name != "WebIdentityToken" {
			fmt.Fprintf(&b, "%s=%s\n", name, w.sent.Get(name))
		}
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(b.String()), 0o600))
}

// outage on|off makes STS answer 500, or ends that.
func outage(ts *testscript.TestScript, _ bool, args []string) {
	worldOf(ts).sts.Outage(args[0] == "on")
}

// clientids [ID]... sets the client IDs of the identity provider in IAM. Without one, it does not exist.
func clientIDs(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clients = args
}

// exits STATUS PROGRAM [ARG]... runs a program that must end with a status other than 0.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	exit, ok := errors.AsType[*exec.ExitError](ts.Exec(args[1], args[2:]...))
	if !ok || fmt.Sprint(exit.ExitCode()) != args[0] {
		ts.Fatalf("%v, want status %s", exit, args[0])
	}
}

// mode OCTAL FILE requires a file to have a mode.
func mode(ts *testscript.TestScript, _ bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := fmt.Sprintf("%04o", info.Mode().Perm()); got != args[0] {
		ts.Fatalf("%s has mode %s, want %s", args[1], got, args[0])
	}
}

// samejson FILE FILE requires two files to have the same JSON.
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

package faults_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/onafed/onafed/awsfed/export"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/idptest"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The environment variables of a child process that runs this test binary.
const (
	childRole = "ONAFED_FAULTS_CHILD"
	childDir  = "ONAFED_FAULTS_DIR"
	childArg  = "ONAFED_FAULTS_ARG"
)

// TestChild runs in the child processes of these tests.
func TestChild(t *testing.T) {
	roles := map[string]func(t *testing.T, dir, arg string){
		"write credentials": childCredentials,
		"write tokens":      childTokens,
		"write cache":       childCache,
		"serve":             childServe,
	}
	role := os.Getenv(childRole)
	if role == "" {
		t.Skip("runs in child processes only")
	}
	run, ok := roles[role]
	if !ok {
		run = diskRole(role)
	}
	run(t, os.Getenv(childDir), os.Getenv(childArg))
}

// command returns a command that runs the test binary in a role.
func command(ctx context.Context, tb testing.TB, role, dir, arg string) *exec.Cmd {
	tb.Helper()
	self, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, self, "-test.run=^TestChild$", "-test.timeout=2m")
	cmd.Env = append(os.Environ(), childRole+"="+role, childDir+"="+dir, childArg+"="+arg)
	cmd.Stderr = os.Stderr
	return cmd
}

// process is a child process that reports its progress on its standard output.
type process struct {
	lines chan string
	stdin io.WriteCloser
	kill  func()
}

// start starts a child process. It is killed at the end of the test at the latest.
func start(tb testing.TB, role, dir, arg string) *process {
	tb.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(tb.Context()))
	cmd := command(ctx, tb, role, dir, arg)
	p := &process{lines: make(chan string)}
	out, err := cmd.StdoutPipe()
	if err == nil {
		p.stdin, err = cmd.StdinPipe()
	}
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		cancel()
		tb.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(p.lines)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if text, ok := strings.CutPrefix(lines.Text(), "child: "); ok {
				select {
				case p.lines <- text:
				case <-done:
				}
			}
		}
	}()
	p.kill = sync.OnceFunc(func() {
		_ = cmd.Process.Kill() // SIGKILL
		close(done)
		for range p.lines { // the lines that it printed before
		}
		_ = cmd.Wait()
		cancel()
	})
	tb.Cleanup(p.kill)
	return p
}

// nextLine waits for the next line of the child.
func (p *process) nextLine(tb testing.TB) string {
	tb.Helper()
	select {
	case text, ok := <-p.lines:
		if !ok {
			tb.Error("the child has ended")
		}
		return text
	case <-time.After(time.Minute):
		tb.Error("the child prints nothing")
		return ""
	}
}

// ignore reads and discards the lines of the child, so that the child does not block.
func (p *process) ignore() {
	for range p.lines { // until it ends
	}
}

// printLine reports progress to the parent.
func printLine(text any) { fmt.Printf("child: %v\n", text) }

// childCredentials writes new credentials to a profile in a loop. It prints the number of each
// after it is written.
func childCredentials(t *testing.T, dir, profile string) {
	t.Helper()
	f, err := export.NewCredentialsFile(dir+"/credentials", nil)
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; ; n++ {
		if err := f.WriteCredentials(t.Context(), profile, fakeCredentials(n)); err != nil {
			t.Fatal(err)
		}
		printLine(n)
	}
}

// childTokens writes new tokens in a loop.
func childTokens(t *testing.T, dir, _ string) {
	t.Helper()
	n := 0
	f, err := export.NewTokenFile(dir+"/tokens/web-identity", idp.TokenSourceFunc(func(context.Context) (*idp.Token, error) { return numbered(n) }), nil)
	if err != nil {
		t.Fatal(err)
	}
	for n = 1; ; n++ {
		if _, err := f.Write(t.Context()); err != nil {
			t.Fatal(err)
		}
		printLine(n)
	}
}

// childCache adds new entries to a cache in a loop.
func childCache(t *testing.T, dir, prefix string) {
	t.Helper()
	c := export.OpenCache(&export.CacheOptions{Dir: dir + "/cache"})
	if err := c.Off(); err != nil {
		t.Fatal(err)
	}
	for n := 1; ; n++ {
		if _, err := c.Entry(t.Context(), numberedEntry(prefix, n, nil)); err != nil {
			t.Fatal(err)
		}
		printLine(n)
	}
}

// numbered returns a token whose jti is a number. Its signature is not valid.
func numbered(n int) (*idp.Token, error) {
	now := time.Now().Unix()
	payload := fmt.Sprintf(`{"iss":%q,"sub":%q,"aud":%q,"iat":%d,"exp":%d,"jti":"%d"}`, idp.Issuer, idptest.Subject, idp.AudienceAWS, now, now+3600, n)
	enc := func(s string) string { return base64url(s) }
	return idp.ParseToken(enc(`{"alg":"RS256","kid":"k0"}`) + "." + enc(payload) + "." + enc("not a signature"))
}

// numberedEntry returns the request for entry n of a cache. calls counts the fetches, if not nil.
func numberedEntry(prefix string, n int, calls *int) export.CacheRequest {
	return export.CacheRequest{
		Key: export.CacheKey{SourceFingerprint: prefix + strconv.Itoa(n), RoleARN: roleARN},
		Fetch: func(context.Context) (export.CacheEntry, error) {
			if calls != nil {
				*calls++
			}
			return export.NewCacheEntry(export.CacheIdentity{}, fakeCredentials(n)), nil
		},
	}
}

// childServe runs the servers of a world on loopback. They send each response in pieces. Each piece
// waits for a byte on the standard input, until the input ends.
func childServe(t *testing.T, _, bearer string) {
	t.Helper()
	allowed := make(chan struct{})
	go func() {
		defer close(allowed)
		for buf := make([]byte, 1); ; allowed <- struct{}{} {
			if _, err := os.Stdin.Read(buf); err != nil {
				return
			}
		}
	}()
	var inPieces http.HandlerFunc
	w := newWorldOf(t, func(tb testing.TB, next http.Handler) *server {
		tb.Helper()
		inPieces = func(rw http.ResponseWriter, r *http.Request) {
			rec := httptest.NewRecorder()
			next.ServeHTTP(rec, r)
			printLine("request")
			<-allowed
			for name, values := range rec.Header() {
				rw.Header()[name] = values
			}
			rw.WriteHeader(rec.Code)
			for body := rec.Body.Bytes(); len(body) > 0; {
				n := min(len(body), 100)
				_, _ = rw.Write(body[:n])
				_ = http.NewResponseController(rw).Flush()
				body = body[n:]
				printLine("piece")
				<-allowed
			}
		}
		return onLoopback(tb, inPieces)
	}, bearer, "RS256", time.Hour)
	conn, err := w.dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	printLine(conn.RemoteAddr())
	conn.Close()
	<-t.Context().Done()
	t.Error(errors.New("the server was not killed"))
}

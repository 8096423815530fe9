//go:build unix

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// childSignals returns the signals that the program child prints.
func childSignals() []os.Signal {
	return []os.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGWINCH}
}

// execution is a running "aws exec" whose command is the program child.
type execution struct {
	cmd        *exec.Cmd
	lines      *bufio.Scanner
	uri, token string
}

// executeChild starts "aws exec" in a process group of its own, and waits until the command runs.
func executeChild(t *testing.T, w *world, flags []string, words ...string) *execution {
	t.Helper()
	e := newExecution(t, w, flags, words...)
	e.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := e.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	e.start(t, out)
	return e
}

func newExecution(t *testing.T, w *world, flags []string, words ...string) *execution {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{"token": w.token(t, nil), "ca.pem": string(w.ca)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	args := slices.Concat([]string{"aws", "exec", "--role-arn", testRole, "--token-file", "token"}, flags, []string{"--"}, words)
	return &execution{cmd: command(t, t.Context(), w, dir, args)}
}

// start starts the program and reads the first line of the command from its output.
func (e *execution) start(t *testing.T, out io.Reader) {
	t.Helper()
	if err := e.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.cmd.Process.Kill() })
	e.lines = bufio.NewScanner(out)
	if _, err := fmt.Sscanf(e.line(t), "ready %s %s", &e.uri, &e.token); err != nil {
		t.Fatal(err)
	}
}

func (e *execution) line(t *testing.T) string {
	t.Helper()
	if !e.lines.Scan() {
		t.Fatalf("the output ended: %v", e.lines.Err())
	}
	return strings.TrimRight(e.lines.Text(), "\r")
}

// end waits until the command has ended, and checks that nothing of the program is left.
func (e *execution) end(t *testing.T) syscall.WaitStatus {
	t.Helper()
	for e.lines.Scan() {
		t.Errorf("unexpected line %q", e.lines.Text())
	}
	if err := e.cmd.Wait(); err != nil && e.cmd.ProcessState == nil {
		t.Fatal(err)
	}
	if e.uri != "" {
		eventually(t, "the port of the endpoint is still open", func() bool {
			resp, err := http.Get(e.uri)
			if err == nil {
				resp.Body.Close()
			}
			return errors.Is(err, syscall.ECONNREFUSED)
		})
	}
	eventually(t, "the server process is still there", func() bool { return len(servers(t, e.cmd.Dir)) == 0 })
	return e.cmd.ProcessState.Sys().(syscall.WaitStatus)
}

// TestExecDeliversSignalsOnce sends each signal to the process alone, and to its process group as a
// terminal does. The command gets each once, and ends when it wants to.
func TestExecDeliversSignalsOnce(t *testing.T) {
	t.Parallel()
	e := executeChild(t, newWorld(t), nil, "child", "signals")
	pid := e.cmd.Process.Pid
	var got, want []string
	for _, s := range []syscall.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGUSR1, syscall.SIGWINCH} {
		for _, to := range []int{pid, -pid} {
			if err := syscall.Kill(to, s); err != nil {
				t.Fatal(err)
			}
			want = append(want, s.String())
			got = append(got, e.line(t)) // so that two signals do not become one
		}
	}
	if err := syscall.Kill(pid, syscall.SIGUSR2); err != nil {
		t.Fatal(err)
	}
	want, got = append(want, syscall.SIGUSR2.String()), append(got, e.line(t))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("signals of the command (-want +got):\n%s", diff)
	}
	if status := e.end(t); status != 0 {
		t.Errorf("status %#x, want 0", status)
	}
}

// TestExecStops stops and continues the command as ctrl-Z and fg do, and then kills it, although it
// ignores SIGTERM.
func TestExecStops(t *testing.T) {
	t.Parallel()
	e := executeChild(t, newWorld(t), nil, "child", "signals")
	pid := e.cmd.Process.Pid
	var status syscall.WaitStatus
	if err := syscall.Kill(-pid, syscall.SIGTSTP); err != nil {
		t.Fatal(err)
	}
	if _, err := syscall.Wait4(pid, &status, syscall.WUNTRACED, nil); err != nil || !status.Stopped() {
		t.Fatalf("status %#x, %v, want that the process is stopped", status, err)
	}
	for _, s := range []syscall.Signal{syscall.SIGCONT, syscall.SIGTERM} {
		if err := syscall.Kill(-pid, s); err != nil {
			t.Fatal(err)
		}
	}
	if got := e.line(t); got != syscall.SIGTERM.String() {
		t.Errorf("the command got %q", got)
	}
	if err := e.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if status := e.end(t); status.Signal() != syscall.SIGKILL {
		t.Errorf("status %#x, want SIGKILL", status)
	}
}

// TestExecRefreshes runs a command that lives longer than its credentials, as a child of a shell, so
// that a grandchild uses the endpoint. Keys of another life follow in time.
func TestExecRefreshes(t *testing.T) {
	t.Parallel()
	e := executeChild(t, newWorld(t), []string{"--duration-seconds", "6"}, "sh", "-c", "child keys & wait $!")
	seen := make(map[string]bool)
	for range 3 {
		key := e.line(t)
		if !strings.HasPrefix(key, "ASIATESTONAFED") || seen[key] {
			t.Errorf("key %q after %v", key, seen)
		}
		seen[key] = true
	}
	if status := e.end(t); status != 0 {
		t.Errorf("status %#x, want 0", status)
	}
}

// TestExecEndsDuringRefresh ends the command while STS does not answer the refresh. The server does
// not wait for STS.
func TestExecEndsDuringRefresh(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	calls, release := hang(t, w, 2)
	e := executeChild(t, w, []string{"--duration-seconds", "3"}, "child", "signals")
	<-calls
	<-calls
	if err := e.cmd.Process.Signal(syscall.SIGUSR2); err != nil {
		t.Fatal(err)
	}
	if got := e.line(t); got != syscall.SIGUSR2.String() {
		t.Errorf("the command got %q", got)
	}
	if status := e.end(t); status != 0 {
		t.Errorf("status %#x, want 0", status)
	}
	release()
}

// TestExecEndsBeforeTheCommand sends a signal while the role is being assumed. The command never
// runs.
func TestExecEndsBeforeTheCommand(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	calls, release := hang(t, w, 1)
	e := newExecution(t, w, nil, "touch", "ran")
	if err := e.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-calls
	if err := e.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	e.lines = bufio.NewScanner(strings.NewReader(""))
	if status := e.end(t); status.Signal() != syscall.SIGTERM {
		t.Errorf("status %#x, want SIGTERM", status)
	}
	release()
	if _, err := os.Stat(filepath.Join(e.cmd.Dir, "ran")); err == nil {
		t.Error("the command ran")
	}
}

// hang lets STS hang from its n-th call until release is called. Each call is sent to calls.
func hang(t *testing.T, w *world, n int) (calls <-chan struct{}, release func()) {
	t.Helper()
	began, released := make(chan struct{}, 100), make(chan struct{})
	var number int
	w.mu.Lock()
	w.during = func() {
		w.mu.Lock()
		number++
		hangs := number >= n
		w.mu.Unlock()
		began <- struct{}{}
		if hangs {
			<-released
		}
	}
	w.mu.Unlock()
	var closed bool
	release = func() {
		if !closed {
			close(released)
		}
		closed = true
	}
	t.Cleanup(release)
	return began, release
}

// TestExecKeepsTheTokenPrivate looks for the token of the endpoint in the arguments of all processes
// and in the environment of the server.
func TestExecKeepsTheTokenPrivate(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux shows the arguments of all processes in /proc")
	}
	e := executeChild(t, newWorld(t), nil, "child", "signals")
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	pids := servers(t, e.cmd.Dir)
	if len(pids) != 1 {
		t.Fatalf("server processes %v, want one", pids)
	}
	files = append(files, filepath.Join("/proc", pids[0], "environ"))
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err == nil && strings.Contains(string(text), e.token) {
			t.Errorf("%s has the token of the endpoint", file)
		}
	}
	if err := e.cmd.Process.Signal(syscall.SIGUSR2); err != nil {
		t.Fatal(err)
	}
	e.line(t)
	e.end(t)
}

// Package program runs programs for a test and ends them when the test ends.
package program

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Required reports whether a missing program is a failure, because the runner installed all
// programs.
func Required() bool { return os.Getenv("ONAFED_INTEROP") == "required" }

// Has reports whether the programs are installed. A name with a slash is the path of a file; other
// names are looked up in PATH.
func Has(programs ...string) bool { return len(missing(programs)) == 0 }

// Need skips the test if a program is missing (see Has), or fails it if Required.
func Need(tb testing.TB, programs ...string) {
	tb.Helper()
	switch gone := missing(programs); {
	case len(gone) == 0:
	case Required():
		tb.Fatalf("not installed: %s", strings.Join(gone, ", "))
	default:
		tb.Skipf("not installed: %s (internal/interop/run prints the command)", strings.Join(gone, ", "))
	}
}

func missing(programs []string) []string {
	var gone []string
	for _, p := range programs {
		var err error
		if strings.Contains(p, "/") {
			_, err = os.Stat(p)
		} else {
			_, err = exec.LookPath(p)
		}
		if err != nil {
			gone = append(gone, p)
		}
	}
	return gone
}

// A Process is a program that runs in the background.
type Process struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error
	once sync.Once
}

// Start starts a program in its own process group. It ends with the test's process, also if that is
// killed.
func Start(cmd *exec.Cmd) (*Process, error) {
	cmd.SysProcAttr = attributes()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &Process{cmd: cmd, done: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// Done returns a channel that is closed when the program has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// PID returns the ID of the process.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Stop asks the program to end, kills it if that takes too long, and waits for its end.
func (p *Process) Stop() error {
	p.once.Do(func() {
		p.cmd.Process.Signal(syscall.SIGTERM) //nolint:errcheck // it may have ended
		select {
		case <-p.done:
		case <-time.After(5 * time.Second):
			p.cmd.Process.Kill() //nolint:errcheck // as above
			<-p.done
		}
	})
	var exit *exec.ExitError
	if errors.As(p.err, &exit) {
		return nil // it ended by the signal
	}
	return p.err
}

// Run runs a program until it ends and returns its output. The error contains its standard error.
func Run(cmd *exec.Cmd) ([]byte, error) {
	var problems strings.Builder
	cmd.Stderr = &problems
	cmd.SysProcAttr = attributes()
	out, err := cmd.Output()
	if err != nil {
		return out, fmt.Errorf("%s: %w: %s", filepath.Base(cmd.Path), err, Tail(problems.String()))
	}
	return out, nil
}

// Build compiles a command of dir's module for the test and returns its path.
func Build(tb testing.TB, dir, pkg string) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), filepath.Base(pkg))
	cmd := exec.CommandContext(tb.Context(), "go", "build", "-o", path, pkg)
	cmd.Dir = dir
	if _, err := Run(cmd); err != nil {
		tb.Fatal(err)
	}
	return path
}

// Tail returns the end of a text, which usually shows what went wrong.
func Tail(s string) string {
	const most = 3000
	if s = strings.TrimSpace(s); len(s) > most {
		s = "…" + s[len(s)-most:]
	}
	return s
}

// A Buffer collects the output of a program. It is safe for concurrent use.
type Buffer struct {
	mu  sync.Mutex // guards buf
	buf strings.Builder
}

var _ io.Writer = (*Buffer)(nil)

// Write appends to the buffer.
func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

// String returns everything written so far.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

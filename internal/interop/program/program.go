// Package program starts other people's programs for a test and ends them with it.
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

// Required reports whether a missing program is a failure: the runner has installed all of them.
func Required() bool { return os.Getenv("ONAFED_INTEROP") == "required" }

// Has reports whether the programs are there. A path with a slash is a file that must exist, anything else is looked up in PATH.
func Has(programs ...string) bool { return len(missing(programs)) == 0 }

// Need skips the test unless the programs are there, as in Has, or fails it where nothing may be missing.
func Need(tb testing.TB, programs ...string) {
	tb.Helper()
	switch gone := missing(programs); {
	case len(gone) == 0:
	case Required():
		tb.Fatalf("not installed: %s", strings.Join(gone, ", "))
	default:
		tb.Skipf("not installed: %s (internal/interop/run prints how to)", strings.Join(gone, ", "))
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

// A Process is a program that runs beside the test.
type Process struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error
	once sync.Once
}

// Start starts a program in a process group of its own. It dies with the test's process, also when that is killed.
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

// Done is closed when the program has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// PID is its process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Stop asks the program to end, kills it if it has not after a while, and waits until it is gone.
func (p *Process) Stop() error {
	p.once.Do(func() {
		p.cmd.Process.Signal(syscall.SIGTERM) //nolint:errcheck // one that has ended is what is wanted
		select {
		case <-p.done:
		case <-time.After(5 * time.Second):
			p.cmd.Process.Kill() //nolint:errcheck // as above
			<-p.done
		}
	})
	var exit *exec.ExitError
	if errors.As(p.err, &exit) {
		return nil // by the signal
	}
	return p.err
}

// Run runs a program to its end and returns its output; the error has what it wrote on standard error.
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

// Tail is the end of a text, enough to tell what went wrong.
func Tail(s string) string {
	const most = 3000
	if s = strings.TrimSpace(s); len(s) > most {
		s = "…" + s[len(s)-most:]
	}
	return s
}

// A Buffer collects what a program writes while the test reads it.
type Buffer struct {
	mu  sync.Mutex // guards buf
	buf strings.Builder
}

var _ io.Writer = (*Buffer)(nil)

// Write adds to the buffer.
func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

// String is everything up to now.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

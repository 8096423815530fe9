package idp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/internal/quote"
)

const (
	// defaultExecTimeout is enough for a command that asks a server three times.
	defaultExecTimeout = 30 * time.Second
	// execWaitDelay is how long after the command's end its grandchildren may hold its output open.
	execWaitDelay = time.Second
	// stdoutLimit is room for the largest token and the white space around it.
	stdoutLimit = claims.MaxTokenSize + 1024
	// stderrShown is how much of the end of stderr is kept: programs say last why they gave up.
	stderrShown = 512
)

// ExecOptions are the options of [ExecWith]. Nil means the zero value.
type ExecOptions struct {
	// Timeout bounds each run; 0 means 30 seconds. When it is over the command is killed.
	Timeout time.Duration
	// Env is added to the environment of this process, which the command gets, as "NAME=value". The last of a name counts.
	Env []string
	// Dir is where the command runs; "" means where this process does.
	Dir string
}

// Exec returns a source that runs a command each time it is asked and reads an ID token from its standard output, as in
//
//	src := idp.Exec("ona", "idp", "token", "--audience", idp.AudienceAWS)
//
// No shell is involved: the arguments reach the command as they are. The command gets no standard input. Its run is bounded in
// time (30 seconds; see [ExecWith]) and in output; its token is never in an argument. When it fails, the error is an [*ExecError]
// inside a [*SourceError].
func Exec(name string, args ...string) TokenSource { return ExecWith(nil, name, args...) }

// ExecWith is [Exec] with options.
func ExecWith(opts *ExecOptions, name string, args ...string) TokenSource {
	c := &command{name: name, args: append([]string(nil), args...), timeout: defaultExecTimeout}
	if opts != nil {
		if opts.Timeout > 0 {
			c.timeout = opts.Timeout
		}
		c.env, c.dir = append([]string(nil), opts.Env...), opts.Dir
	}
	// The name of the source has no arguments, which may hold a secret although they should not.
	return &textSource{name: "command " + quote.Text(name, nameText), configured: c.exists, read: c.run}
}

// An ExecError says how a command that should print a token failed.
type ExecError struct {
	// Stderr is the end of what the command wrote to standard error, at most 512 bytes, without anything that looks like a
	// token. It is text of the command's: print it quoted.
	Stderr string
	// Err is the cause: an [*exec.ExitError] (whose own Stderr is empty), [exec.ErrNotFound],
	// [context.DeadlineExceeded] when the time was over, or that its output is too large.
	Err error
}

// Error implements error.
func (e *ExecError) Error() string {
	if e.Stderr == "" {
		return e.Err.Error()
	}
	return e.Err.Error() + ": " + quote.Text(e.Stderr, stderrShown)
}

// Unwrap returns e.Err.
func (e *ExecError) Unwrap() error { return e.Err }

// command is a program that prints a token.
type command struct {
	name    string
	args    []string
	env     []string
	dir     string
	timeout time.Duration
}

// exists reports whether there is such a command.
func (c *command) exists() bool {
	if c.name == "" {
		return false
	}
	_, err := exec.LookPath(c.name)
	return err == nil
}

// run returns the command's output without the white space around it.
func (c *command) run(ctx context.Context) (string, error) {
	if c.name == "" {
		return "", errEmptySource
	}
	run, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	stdout := &headWriter{limit: stdoutLimit, full: cancel}
	stderr := &tailWriter{limit: 4 * stderrShown}      // more than is shown, so that a token is not cut in half before it is found
	cmd := exec.CommandContext(run, c.name, c.args...) //nolint:gosec // running the caller's command is what this source is for
	cmd.Dir = c.dir
	cmd.Env = append(os.Environ(), c.env...)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.WaitDelay = execWaitDelay
	err := cmd.Run()
	switch {
	case stdout.overflow:
		err = fmt.Errorf("it wrote more than %d bytes", stdoutLimit)
	case ctx.Err() != nil:
		err = ctx.Err()
	case run.Err() != nil:
		err = fmt.Errorf("no token within %s: %w", c.timeout, run.Err())
	case errors.Is(err, exec.ErrWaitDelay):
		// The command itself succeeded; a child that it left behind holds the pipe. What it wrote until now counts.
		err = nil
	case err != nil:
		err = pathless(execCause(err))
	}
	out := strings.TrimSpace(stdout.buf.String())
	if err != nil {
		return "", &ExecError{Stderr: stderr.shown(out), Err: err}
	}
	if out == "" {
		return "", &ExecError{Stderr: stderr.shown(""), Err: errors.New("it succeeded without writing a token")}
	}
	return out, nil
}

// execCause removes the unquoted command name that package exec puts around a cause.
func execCause(err error) error {
	if ee, ok := errors.AsType[*exec.Error](err); ok {
		return ee.Err
	}
	return err
}

// headWriter keeps the first limit bytes and calls full when there are more.
type headWriter struct {
	buf      bytes.Buffer
	limit    int
	overflow bool
	full     func()
}

func (w *headWriter) Write(p []byte) (int, error) {
	if room := w.limit - w.buf.Len(); len(p) > room {
		w.buf.Write(p[:room])
		w.overflow = true
		w.full()
		return len(p), nil // an error would close the pipe, and the command would die of that instead of being killed
	}
	return w.buf.Write(p)
}

// tailWriter keeps the last limit bytes.
type tailWriter struct {
	buf   []byte
	limit int
}

func (w *tailWriter) Write(p []byte) (int, error) {
	w.buf = append(w.buf, p[max(0, len(p)-w.limit):]...)
	w.buf = w.buf[max(0, len(w.buf)-w.limit):]
	return len(p), nil
}

// shown returns the end of what was written, without the command's own output and what looks like a token.
func (w *tailWriter) shown(out string) string {
	s := strings.TrimSpace(quote.Scrub(string(w.buf), out))
	return s[max(0, len(s)-stderrShown):]
}

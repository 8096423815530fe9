package idp

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/internal/quote"
)

const (
	// defaultExecTimeout is enough for a command that sends three requests.
	defaultExecTimeout = 30 * time.Second
	// execWaitDelay is how long children of the command may keep its output open after it ended.
	execWaitDelay = time.Second
	// stdoutLimit is enough for the largest token and white space around it.
	stdoutLimit = claims.MaxTokenSize + 1024
	// stderrShown is how many bytes of the end of stderr are kept: programs print the reason last.
	stderrShown = 512
)

// ExecOptions are the options of [ExecWith]. Nil means the zero value.
type ExecOptions struct {
	// Timeout bounds each run, after which the command is killed. Zero or less means 30 seconds.
	Timeout time.Duration
	// Env adds variables, as "NAME=value", to those of this process. The last value of a name counts.
	// With an entry of another form, Token fails with an [*OptionError] and runs no command.
	Env []string
	// Dir is the working directory; "" means that of this process.
	Dir string
}

// Exec returns a source that runs a command for each call and reads an ID token from its standard
// output:
//
//	src := idp.Exec("ona", "idp", "token", "--audience", idp.AudienceAWS)
//
// There is no shell: the command gets the arguments unchanged, and no standard input. Its time (30
// seconds, see [ExecWith]) and its output are bounded. If it fails, the error is an [*ExecError] in a
// [*SourceError].
func Exec(name string, args ...string) TokenSource { return ExecWith(nil, name, args...) }

// ExecWith is [Exec] with options.
func ExecWith(opts *ExecOptions, name string, args ...string) TokenSource {
	o := *cmp.Or(opts, &ExecOptions{})
	c := &command{name: name, args: slices.Clone(args), env: slices.Clone(o.Env), dir: o.Dir, timeout: o.Timeout}
	if c.timeout <= 0 {
		c.timeout = defaultExecTimeout
	}
	// The name of the source does not contain the arguments, because they may contain a secret.
	return &localSource{name: "command " + quote.Path(name), configured: c.exists, read: c.token}
}

// An ExecError reports why a command did not print a token.
type ExecError struct {
	// Stderr is the end of the command's standard error, at most 512 bytes, without anything that
	// looks like a token. Quote it before you print it.
	Stderr string
	// Err is the cause: an [*exec.ExitError] (whose own Stderr is empty), [exec.ErrNotFound],
	// [context.DeadlineExceeded] after the timeout, or an error about the output.
	Err error
}

// Error returns the cause and the end of standard error.
func (e *ExecError) Error() string {
	if e.Stderr == "" {
		return e.Err.Error()
	}
	return e.Err.Error() + ": " + quote.Text(e.Stderr, stderrShown)
}

// Unwrap returns e.Err.
func (e *ExecError) Unwrap() error { return e.Err }

// A command is a program that prints a token.
type command struct {
	name    string
	args    []string
	env     []string
	dir     string
	timeout time.Duration
}

// exists reports whether the command can be found.
func (c *command) exists() bool {
	_, err := exec.LookPath(c.name)
	return err == nil
}

// token runs the command and parses its output.
func (c *command) token(ctx context.Context) (*Token, error) {
	out, err := c.run(ctx)
	if err != nil {
		return nil, err
	}
	return ParseToken(out)
}

// run returns the output of the command without the white space around it.
func (c *command) run(ctx context.Context) (string, error) {
	if c.name == "" {
		return "", errEmptySource
	}
	if err := checkVariables(c.env); err != nil {
		return "", permanentError{&OptionError{Func: "ExecWith", Option: "Env", Err: err}}
	}
	run, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	stdout := &headWriter{limit: stdoutLimit, full: cancel}
	stderr := &tailWriter{limit: 4 * stderrShown}      // more than is shown, because a token that is cut may not be recognized
	cmd := exec.CommandContext(run, c.name, c.args...) //nolint:gosec // the purpose of this source is to run the caller's command
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
		// The command succeeded, but a child of it keeps the pipe open. Use the output so far.
		err = nil
	case err != nil:
		err = withoutPath(err)
	}
	out := strings.TrimSpace(stdout.buf.String())
	if err != nil {
		return "", &ExecError{Stderr: stderr.scrubbed(out), Err: err}
	}
	if out == "" {
		return "", &ExecError{Stderr: stderr.scrubbed(""), Err: errors.New("it succeeded without writing a token")}
	}
	return out, nil
}

// checkVariables returns an error unless all entries have the form "NAME=value". The error does not
// contain an entry, which may be a secret.
func checkVariables(entries []string) error {
	for i, entry := range entries {
		// On Windows, "=C:=C:\folder" is the working directory of a drive.
		if strings.LastIndexByte(entry, '=') <= 0 {
			return fmt.Errorf("entry %d of %d is not NAME=value", i+1, len(entries))
		}
	}
	return nil
}

// A headWriter keeps the first limit bytes, and calls full if there are more.
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
		return len(p), nil // an error would close the pipe and hide that the command was killed
	}
	return w.buf.Write(p)
}

// A tailWriter keeps the last limit bytes.
type tailWriter struct {
	buf   []byte
	limit int
}

func (w *tailWriter) Write(p []byte) (int, error) {
	w.buf = append(w.buf, p[max(0, len(p)-w.limit):]...)
	w.buf = w.buf[max(0, len(w.buf)-w.limit):]
	return len(p), nil
}

// scrubbed returns the end of the text without the standard output of the command and anything that
// looks like a token.
func (w *tailWriter) scrubbed(out string) string {
	s := strings.TrimSpace(quote.Scrub(string(w.buf), out))
	return s[max(0, len(s)-stderrShown):]
}

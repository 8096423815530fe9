package idp_test

import (
	"context"
	"errors"
	"math"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/idp"
)

// run returns a source that runs this program as a command; what selects its behavior.
func run(what string, opts idp.ExecOptions, args ...string) idp.TokenSource {
	// With the race detector a program sleeps for a second before it exits, unless this option disables it.
	opts.Env = append(opts.Env, "IDP_TEST_COMMAND="+what, "GORACE=atexit_sleep_ms=0")
	if opts.Timeout == 0 {
		opts.Timeout = 2 * time.Minute // an emulator of another system can be slow
	}
	return idp.ExecWith(&opts, os.Args[0], args...)
}

func TestExec(t *testing.T) {
	t.Parallel()
	tok, err := run("token", idp.ExecOptions{}).Token(t.Context())
	if err != nil || !tok.ValidAt(time.Now()) {
		t.Fatalf("Token = %v, %v, want a valid token", tok, err)
	}
}

// Characters with a meaning in a shell reach the command unchanged.
func TestExecWithoutShell(t *testing.T) {
	t.Parallel()
	tok, err := run("arguments", idp.ExecOptions{Env: []string{"EXTRA=first", "EXTRA=last"}}, "a b", "$HOME", "`id`", ";exit", "*").Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := tok.Claims().Name, "a b|$HOME|`id`|;exit|*|last"; got != want {
		t.Errorf("the command was called with %q, want %q", got, want)
	}
}

// A wrong variable is an error before the command runs. It may be a secret, so the error does not
// show it.
func TestExecRefusesWrongVariables(t *testing.T) {
	t.Parallel()
	for _, entry := range []string{"", "s3cr3t", "=", "=s3cr3t"} {
		err := failure(t, idp.ExecWith(&idp.ExecOptions{Env: []string{"A=b", entry}}, "onafed-no-such-command"))
		refused, ok := errors.AsType[*idp.OptionError](err)
		if !ok || refused.Func != "ExecWith" || refused.Option != "Env" || strings.Contains(err.Error(), "s3cr3t") || !strings.Contains(err.Error(), "entry 2 of 2") {
			t.Errorf("Env %q: Token fails with %v, want an *OptionError for Env", entry, err)
		}
	}
	for _, entry := range []string{"A=", "A==", "=C:=C:\\folder"} {
		if err := failure(t, idp.ExecWith(&idp.ExecOptions{Env: []string{entry}}, "onafed-no-such-command")); !errors.Is(err, exec.ErrNotFound) {
			t.Errorf("Env %q: Token fails with %v", entry, err)
		}
	}
}

// Zero or less is the default, and the largest duration does not overflow.
func TestDurationsOfSources(t *testing.T) {
	t.Parallel()
	for _, d := range []time.Duration{0, -1, math.MinInt64, math.MaxInt64} {
		opts := idp.ExecOptions{Env: []string{"IDP_TEST_COMMAND=token", "GORACE=atexit_sleep_ms=0"}, Timeout: d}
		src := idp.ExecWith(&opts, os.Args[0])
		cached := idp.Cached(src, &idp.CachedOptions{MinLife: min(d, 1), AdvisoryWindow: d, AttemptTimeout: d})
		if tok, err := cached.Token(t.Context()); err != nil || !tok.ValidAt(time.Now()) {
			t.Errorf("with %v: Token = %v, %v, want a token", d, tok, err)
		}
	}
	if err := failure(t, idp.Cached(idp.Static(token(t, inAnHour(), nil)), &idp.CachedOptions{MinLife: math.MaxInt64})); !strings.Contains(err.Error(), "want at least") {
		t.Errorf("with the largest MinLife: %v", err)
	}
}

func TestExecFails(t *testing.T) {
	t.Parallel()
	isExit := func(err error) bool { _, ok := errors.AsType[*exec.ExitError](err); return ok }
	isNotToken := func(err error) bool { _, ok := errors.AsType[*idp.NotTokenError](err); return ok }
	anything := func(error) bool { return true }
	isMissing := func(err error) bool { return errors.Is(err, os.ErrNotExist) || errors.Is(err, exec.ErrNotFound) } // Windows: the latter
	tests := []struct {
		name string
		src  idp.TokenSource
		is   func(error) bool
		text string
	}{
		{"a failing command shows the end of its standard error", run("fails", idp.ExecOptions{}), isExit, `exit status 3: "debug: token is [redacted]\nnot logged in\x1b[31m"`},
		{"long standard error is cut to its end", run("loud", idp.ExecOptions{}), isExit, `noise the reason"`},
		{"success without a token", run("silent", idp.ExecOptions{}), anything, `without writing a token: "nothing to say"`},
		{"an API token instead of an ID token", run("api token", idp.ExecOptions{}), isNotToken, "opaque value of 18 bytes"},
		{"an expired token", run("expired", idp.ExecOptions{}), func(err error) bool { return errors.Is(err, claims.ErrExpired) }, " ago"},
		{"endless output", run("floods", idp.ExecOptions{}), anything, "wrote more than"},
		{"a command that hangs", run("hangs", idp.ExecOptions{Timeout: 200 * time.Millisecond}), func(err error) bool { return errors.Is(err, context.DeadlineExceeded) }, "no token within 200ms"},
		{"standard input is empty", run("reads", idp.ExecOptions{}), isExit, "read 0 EOF"},
		{"no such command", idp.Exec("onafed-no-such-command"), func(err error) bool { return errors.Is(err, exec.ErrNotFound) }, "not found"},
		{"no such file", idp.Exec("/no/such\ncommand"), isMissing, `command "/no/such\ncommand"`},
		{"no name", idp.Exec(""), anything, "not configured"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			tok, err := tt.src.Token(t.Context())
			if err == nil || tok != nil || !tt.is(err) || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("Token = %v, %v, want an error with %q", tok, err, tt.text)
			}
			if text := err.Error(); len(text) > 1200 || strings.ContainsAny(text, "\n\x1b") || strings.Contains(text, "eyJ") {
				t.Errorf("the error reads %q", text)
			}
			if e, ok := errors.AsType[*idp.ExecError](err); ok && (len(e.Stderr) > 512 || strings.Contains(e.Stderr, "eyJ")) {
				t.Errorf("Stderr is %q", e.Stderr)
			}
			if e, ok := errors.AsType[*exec.ExitError](err); ok && len(e.Stderr) > 0 {
				t.Errorf("the ExitError holds %q", e.Stderr)
			}
			if d := time.Since(start); d > 40*time.Second {
				t.Errorf("Token returned after %s", d)
			}
		})
	}
}

// A background process that keeps the pipe open does not delay the token.
func TestExecLeavesAChild(t *testing.T) {
	t.Parallel()
	start := time.Now()
	tok, err := run("leaves a child", idp.ExecOptions{}).Token(t.Context())
	if err != nil || tok == nil {
		t.Errorf("Token = %v, %v, want the token in the output", tok, err)
	}
	if d := time.Since(start); d > 40*time.Second {
		t.Errorf("Token returned after %s, want about a second", d)
	}
}

func TestExecCanceled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	timer := time.AfterFunc(100*time.Millisecond, cancel)
	defer timer.Stop()
	if _, err := run("hangs", idp.ExecOptions{}).Token(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Token: %v, want context.Canceled", err)
	}
}

// The name of the source is logged, and an argument may be a secret.
func TestExecNameHasNoArguments(t *testing.T) {
	t.Parallel()
	src := idp.Exec("/bin/x", "--token", "s3cret")
	if got := src.(interface{ Source() string }).Source(); got != `command "/bin/x"` {
		t.Errorf("Source = %s", got)
	}
}

// The caller's slices are copied.
func TestExecCopies(t *testing.T) {
	t.Parallel()
	args, env := []string{"a"}, []string{"IDP_TEST_COMMAND=arguments", "GORACE=atexit_sleep_ms=0"}
	src := idp.ExecWith(&idp.ExecOptions{Env: env}, os.Args[0], args...)
	args[0], env[0] = "b", "IDP_TEST_COMMAND=fails"
	tok, err := src.Token(t.Context())
	if err != nil || tok.Claims().Name != "a|" {
		t.Errorf("Token = %v, %v, want the token of the first arguments", tok, err)
	}
}

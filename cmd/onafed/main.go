// Command onafed is the command line of the library: ID tokens, AWS logins that refresh themselves, and answers to "why is my role
// refused". It is an example, and it is meant to be used. From a clone:
//
//	go install ./cmd/onafed
//
// Data goes to standard output, messages to standard error. The exit status is 0 when the command did what was asked, 1 when the answer
// is no (denied, findings, a token or credentials that could not be had), and 2 when the question could not be answered (wrong usage, a
// policy, rules or claims that cannot be read, undetermined).
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/onafed/onafed/idp"
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], &terminal{in: os.Stdin, out: os.Stdout, err: escaping{os.Stderr}}))
}

// untilSignal is the context of a command that runs until it is interrupted, and then has something to put away. All others are ended by
// the signal itself, wherever they are: what they write is whole at any time. nohup's request stays one.
func untilSignal(ctx context.Context) (context.Context, context.CancelFunc) {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	// Asked for, a closed pipe is an error of the write to it and no end of the program. Nobody needs to hear of it besides.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(ctx, signals...)
	context.AfterFunc(ctx, stop) // the second signal ends the program at once
	return ctx, stop
}

// exitError ends a command with a status of its own. Without a message there is nothing more to say: the output said it.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit status %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// unanswered marks an error after which the question of the command is still open: status 2 instead of 1.
func unanswered(err error) error { return &exitError{code: 2, err: err} }

const description = `ID tokens of Ona environments, and AWS credentials that refresh themselves.

Example:

    onafed idp login aws --role-arn arn:aws:iam::123456789012:role/deploy --mode process
    aws sts get-caller-identity

When that is refused, "onafed doctor" says why.`

func run(ctx context.Context, args []string, t *terminal) int {
	var c commandLine
	exited := -1 // kong's help ends the program; here it ends the parse
	parser, err := kong.New(&c,
		kong.Name("onafed"),
		kong.Description(description),
		kong.Writers(t.out, t.err),
		kong.Exit(func(code int) {
			if exited < 0 {
				exited = code
			}
		}),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(t),
		helpVariables(),
	)
	if err != nil {
		t.say("onafed: %v", err)
		return 2
	}
	parsed, err := parser.Parse(args)
	if err == nil && exited < 0 {
		err = checkEmpty(parsed)
	}
	switch {
	case exited >= 0:
		return exited
	case err != nil:
		t.say("onafed: %s", usage(err))
		t.say("onafed --help lists the commands; onafed COMMAND --help shows its flags and an example")
		return 2
	}
	return status(parsed.Run(), t)
}

// helpVariables are what the texts of the flags name.
func helpVariables() kong.Vars {
	return kong.Vars{"issuer": idp.Issuer, "api": idp.DefaultBaseURL, "version": "onafed " + version()}
}

// usage is what is wrong with the arguments. What stands where nothing belongs may be a token, and is not repeated.
func usage(err error) string {
	text := inFlags(err)
	if before, argument, ok := strings.Cut(text, "unexpected argument "); ok && len(argument) > 20 {
		return fmt.Sprintf("%sunexpected argument of %d characters", before, len(argument))
	}
	return text
}

func status(err error, t *terminal) int {
	if err == nil {
		return 0
	}
	if exit, ok := errors.AsType[*exitError](err); ok {
		if exit.err != nil {
			t.say("onafed: %s", inFlags(exit.err))
		}
		return exit.code
	}
	t.say("onafed: %s", inFlags(err))
	return 1
}

// inFlags is what an error says, with the flags of this program where the library names what a Go program would set. A command that ends
// with it tries nothing again, as a program that uses the library does.
func inFlags(err error) string {
	return strings.NewReplacer(
		"it is tried again by itself", "try again",
		"not allowed (AllowExec)", "not allowed (--allow-exec)",
		" (http to a loopback address needs InsecureLoopbackHTTP)", "",
		"a Creator needs FormatV3:", "--creator needs --format v3:",
		"the organization's extra fields and in Layout", "the organization's extra fields, and named by --extra-field",
	).Replace(err.Error())
}

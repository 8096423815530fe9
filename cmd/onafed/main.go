// Command onafed gets ID tokens of Ona environments, logs programs in to AWS with credentials that
// refresh themselves, and explains why a role refuses a token. To install it from a clone:
//
//	go install ./cmd/onafed
//
// Data goes to standard output, and messages go to standard error. The exit status is 0 if the
// command did what was asked, 1 if the answer is no (denied, findings, no token or credentials),
// and 2 if there is no answer (wrong usage; a policy, rules or claims that cannot be read; an
// undetermined decision). "aws exec" exits with the status of the command that it runs, or with 125 to
// 127 if that did not run.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/onafed/onafed/cmd/onafed/internal/child"
	"github.com/onafed/onafed/cmd/onafed/internal/credentials"
	"github.com/onafed/onafed/cmd/onafed/internal/exit"
	"github.com/onafed/onafed/cmd/onafed/internal/flags"
	"github.com/onafed/onafed/cmd/onafed/internal/servicetoken"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
	"github.com/onafed/onafed/cmd/onafed/internal/version"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/internal/quote"
)

func main() {
	os.Exit(run(context.Background(), servicetoken.Arguments(os.Args), terminal.Standard()))
}

// run runs one command line and returns the exit status.
func run(ctx context.Context, args []string, t *terminal.Terminal) int {
	if len(args) == 0 {
		args = []string{"--help"}
	}
	if process, ok := processCommand(args); ok {
		return report(process.Run(ctx, t), t)
	}
	// After --help and --version kong ends the program. Here it only sets exited, and what follows
	// in kong has no effect.
	exited := false
	parser, err := newParser(t,
		kong.Exit(func(int) { exited = true }),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(t),
	)
	if err != nil {
		t.Say("onafed: %v", err)
		return exit.Unknown
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		err = &exit.Error{Status: usageStatus(args), Err: usageError(err)}
	} else if !exited {
		err = parsed.Run()
	}
	if exited {
		return exit.OK
	}
	return report(err, t)
}

// processCommand returns the command for the arguments of "aws credential-process" in their plain
// form. SDKs run that command often, and the parser takes most of its time.
func processCommand(args []string) (*credentials.ProcessCommand, bool) {
	if len(args) < 2 || args[0] != "aws" || args[1] != "credential-process" {
		return nil, false
	}
	return credentials.ParseProcess(args[2:])
}

// report prints the error of a command and returns the exit status.
func report(err error, t *terminal.Terminal) int {
	status, printed := exit.Status(err)
	if printed != nil {
		t.Say("onafed: %s", flags.Error(printed))
	}
	return status
}

// newParser returns the parser of all commands.
func newParser(t *terminal.Terminal, opts ...kong.Option) (*kong.Kong, error) {
	return kong.New(&commandLine{}, append(opts,
		kong.Name("onafed"),
		kong.Description(description),
		kong.Writers(t.Out, t.Err),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Vars{"issuer": idp.Issuer, "api": idp.DefaultBaseURL, "version": version.Text()},
	)...)
}

// usageStatus returns the exit status for a wrong command line. Every status below 125 can be that of
// the program that "aws exec" runs.
func usageStatus(args []string) int {
	if len(args) > 1 && args[0] == "aws" && args[1] == "exec" {
		return child.Failed
	}
	return exit.Unknown
}

// maxArgument is the length of an unexpected argument that a message may repeat. A longer argument
// may be a token.
const maxArgument = 20

// usageError returns the error of a wrong command line with a hint at the help.
func usageError(err error) error {
	const hint = "\nonafed --help lists the commands; onafed COMMAND --help shows flags and examples"
	if before, argument, ok := strings.Cut(err.Error(), "unexpected argument "); ok {
		if argument, _, _ = strings.Cut(argument, ", did you mean "); len(argument) > maxArgument {
			return fmt.Errorf("%sunexpected argument of %d characters%s", before, len(argument), hint)
		}
	}
	text := strings.Replace(flags.Error(err), `,"" but got `, " but got ", 1) // kong lists the empty default as allowed
	return errors.New(quote.WithoutTokens(text) + hint)
}

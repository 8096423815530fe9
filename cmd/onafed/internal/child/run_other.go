//go:build !unix

package child

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"os/signal"

	"github.com/onafed/onafed/cmd/onafed/internal/exit"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
)

// run runs the child and serves its credentials in this process. Ctrl-C goes to all processes of the
// console, so this process only ignores it and waits for the child.
func (c *Command) run(ctx context.Context, t *terminal.Terminal, path string) error {
	s, err := c.open(ctx, t)
	if err != nil {
		return failure(err)
	}
	ctx, stop := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() { served <- s.serve(ctx) }()

	signal.Notify(make(chan os.Signal, 1), os.Interrupt)
	cmd := exec.Command(path, c.Command[1:]...) //nolint:gosec,noctx // running a command of the user is what the program is asked for; it ends by itself
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = s.access.environ(os.Environ())
	err = cmd.Run()
	stop()
	if served := <-served; served != nil {
		t.Warn("%v", served)
	}
	switch ended, ok := errors.AsType[*exec.ExitError](err); {
	case ok:
		return exit.Silently(ended.ExitCode())
	case err != nil:
		return cannotRun(err)
	}
	return nil
}

// serveParent is needed only on systems where the child replaces this process.
func (c *Command) serveParent(context.Context, *terminal.Terminal) error {
	return failure(errors.New("--serve-for: this system has no such server process"))
}

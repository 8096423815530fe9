//go:build unix

package child

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"syscall"

	"github.com/onafed/onafed/cmd/onafed/internal/flags"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
	"github.com/onafed/onafed/internal/quote"
)

// maxAnswer is the largest answer of a server in bytes.
const maxAnswer = 64 << 10

// answer is what a server tells the process that started it, as JSON on its standard output.
type answer struct {
	Access *access
	Error  string // the reason why there is no server
}

// run starts the server and replaces this process by the child. ssh-agent COMMAND works in the same
// way. This process cannot be a parent that passes signals on: it could not distinguish a signal
// for itself from one for its process group, such as ctrl-C, which the child has already got.
func (c *Command) run(ctx context.Context, _ *terminal.Terminal, path string) error {
	access, err := c.startServer(ctx)
	if err != nil {
		return failure(err)
	}
	err = syscall.Exec(path, c.Command, access.environ(os.Environ())) //nolint:gosec // running a command of the user is what the program is asked for
	return cannotRun(fmt.Errorf("%s: %w", quote.Path(path), err))
}

// startServer starts the server in a process of its own, and waits for its answer.
func (c *Command) startServer(ctx context.Context) (*access, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	args := append([]string{"aws", "exec", "--detach", "--serve-for=" + strconv.Itoa(os.Getpid())}, os.Args[3:]...)
	cmd := exec.CommandContext(ctx, program, args...) //nolint:gosec // the arguments are those of this process
	if c.Verbose {
		cmd.Stderr = os.Stderr
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	var a answer
	err = json.NewDecoder(io.LimitReader(out, maxAnswer)).Decode(&a)
	switch waitErr := cmd.Wait(); {
	case a.Error != "":
		return nil, errors.New(a.Error)
	case err != nil || a.Access == nil:
		return nil, fmt.Errorf("the process that serves the credentials did not start: %w", errors.Join(err, waitErr))
	}
	return a.Access, nil
}

// serveParent is the server process. It is started twice: the first process starts the second in a
// session of its own, and ends. The server is therefore no child of the program that it serves,
// which may wait for all of its children, and gets no signals of its terminal.
func (c *Command) serveParent(ctx context.Context, t *terminal.Terminal) error {
	if c.Detach {
		return detach(ctx, append([]string{"aws", "exec"}, os.Args[4:]...))
	}
	// These signals are for the child. The registration, unlike signal.Ignore, does not affect
	// programs that this process starts. With it, a write to a closed pipe is an error, too.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGPIPE)
	wait, err := watch(c.ServeFor)
	if err != nil {
		return failure(err)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		wait()
		stop()
	}()
	s, err := c.open(ctx, t)
	if err != nil {
		return json.NewEncoder(t.Out).Encode(answer{Error: flags.Error(err)})
	}
	if err := json.NewEncoder(t.Out).Encode(answer{Access: &s.access}); err != nil {
		return errors.Join(failure(err), s.listener.Close())
	}
	return s.serve(ctx)
}

// detach starts this program again, in a session of its own.
func detach(ctx context.Context, args []string) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), program, args...) //nolint:gosec // the arguments are those of this process
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return cmd.Start()
}

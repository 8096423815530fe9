package main

import (
	"fmt"
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestExecOnATerminal runs a command on a terminal and presses ctrl-C and ctrl-\. The terminal sends
// each signal to the process group; the command gets it once. The server is not affected.
func TestExecOnATerminal(t *testing.T) {
	t.Parallel()
	terminal, master := openTerminal(t)
	e := newExecution(t, newWorld(t), nil, "sh", "-c", "test -t 0 && test -t 1 && test -t 2 && exec child signals")
	e.cmd.Stdin, e.cmd.Stdout, e.cmd.Stderr = terminal, terminal, terminal
	e.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	e.start(t, master)
	terminal.Close()
	for _, press := range []struct{ key, want string }{{"\x03", "interrupt"}, {"\x1c", "quit"}, {"\x03", "interrupt"}} {
		if _, err := master.WriteString(press.key); err != nil {
			t.Fatal(err)
		}
		if got := e.line(t); got != press.want {
			t.Errorf("the command got %q, want %q", got, press.want)
		}
	}
	if n := len(servers(t, e.cmd.Dir)); n != 1 {
		t.Errorf("%d servers after ctrl-C, want 1", n)
	}
	if err := e.cmd.Process.Signal(syscall.SIGUSR2); err != nil {
		t.Fatal(err)
	}
	if got := e.line(t); got != syscall.SIGUSR2.String() {
		t.Errorf("the command got %q", got)
	}
	e.end(t)
}

// openTerminal returns a terminal that does not echo what is typed, and the file on which to type.
func openTerminal(t *testing.T) (terminal, master *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close() })
	fd := int(master.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		t.Fatal(err)
	}
	state, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	state.Lflag &^= unix.ECHO
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, state); err != nil {
		t.Fatal(err)
	}
	return terminal, master
}

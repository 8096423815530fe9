package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// program is a program that the command start runs in the background.
type program struct {
	cmd  *exec.Cmd
	done chan error
}

// start NAME TEXT PROGRAM [ARG]... runs a program until interrupt NAME. It returns when the program has
// written TEXT to standard error. The output goes to the files NAME.out and NAME.err.
func start(ts *testscript.TestScript, _ bool, args []string) {
	name, text := args[0], args[1]
	out, err := os.Create(ts.MkAbs(name + ".out"))
	ts.Check(err)
	messages, err := os.Create(ts.MkAbs(name + ".err"))
	ts.Check(err)
	path, err := exec.LookPath(args[2])
	ts.Check(err)
	cmd := exec.Command(path, args[3:]...)
	ts.Check(ts.Exec("env", "-0"))
	cmd.Dir, cmd.Env = ts.Getenv("WORK"), strings.Split(strings.TrimSuffix(ts.ReadFile("stdout"), "\x00"), "\x00")
	cmd.Stdout = out
	pipe, err := cmd.StderrPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	ts.Setenv("PID_"+name, fmt.Sprint(cmd.Process.Pid))
	ts.Defer(func() { cmd.Process.Kill() })
	p := &program{cmd: cmd, done: make(chan error, 1)}
	ts.Value(programsKey{}).(map[string]*program)[name] = p
	seen := make(chan struct{})
	go p.copyMessages(pipe, messages, text, seen)
	<-seen
	if got := ts.ReadFile(name + ".err"); !strings.Contains(got, text) {
		ts.Fatalf("%s ended without %q:\n%s", name, text, got)
	}
}

// copyMessages copies the messages of a program to a file until the program ends. It closes seen
// after the first line with a text, or at the end.
func (p *program) copyMessages(from io.Reader, to io.Writer, text string, seen chan<- struct{}) {
	waiting := true
	for lines := bufio.NewScanner(from); lines.Scan(); {
		fmt.Fprintln(to, lines.Text())
		if waiting && strings.Contains(lines.Text(), text) {
			waiting = false
			close(seen)
		}
	}
	p.done <- p.cmd.Wait()
	if waiting {
		close(seen)
	}
}

// interrupt NAME interrupts a program as ctrl-C does. The program must end with status 0.
func interrupt(ts *testscript.TestScript, _ bool, args []string) {
	p := ts.Value(programsKey{}).(map[string]*program)[args[0]]
	ts.Check(p.cmd.Process.Signal(os.Interrupt))
	if err := <-p.done; err != nil {
		ts.Fatalf("%s: %v\n%s", args[0], err, ts.ReadFile(args[0]+".err"))
	}
}

// waitgrep PATTERN FILE waits up to 10 seconds until a file, which another program writes, has a
// match.
func waitGrep(ts *testscript.TestScript, _ bool, args []string) {
	pattern := regexp.MustCompile("(?m)" + args[0])
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(10 * time.Second); ; <-tick.C {
		text := ts.ReadFile(args[1])
		if pattern.MatchString(text) {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%s has no match for %q:\n%s", args[1], args[0], text)
		}
	}
}

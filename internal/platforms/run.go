package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// testTimeout is longer than on the machine itself, because an emulator is several times slower.
const testTimeout = 15 * time.Minute

// exceptionTimeout bounds the run of one test that is listed in exceptions.txt. Some hang.
const exceptionTimeout = time.Minute

// A runner runs the tests of one platform.
type runner struct {
	names   []string // of the platform, in exceptions
	program string   // that runs test binaries; empty: none
	folder  string   // for files of this run
	env     []string // of all programs
	flags   []string // of go test and go build
	out     io.Writer
	result  *result
}

// runPlatform tests the packages that match the patterns on a platform.
func runPlatform(ctx context.Context, p platform, patterns []string, exceptions []exception, out io.Writer) *result {
	begin := time.Now()
	r := &result{platform: p}
	defer func() { r.elapsed = time.Since(begin) }()
	if reason := p.missing(); reason != "" {
		r.leftOut, r.missing = reason, p.required()
		return r
	}
	fmt.Fprintf(out, "\n-- %s: %s\n", p.name, p.text)
	folder, err := os.MkdirTemp("", "onafed-platforms-")
	if err != nil {
		r.problem("%v", err)
		return r
	}
	defer func() {
		if err := os.RemoveAll(folder); err != nil {
			r.problem("%v", err)
		}
	}()
	run := &runner{[]string{p.name}, p.program, folder, append(os.Environ(), p.env...), append([]string{"-vet=off"}, p.flags...), out, r}
	if p.emulator != "" {
		if err := run.emulate(ctx, p); err != nil {
			r.problem("%v", err)
			return r
		}
		if r.leftOut != "" {
			return r
		}
	}
	if p.setup != nil {
		env, flags, closer, err := p.setup(ctx, folder)
		if closer != nil {
			defer closer()
		}
		if err != nil {
			r.problem("%v", err)
			return r
		}
		run.env, run.flags = append(run.env, env...), append(run.flags, flags...)
	}
	if err := run.all(ctx, patterns, exceptions); err != nil {
		r.problem("%v", err)
	}
	for _, s := range r.skipped {
		fmt.Fprintln(out, "skipped:", s)
	}
	return r
}

// emulate uses the emulator of the platform if the system does not start its programs.
func (r *runner) emulate(ctx context.Context, p platform) error {
	starts, err := startsPrograms(ctx, r.folder, r.env)
	if err != nil || starts {
		return err
	}
	if path, _ := exec.LookPath(p.emulator); path == "" {
		r.result.leftOut, r.result.missing = notInstalled(p.emulator), p.required()
		return nil
	}
	fmt.Fprintln(r.out, "this system does not start such programs; run by", p.emulator, p.emulatorEnv)
	r.program, r.names, r.env = p.emulator, append(r.names, emulated), append(r.env, p.emulatorEnv...)
	return nil
}

// all tests packages without exceptions at once, and then each package with exceptions.
func (r *runner) all(ctx context.Context, patterns []string, exceptions []exception) error {
	packages, err := r.packages(ctx, patterns)
	if err != nil {
		return err
	}
	var plain []string
	listed := make(map[string][]exception)
	for _, pkg := range packages {
		found, all := exceptionsOf(exceptions, r.names, pkg)
		r.result.exceptions += len(found)
		switch {
		case all:
		case len(found) > 0:
			listed[pkg] = found
		default:
			plain = append(plain, "./"+pkg)
		}
	}
	if len(plain) > 0 {
		if err := r.test(ctx, plain...); err != nil {
			return err
		}
	}
	for _, pkg := range packages {
		if found := listed[pkg]; found != nil {
			if err := r.test(ctx, "-skip="+skipPattern(found), "./"+pkg); err != nil {
				return err
			}
			if err := r.check(ctx, pkg, found); err != nil {
				return err
			}
		}
	}
	return nil
}

// packages returns the folders of the packages that have tests on the platform.
func (r *runner) packages(ctx context.Context, patterns []string) ([]string, error) {
	root, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	args := append([]string{"list", "-f", "{{if or .TestGoFiles .XTestGoFiles}}{{.Dir}}{{end}}"}, patterns...)
	cmd := r.command(ctx, "go", args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	text, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w\n%s", err, stderr.Bytes())
	}
	var packages []string
	for dir := range strings.FieldsFuncSeq(string(text), func(c rune) bool { return c == '\n' }) {
		pkg, err := filepath.Rel(root, dir)
		if err != nil {
			return nil, err
		}
		packages = append(packages, filepath.ToSlash(pkg))
	}
	return packages, nil
}

// test runs go test and counts its tests.
func (r *runner) test(ctx context.Context, args ...string) error {
	flags := []string{"test", "-json", "-count=1", "-timeout=" + testTimeout.String()}
	if r.program != "" {
		flags = append(flags, "-exec="+r.program)
	}
	cmd := r.command(ctx, "go", append(append(flags, r.flags...), args...)...)
	var stderr bytes.Buffer // of the go command; tests print events
	cmd.Stderr = &stderr
	events, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	before := *r.result
	readErr := r.result.read(events, r.out)
	_, _ = io.Copy(io.Discard, events) // after an error, so that the command can end
	err = cmd.Wait()
	fmt.Fprint(r.out, stderr.String())
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Exited() {
		if r.result.failed == before.failed && len(r.result.problems) == len(before.problems) {
			r.result.problem("go test: %v", err)
		}
		err = nil
	}
	return errors.Join(readErr, err, ctx.Err())
}

// check reports exceptions that are out of date: tests that pass, skip themselves or do not exist.
func (r *runner) check(ctx context.Context, pkg string, list []exception) error {
	binary := filepath.Join(r.folder, "check.test.exe") // the suffix that Windows needs
	build := append(append([]string{"test", "-c", "-o", binary}, r.flags...), "./"+pkg)
	cmd := r.command(ctx, "go", build...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go test -c ./%s: %w\n%s", pkg, err, out)
	}
	for _, e := range list {
		if reason := r.outOfDate(ctx, binary, e); reason != "" {
			r.result.problem("exceptions.txt:%d: %s %s; remove the line", e.line, e, reason)
		}
	}
	return ctx.Err()
}

// outOfDate runs the test of an exception. It returns "" if the test still fails.
func (r *runner) outOfDate(ctx context.Context, binary string, e exception) string {
	ctx, cancel := context.WithTimeout(ctx, exceptionTimeout)
	defer cancel()
	program, args := binary, []string{"-test.v", "-test.run=" + pattern(e.test), "-test.timeout=" + (exceptionTimeout / 2).String()}
	mayPass := strings.HasPrefix(e.reason, sometimes)
	if mayPass {
		args = []string{"-test.list=" + pattern(testOf(e.test))}
	}
	if r.program != "" {
		program, args = r.program, append([]string{binary}, args...)
	}
	cmd := r.command(ctx, program, args...)
	cmd.Dir = filepath.FromSlash(e.pkg)
	cmd.WaitDelay = 5 * time.Second // the processes that the test started may keep the output open
	end := ownGroup(cmd)
	text, err := cmd.CombinedOutput()
	end() // a process that an emulator cannot start may hang
	switch {
	case mayPass && err == nil && len(bytes.TrimSpace(text)) == 0:
		return "does not exist"
	case mayPass || err != nil:
		return ""
	case !bytes.Contains(text, []byte("=== RUN   "+e.test+"\n")):
		return "does not exist"
	case bytes.Contains(text, []byte("--- SKIP: "+e.test+" ")):
		return "skips itself"
	default:
		return "passes"
	}
}

// testOf returns the name of the test without that of a subtest.
func testOf(name string) string {
	test, _, _ := strings.Cut(name, "/")
	return test
}

// command returns a command without standard input that is interrupted when ctx ends.
func (r *runner) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = r.env
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 20 * time.Second
	return cmd
}

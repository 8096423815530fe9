package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// printer is the source of the peer: a program that prints a file.
const printer = `package main

import "os"

func main() {
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		panic(err)
	}
	os.Stdout.Write(text)
}
`

// maxProcessRatio is the goal for the processor time of a cache hit beside that of the peer.
const maxProcessRatio = 5

// A processRun runs commands and adds up their processor time.
type processRun struct {
	env   []string
	spent time.Duration
}

// output runs a command and returns its output.
func (r *processRun) output(ctx context.Context, program string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append(os.Environ(), r.env...)
	text, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(program), err)
	}
	r.spent += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return text, nil
}

// measureProcess starts both programs in turns. The clock is the processor time of the children.
func measureProcess(ctx context.Context, b *bench) error {
	dir, err := os.MkdirTemp("", "onafed-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	onafed, peer, err := buildPrograms(ctx, dir)
	if err != nil {
		return err
	}
	ctx, end := context.WithCancel(ctx)
	defer end()
	vars, err := startDev(ctx, onafed, dir)
	if err != nil {
		return err
	}
	cache := filepath.Join(dir, "cache") // on Linux, on macOS, on Windows
	r := &processRun{env: []string{"XDG_CACHE_HOME=" + cache, "HOME=" + cache, "LocalAppData=" + cache}}
	for _, name := range []string{"AWS_ENDPOINT_URL", "AWS_REGION", "AWS_ROLE_ARN"} {
		r.env = append(r.env, name+"="+vars[name])
	}
	args := []string{"aws", "credential-process", "--token-file", vars["ONAFED_TOKEN_FILE"]}
	filled, err := r.output(ctx, onafed, args...)
	if err != nil {
		return err
	}
	file := filepath.Join(dir, "output")
	if err := os.WriteFile(file, filled, 0o600); err != nil {
		return err
	}
	ours := side{once: func() { r.expect(ctx, filled, onafed, args...) }}
	theirs := side{once: func() { r.expect(ctx, filled, peer, file) }}
	times := race(func() time.Duration { return r.spent }, b.rounds, b.slice, ours.loop, theirs.loop)
	ratio := times.ratio(0, 1)
	b.add(line{
		work: "credential-process, cache hit, whole process", peer: "prints the same: " + span(times.ns(1)), ours: span(times.ns(0)),
		ratio: ratioText(ratio), goal: fmt.Sprintf("<= %d", maxProcessRatio), verdict: judge(ratio <= maxProcessRatio),
	})
	return nil
}

// expect runs a command that must print the text. Other text would be new credentials: no cache hit.
func (r *processRun) expect(ctx context.Context, want []byte, program string, args ...string) {
	got, err := r.output(ctx, program, args...)
	check(err)
	if !bytes.Equal(got, want) {
		check(fmt.Errorf("%s printed other credentials", filepath.Base(program)))
	}
}

// buildPrograms builds the command line of this repository and the peer.
func buildPrograms(ctx context.Context, dir string) (onafed, peer string, err error) {
	onafed, peer = filepath.Join(dir, "onafed.exe"), filepath.Join(dir, "printer.exe")
	source := filepath.Join(dir, "printer.go")
	if err := os.WriteFile(source, []byte(printer), 0o600); err != nil {
		return "", "", err
	}
	for _, args := range [][]string{{"build", "-C", filepath.Join("..", ".."), "-o", onafed, "./cmd/onafed"}, {"build", "-o", peer, source}} {
		if text, err := exec.CommandContext(ctx, "go", args...).CombinedOutput(); err != nil {
			return "", "", fmt.Errorf("go %v: %w: %s", args, err, text)
		}
	}
	return onafed, peer, nil
}

// startDev starts "onafed dev", which runs until ctx ends, and returns the variables that it prints.
func startDev(ctx context.Context, onafed, dir string) (vars map[string]string, err error) {
	cmd := exec.CommandContext(ctx, onafed, "dev", "--json", "--dir", filepath.Join(dir, "dev"))
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { _ = cmd.Wait() })
	err = json.NewDecoder(out).Decode(&vars)
	return vars, err
}

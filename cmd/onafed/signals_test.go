//go:build unix

package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestSignalEndsReading interrupts programs that wait for their input.
func TestSignalEndsReading(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("onafed")
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range []string{
		"aws lint -",
		"aws migrate -",
		"aws trust-policy --account 123456789012 --rules -",
		"aws explain --policy p --claims -",
		"idp token --audience a --token-file FIFO --decode",
	} {
		t.Run(args, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			cmd := exec.CommandContext(ctx, program, strings.Fields(args)...)
			cmd.Dir = t.TempDir()
			fifo := filepath.Join(cmd.Dir, "FIFO")
			if err := syscall.Mkfifo(fifo, 0o600); err != nil {
				t.Fatal(err)
			}
			in, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(args, "FIFO") { // the open returns when the program reads
				f, err := os.OpenFile(fifo, os.O_WRONLY, 0)
				if err != nil {
					t.Fatal(err)
				}
				defer f.Close()
			} else if _, err := in.Write(make([]byte, 1<<20)); err != nil { // more than the buffer of a pipe
				t.Fatal(err)
			}
			if err := cmd.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			exit, ok := errors.AsType[*exec.ExitError](cmd.Wait())
			if !ok || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGINT {
				t.Errorf("onafed %s: %v, want the signal as the cause", args, exit)
			}
		})
	}
}

// TestClosedPipeLeavesNoFiles gives dev a closed pipe as its output.
func TestClosedPipeLeavesNoFiles(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("onafed")
	if err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	r.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	dir := t.TempDir()
	cmd := exec.CommandContext(ctx, program, "dev")
	cmd.Env, cmd.Stdout = append(os.Environ(), "TMPDIR="+dir), w
	exit, ok := errors.AsType[*exec.ExitError](cmd.Run())
	if !ok || exit.ExitCode() != 1 {
		t.Errorf("onafed dev: %v, want status 1", exit)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("files that are left: %v, %v", left, err)
	}
}

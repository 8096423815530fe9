package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// Debian's package binutils-mingw-w64-x86-64 has these.
const (
	assembler = "x86_64-w64-mingw32-as"
	linker    = "x86_64-w64-mingw32-ld"
)

// wineTimeout bounds each program of wine that prepares or ends a prefix. It takes about 10 seconds
// on two processors.
const wineTimeout = 3 * time.Minute

// setupWine makes a wine prefix in which programs of current Go versions run.
func setupWine(ctx context.Context, folder string) (env, flags []string, closer func(), err error) {
	if err := keepOpenFiles(); err != nil {
		return nil, nil, nil, err
	}
	prefix := filepath.Join(folder, "prefix")
	if err := os.Mkdir(prefix, 0o700); err != nil {
		return nil, nil, nil, err
	}
	env = []string{
		"WINEPREFIX=" + prefix,
		"WINEARCH=win64",
		"WINEDEBUG=-all",
		// No entries in menus of the desktop, and no questions about .NET and HTML components.
		"WINEDLLOVERRIDES=winemenubuilder.exe,mscoree,mshtml=d",
		"DISPLAY=",
	}
	closer = func() {
		// The server of this prefix only: it ends all programs of the prefix. -w waits for its end.
		_ = wineProgram(context.WithoutCancel(ctx), env, "wineserver", "-k")
		_ = wineProgram(context.WithoutCancel(ctx), env, "wineserver", "-w")
	}
	// The server stays for two minutes after its last program, so that not every test starts it.
	if err := wineProgram(ctx, env, "wineserver", "-p120"); err != nil {
		return nil, nil, closer, err
	}
	if err := wineProgram(ctx, env, "wineboot", "--init"); err != nil {
		return nil, nil, closer, err
	}
	if err := addRandomDLL(ctx, folder, filepath.Join(prefix, "drive_c", "windows", "system32")); err != nil {
		return nil, nil, closer, err
	}
	overlay, err := removeAllOverlay(ctx, folder)
	if err != nil {
		return nil, nil, closer, err
	}
	return env, []string{"-overlay=" + overlay}, closer, nil
}

func wineProgram(ctx context.Context, env []string, program string, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, wineTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.WaitDelay = time.Second // programs that still run keep the output open
	out, err := cmd.CombinedOutput()
	if err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		return fmt.Errorf("%s: %w\n%s", program, err, out)
	}
	return nil
}

// addRandomDLL adds bcryptprimitives.dll, which wine 8 does not have. Go takes random numbers from
// its function ProcessPrng. The file has no code: it forwards the function to advapi32.dll.
func addRandomDLL(ctx context.Context, folder, system string) error {
	const name = "bcryptprimitives.dll"
	file := filepath.Join(system, name)
	if _, err := os.Stat(file); err == nil {
		return nil
	}
	definition, object := filepath.Join(folder, "random.def"), filepath.Join(folder, "random.o")
	text := "LIBRARY " + name + "\nEXPORTS\nProcessPrng = advapi32.SystemFunction036\n" // RtlGenRandom
	if err := os.WriteFile(definition, []byte(text), 0o600); err != nil {
		return err
	}
	for _, args := range [][]string{
		{assembler, "-o", object, os.DevNull},
		{linker, "-shared", "-e", "0", "-o", file, object, definition},
	} {
		if out, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", args[0], err, out)
		}
	}
	return nil
}

// removeAllOverlay writes a file for the flag -overlay of the go command, and returns its name. With
// it, os.RemoveAll works in wine 8. On Windows it deletes with a flag that old file systems do not
// support, and then without the flag. wine 8 reports the missing support with another status.
func removeAllOverlay(ctx context.Context, folder string) (string, error) {
	root, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOROOT: %w", err)
	}
	file := filepath.Join(string(bytes.TrimSpace(root)), "src", "internal", "syscall", "windows", "at_windows.go")
	source, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	const status, notImplemented = "\t\tSTATUS_NOT_SUPPORTED:", "\t\tNTStatus(0xC0000002), STATUS_NOT_SUPPORTED:"
	if n := bytes.Count(source, []byte(status)); n != 1 {
		return "", fmt.Errorf("%s has %q %d times, want once; change removeAllOverlay for this version of Go", file, status, n)
	}
	replacement, overlay := filepath.Join(folder, "at_windows.go"), filepath.Join(folder, "overlay.json")
	if err := os.WriteFile(replacement, bytes.Replace(source, []byte(status), []byte(notImplemented), 1), 0o600); err != nil {
		return "", err
	}
	content, err := json.Marshal(map[string]map[string]string{"Replace": {file: replacement}})
	if err != nil {
		return "", err
	}
	return overlay, os.WriteFile(overlay, content, 0o600)
}

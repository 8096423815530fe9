package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// A platform is one way to run the tests of the module.
type platform struct {
	name    string
	text    string   // for people
	env     []string // added to the environment of the go command
	flags   []string // of go test
	program string   // runs test binaries; empty: the system itself
	// emulator runs test binaries where the system cannot. It does not run the programs that a test
	// starts, so the exceptions of the platform "qemu" apply, too.
	emulator    string
	emulatorEnv []string // added to env for the emulator
	needs       []string // programs
	host        string   // the GOARCH that the machine must have; empty: any
	// setup prepares the platform in an empty folder. It returns more variables and flags, and a
	// function that ends what setup started.
	setup func(ctx context.Context, folder string) (env, flags []string, closer func(), err error)
}

func platforms() []platform {
	return []platform{
		{
			name: "wine", text: "windows/amd64, run by wine", host: "amd64",
			env:     []string{"GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0"},
			program: "wine", needs: []string{"wine", "wineboot", "wineserver", assembler, linker}, setup: setupWine,
		},
		{
			// Programs of Go for 386 end early in qemu-i386, so linux/arm replaces it. There, an int
			// has 32 bits, too.
			name: "386", text: "linux/386 or linux/arm, an int has 32 bits", env: []string{"GOARCH=386", "CGO_ENABLED=0"},
			emulator: "qemu-arm-static", emulatorEnv: []string{"GOARCH=arm"},
		},
		{name: "arm64", text: "linux/arm64", env: []string{"GOARCH=arm64", "CGO_ENABLED=0"}, emulator: "qemu-aarch64-static"},
		{name: "nocgo", text: "this system without cgo", env: []string{"CGO_ENABLED=0"}},
		{name: "jsonv2", text: "this system with GOEXPERIMENT=jsonv2", env: []string{"GOEXPERIMENT=jsonv2"}},
		{
			// The newest module of Go measures times to get random numbers, and fails where testing/synctest
			// stops the clock.
			name: "fips", text: "this system in FIPS 140-3 mode, with Go's module v1.0.0",
			env: []string{"GOFIPS140=v1.0.0", "GODEBUG=fips140=on"},
		},
		{name: "shuffle", text: "this system, tests in random order", flags: []string{"-shuffle=on"}},
	}
}

// missing returns why the machine cannot run the platform, or "".
func (p platform) missing() string {
	if p.host != "" && p.host != runtime.GOARCH {
		return fmt.Sprintf("it needs a machine with GOARCH=%s, and this one has %s", p.host, runtime.GOARCH)
	}
	var programs []string
	for _, name := range p.needs {
		if _, err := exec.LookPath(name); err != nil {
			programs = append(programs, name)
		}
	}
	return notInstalled(programs...)
}

// notInstalled returns why a platform that needs the programs is left out. Without programs it
// returns "".
func notInstalled(programs ...string) string {
	if len(programs) == 0 {
		return ""
	}
	return "not installed: " + strings.Join(programs, ", ") + "; as root on Debian, CI=true .ci/install installs them"
}

// emulated is the platform of exceptions that hold wherever an emulator runs the tests.
const emulated = "qemu"

// startsPrograms reports whether the system starts programs of the platform itself.
func startsPrograms(ctx context.Context, folder string, env []string) (bool, error) {
	source, program := filepath.Join(folder, "probe.go"), filepath.Join(folder, "probe")
	if err := os.WriteFile(source, []byte("package main\n\nfunc main() {}\n"), 0o600); err != nil {
		return false, err
	}
	build := exec.CommandContext(ctx, "go", "build", "-o", program, source)
	build.Env = env
	if out, err := build.CombinedOutput(); err != nil {
		return false, fmt.Errorf("go build: %w\n%s", err, out)
	}
	return exec.CommandContext(ctx, program).Run() == nil, nil
}

// required reports whether a platform with missing programs is a failure.
func (p platform) required() bool {
	return os.Getenv("ONAFED_INTEROP") == "required" && (p.host == "" || p.host == runtime.GOARCH)
}

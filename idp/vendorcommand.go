package idp

import (
	"os"
	"os/exec"
	"path/filepath"

	"github.com/onafed/onafed/internal/quote"
)

// envExecGuard is set for a command that FromEnvironment runs. If that command uses FromEnvironment
// itself, it finds the variable and runs no command.
const envExecGuard = "ONAFED_TOKEN_COMMAND"

// command looks for the vendor's command line, which has two names, the newer first.
func (e *environment) command() (TokenSource, SkippedSource, error) {
	skip := SkippedSource{Name: "the ona or gitpod command"}
	switch {
	case !e.AllowExec:
		skip.Reason, skip.Option = "not allowed", "AllowExec"
		return nil, skip, nil
	case os.Getenv(envExecGuard) != "":
		skip.Reason = "not run, because this program was started to get a token (" + envExecGuard + " is set)"
		return nil, skip, nil
	}
	path := findCommand(filepath.SplitList(os.Getenv("PATH")), []string{"ona", "gitpod"})
	if path == "" {
		skip.Reason = "not on PATH"
		return nil, skip, nil
	}
	skip.Name = "command " + quote.Path(path)
	return ExecWith(&ExecOptions{Env: []string{envExecGuard + "=1"}}, path, "idp", "token", "--audience", e.audience), skip, nil
}

// findCommand returns the absolute path of the first command in one of the directories, or "". It
// skips relative directories, which depend on the working directory, and this program's own file.
func findCommand(dirs, names []string) string {
	executable, _ := os.Executable()
	own, _ := os.Stat(executable) // nil if the system does not report it
	for _, name := range names {
		for _, dir := range dirs {
			if !filepath.IsAbs(dir) {
				continue
			}
			// With a path, LookPath does not search PATH. It knows which files each system can execute.
			path, err := exec.LookPath(filepath.Join(dir, name))
			if err != nil {
				continue
			}
			info, err := os.Stat(path) //nolint:gosec // commands come from PATH
			if err == nil && !os.SameFile(own, info) {
				return path
			}
		}
	}
	return ""
}

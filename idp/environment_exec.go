package idp

import (
	"os"
	"os/exec"
	"path/filepath"

	"github.com/onafed/onafed/internal/quote"
)

// envExecGuard is set for a command that FromEnvironment runs. If that command is, by whatever way, a program which uses FromEnvironment
// itself, it finds the variable and does not run a command in its turn.
const envExecGuard = "ONAFED_TOKEN_COMMAND"

// vendorCommands are the names of the vendor's command line, the newer first.
func vendorCommands() []string { return []string{"ona", "gitpod"} }

func (e *environment) command() (TokenSource, Place, error) {
	place := Place{Name: "the ona or gitpod command"}
	if !e.AllowExec {
		place.Finding = "not allowed (AllowExec)"
		return nil, place, nil
	}
	if os.Getenv(envExecGuard) != "" {
		place.Finding = "not run, since this program is run to get a token itself (" + envExecGuard + " is set)"
		return nil, place, nil
	}
	path := findCommand(filepath.SplitList(os.Getenv("PATH")), vendorCommands())
	if path == "" {
		place.Finding = "not on PATH"
		return nil, place, nil
	}
	place.Name = "command " + quote.Text(path, nameText)
	return ExecWith(&ExecOptions{Env: []string{envExecGuard + "=1"}}, path, "idp", "token", "--audience", e.audience), place, nil
}

// findCommand returns the absolute path of the first of the commands that is in one of the directories, or "". Directories that
// are relative, "" among them, depend on where the program was started and are passed by, and so is this program's own file.
func findCommand(dirs, names []string) string {
	own := ownFileInfo()
	for _, name := range names {
		for _, dir := range dirs {
			if !filepath.IsAbs(dir) {
				continue
			}
			// LookPath of a path with a separator looks at no directory of PATH; it knows what is executable on each system.
			path, err := exec.LookPath(filepath.Join(dir, name))
			if err != nil {
				continue
			}
			info, err := os.Stat(path) //nolint:gosec // PATH is the very list of places where commands are
			if err == nil && (own == nil || !os.SameFile(own, info)) {
				return path
			}
		}
	}
	return ""
}

// ownFileInfo returns what os.SameFile compares, or nil on systems that do not tell.
func ownFileInfo() os.FileInfo {
	path, err := os.Executable()
	if err != nil {
		return nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil
	}
	return info
}

// Package completion is the command "completion": it prints scripts that complete command lines of
// this program in a shell.
package completion

import (
	"embed"
	"fmt"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
)

//go:embed scripts
var scripts embed.FS

// Command is "completion".
type Command struct {
	Shell string `arg:"" help:"The shell: ${enum}." enum:"bash,zsh,fish,powershell"`
}

// Help implements kong.HelpProvider.
func (c *Command) Help() string {
	return `Examples, for the file that each shell reads at its start:

    eval "$(onafed completion bash)"
    eval "$(onafed completion zsh)"
    onafed completion fish | source
    onafed completion powershell | Out-String | Invoke-Expression

In zsh, compinit must run before this line.`
}

// Run implements the command.
func (c *Command) Run(t *terminal.Terminal) error {
	script, err := scripts.ReadFile("scripts/" + c.Shell)
	if err != nil {
		return err
	}
	_, err = t.Out.Write(script)
	return err
}

// Words is the hidden command that the scripts run. The first argument is "=" and the word to
// complete, so that it is never empty: PowerShell drops empty arguments. The other arguments are
// the words before it.
type Words struct {
	Words []string `arg:"" optional:""`
}

// Run prints one candidate in a line, with a tab and its description. It prints nothing if only the
// shell can complete the word, which then is a file name or unknown.
func (c *Words) Run(k *kong.Context, t *terminal.Terminal) error {
	if len(c.Words) == 0 {
		return nil
	}
	word := strings.TrimPrefix(c.Words[0], "=")
	var b strings.Builder
	for _, candidate := range candidates(k.Model.Node, c.Words[1:], word) {
		fmt.Fprintf(&b, "%s\t%s\n", candidate.text, candidate.help)
	}
	_, err := t.Out.Write([]byte(b.String()))
	return err
}

package servicetoken

import (
	"errors"
	"strings"
	"unicode"

	"github.com/onafed/onafed/cmd/onafed/internal/self"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
)

// execVersion is the version of ExecCredential in the configuration of kubectl. kubectl from 1.10
// on knows v1beta1. v1 needs interactiveMode, which kubectl config set-credentials does not write.
const execVersion = "client.authentication.k8s.io/v1beta1"

// printKubectl prints the command of kubectl that installs this command with its flags.
func (c *EKSCommand) printKubectl(t *terminal.Terminal) error {
	if err := c.CheckOwner(); err != nil {
		return err
	}
	program, err := self.Path()
	if err != nil {
		return err
	}
	args, variable, err := c.Arguments(t.Logger(c.Verbose))
	if err != nil {
		return err
	}
	args = append([]string{"aws", "eks-token", "--cluster", c.Cluster}, args...)
	if c.TrustedOwner != "" {
		args = append(args, "--trusted-owner", c.TrustedOwner)
	}
	if c.NoCache {
		args = append(args, "--no-cache")
	}
	line, err := kubectlLine(c.Cluster, program, args)
	if err != nil {
		return err
	}
	if _, err := t.Out.Write([]byte(line + "\n")); err != nil {
		return err
	}
	if variable != "" {
		t.Say("the command reads the variable %s: set it where kubectl runs", variable)
	}
	t.Say("to use it in the current context: kubectl config set-context --current --user=%s", terminal.ShellWord(c.Cluster))
	return nil
}

// kubectlLine returns the command for a POSIX shell that makes kubectl run a program to
// authenticate a user.
func kubectlLine(user, program string, args []string) (string, error) {
	words := []string{
		"kubectl", "config", "set-credentials", user,
		"--exec-api-version=" + execVersion, "--exec-command=" + program,
	}
	for _, arg := range args {
		words = append(words, "--exec-arg="+csvField(arg))
	}
	for i, word := range words {
		if strings.ContainsFunc(word, unicode.IsControl) {
			return "", errors.New("a path or a flag has a control character, which would be lost on its way through a terminal")
		}
		words[i] = terminal.ShellWord(word)
	}
	return strings.Join(words, " "), nil
}

// csvField returns an argument as a field of CSV (RFC 4180). kubectl splits the value of each
// --exec-arg at commas.
func csvField(s string) string {
	if s != "" && !strings.ContainsAny(s, `,"`) {
		return s
	}
	return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
}

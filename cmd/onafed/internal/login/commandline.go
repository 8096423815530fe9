package login

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/onafed/onafed/awsfed/export"
	"github.com/onafed/onafed/cmd/onafed/internal/source"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/internal/quote"
)

// commandLine returns the value of credential_process, and the environment variable that it reads,
// if any.
func (c *Command) commandLine(t *terminal.Terminal) (command, variable string, err error) {
	program, err := installed()
	if err != nil {
		return "", "", err
	}
	if variable, err = c.pinTokenFile(t); err != nil {
		return "", "", err
	}
	args, err := c.arguments()
	if err != nil {
		return "", "", err
	}
	command, err = export.CommandLine(program, args...)
	return command, variable, err
}

// pinTokenFile makes a token file that AWS_WEB_IDENTITY_TOKEN_FILE names a part of the line. SDKs
// prefer the variable to a profile, so it must be unset before they use the line, and the line must
// work without it. Variables that hold secrets cannot become a part of the line: the first that the
// line depends on is returned.
func (c *Command) pinTokenFile(t *terminal.Terminal) (variable string, err error) {
	switch {
	case c.TokenEnv+c.APITokenEnv != "":
		return c.TokenEnv + c.APITokenEnv, nil
	case c.TokenFile+c.TokenCommand+c.APITokenFile != "":
		return "", nil
	}
	src, err := c.Source(c.TokenAudience(), t.Logger(c.Verbose))
	if err != nil {
		return "", err
	}
	name := source.Name(src)
	chosen, _, _ := strings.Cut(name, " ")
	for _, v := range idp.EnvironmentVariables() {
		switch {
		case v.Name != chosen:
		case v.File:
			c.TokenFile = strings.TrimSpace(os.Getenv(chosen)) // as the source reads it
		case v.Secret:
			return name, nil
		}
	}
	return "", nil
}

// installed returns the absolute path of this program. A program in a temporary folder of go run is
// an error, because the line would name a file that is about to be removed.
func installed() (string, error) {
	program, err := os.Executable()
	if err != nil {
		return "", err
	}
	if program, err = filepath.EvalSymlinks(program); err != nil {
		return "", err
	}
	if strings.Contains(filepath.ToSlash(program), "/go-build") {
		return "", errors.New("go run started this program and removes it at the end: go install ./cmd/onafed, then run onafed idp login aws again")
	}
	return program, nil
}

// arguments returns the arguments of the line: the flags of this login, without secrets and with
// absolute paths.
func (c *Command) arguments() ([]string, error) {
	args := []string{"aws", "credential-process", "--role-arn", c.RoleARN}
	add := func(flag, value string) {
		if value != "" {
			args = append(args, flag, value)
		}
	}
	add("--audience", c.Audience)
	add("--role-session-name", c.RoleSessionName)
	if c.DurationSeconds != 0 {
		add("--duration-seconds", strconv.Itoa(c.DurationSeconds))
	}
	add("--region", c.Region)
	for _, arn := range c.PolicyARNs {
		add("--policy-arn", arn)
	}
	if c.PolicyFile != "" {
		if info, err := os.Stat(c.PolicyFile); err == nil && !info.Mode().IsRegular() {
			return nil, fmt.Errorf("--policy-file: %s is not a regular file, so SDKs could not read the policy again later", quote.Path(c.PolicyFile))
		}
	}
	for _, f := range []struct{ flag, path string }{{"--policy-file", c.PolicyFile}, {"--token-file", c.TokenFile}, {"--api-token-file", c.APITokenFile}} {
		if f.path == "" {
			continue
		}
		abs, err := filepath.Abs(f.path)
		if err != nil {
			return nil, err
		}
		add(f.flag, abs)
	}
	add("--token-env", c.TokenEnv)
	if c.TokenCommand != "" {
		words, err := c.Words()
		if err != nil {
			return nil, err
		}
		if len(strings.Fields(words[0])) != 1 {
			return nil, fmt.Errorf("--token-command: %s has a space, at which onafed would split it: use a path without spaces, or put the program on PATH", quote.Path(words[0]))
		}
		add("--token-command", strings.Join(words, " "))
	}
	add("--api-token-env", c.APITokenEnv)
	add("--api-url", c.APIURL)
	add("--trusted-owner", c.TrustedOwner)
	if c.AllowExec {
		args = append(args, "--allow-exec")
	}
	return args, nil
}

package credentials

import (
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/onafed/onafed/cmd/onafed/internal/role"
)

// ParseProcess reads the arguments of "aws credential-process" without the parser of the program,
// which takes several times the time of the rest when the credentials are in the cache. It reads
// the plain form, in which login writes them. For any other form, and for arguments with a mistake,
// it returns false: the parser of the program then reads them again and reports the mistake.
func ParseProcess(args []string) (*ProcessCommand, bool) {
	c := new(ProcessCommand)
	var seconds, next string
	texts := map[string]*string{
		"--role-arn":          &c.RoleARN,
		"--audience":          &c.Audience,
		"--role-session-name": &c.RoleSessionName,
		"--duration-seconds":  &seconds,
		"--region":            &c.Region,
		"--next-role":         &next,
		"--policy-file":       &c.PolicyFile,
		"--token-file":        &c.TokenFile,
		"--token-env":         &c.TokenEnv,
		"--token-command":     &c.TokenCommand,
		"--api-token-file":    &c.APITokenFile,
		"--api-token-env":     &c.APITokenEnv,
		"--api-url":           &c.APIURL,
		"--trusted-owner":     &c.TrustedOwner,
	}
	switches := map[string]*bool{"--no-cache": &c.NoCache, "--allow-exec": &c.AllowExec}
	for len(args) > 0 {
		name, value, inOne := strings.Cut(args[0], "=")
		args = args[1:]
		if on := switches[name]; on != nil && !inOne && !*on {
			*on = true
			continue
		}
		text := texts[name]
		if name == "--policy-arn" {
			c.PolicyARNs = append(c.PolicyARNs, "")
			text = &c.PolicyARNs[len(c.PolicyARNs)-1]
		}
		if text == nil || *text != "" {
			return nil, false
		}
		if !inOne && len(args) > 0 {
			value, args = args[0], args[1:]
		}
		if value == "" || value[0] == '-' || !utf8.ValidString(value) {
			return nil, false
		}
		*text = value
		if name == "--next-role" {
			var r role.NextRole
			if r.UnmarshalText([]byte(value)) != nil {
				return nil, false
			}
			c.NextRole = append(c.NextRole, r)
			next = ""
		}
	}
	if c.RoleARN == "" {
		c.RoleARN = os.Getenv("AWS_ROLE_ARN")
	}
	return c, c.setDuration(seconds) && c.sources() <= 1 && c.Validate() == nil && c.AfterApply() == nil
}

// setDuration sets the duration from the text of the flag, and reports whether it could.
func (c *ProcessCommand) setDuration(seconds string) bool {
	if seconds == "" {
		return true
	}
	n, err := strconv.Atoi(seconds)
	c.DurationSeconds = n
	return err == nil && n > 0
}

// sources returns how many flags choose a token source.
func (c *ProcessCommand) sources() (n int) {
	for _, flag := range []string{c.TokenFile, c.TokenEnv, c.TokenCommand, c.APITokenFile, c.APITokenEnv} {
		if flag != "" {
			n++
		}
	}
	return n
}

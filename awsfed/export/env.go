package export

import (
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Shell is a family of shells that quote alike.
type Shell string

// The shells that [Env] writes for.
const (
	// Posix is sh, dash, bash, zsh, ksh.
	Posix Shell = "posix"
	// Fish is fish.
	Fish Shell = "fish"
	// PowerShell is Windows PowerShell and pwsh.
	PowerShell Shell = "powershell"
	// Cmd is cmd.exe, at the prompt or in a batch file.
	Cmd Shell = "cmd"
)

// Env returns statements, one a line, that put the credentials into a shell's
// environment:
//
//	eval "$(program aws env)"               # Posix
//	program aws env --shell fish | source   # Fish
//
// Those of Posix and Fish end in ";", so they mean the same when the quotes
// around $(...) are forgotten and the shell makes blanks of the line ends. A
// value with blanks in it would not outlive that; credentials have none.
//
// Beside the three keys it sets AWS_CREDENTIAL_EXPIRATION, which botocore and
// the AWS CLI read, and AWS_ACCOUNT_ID when the account is known. It unsets what
// an SDK would prefer to these keys, for a wrong identity is worse than a
// setting lost:
//
//   - AWS_PROFILE and AWS_DEFAULT_PROFILE, which the SDKs for JavaScript and .NET
//     prefer. A region that came with the profile goes with it: set AWS_REGION.
//   - AWS_WEB_IDENTITY_TOKEN_FILE, which the SDK for .NET prefers. AWS_ROLE_ARN
//     alone means nothing to an SDK and stays.
//   - AWS_SECURITY_TOKEN, which botocore prefers to AWS_SESSION_TOKEN.
//   - AWS_ACCOUNT_ID of earlier credentials.
//
// The variables of the container endpoint stay: all SDKs ask it last.
func Env(shell Shell, c aws.Credentials) (string, error) {
	set, unset, err := environment(c)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, name := range unset {
		switch shell {
		case Posix:
			b.WriteString("unset " + name + ";\n")
		case Fish:
			// One erasure takes it out of the innermost scope only, and is status 4 when it is in none.
			b.WriteString("while set -q " + name + "; set -e " + name + "; end;\n")
		case PowerShell:
			b.WriteString("Remove-Item Env:" + name + " -ErrorAction Ignore\n")
		case Cmd:
			b.WriteString("set " + name + "=\r\n")
		}
	}
	for _, v := range set {
		switch shell {
		case Posix:
			b.WriteString("export " + v.name + "=" + quotePosix(v.value) + ";\n")
		case Fish:
			b.WriteString("set -gx " + v.name + " " + quoteFish(v.value) + ";\n")
		case PowerShell:
			b.WriteString("$Env:" + v.name + " = " + quotePowerShell(v.value) + "\n")
		case Cmd:
			b.WriteString("set \"" + v.name + "=" + v.value + "\"\r\n")
		default:
			return "", fmt.Errorf("export: shell %s is none of posix, fish, powershell, cmd", quoted(string(shell)))
		}
	}
	return b.String(), nil
}

// Environ returns base with the credentials put in, for [os/exec.Cmd.Env]:
// "NAME=value". It sets and takes out the same variables as [Env].
func Environ(base []string, c aws.Credentials) ([]string, error) {
	return environ(runtime.GOOS, base, c)
}

func environ(goos string, base []string, c aws.Credentials) ([]string, error) {
	set, unset, err := environment(c)
	if err != nil {
		return nil, err
	}
	gone := make(map[string]bool, len(set)+len(unset))
	for _, v := range set {
		gone[v.name] = true
	}
	for _, name := range unset {
		gone[name] = true
	}
	env := make([]string, 0, len(base)+len(set))
	for _, kv := range base {
		name, _, _ := strings.Cut(kv, "=")
		if goos == "windows" { // where names have no case
			name = strings.ToUpper(name)
		}
		if !gone[name] {
			env = append(env, kv)
		}
	}
	for _, v := range set {
		env = append(env, v.name+"="+v.value)
	}
	return env, nil
}

type variable struct{ name, value string }

func environment(c aws.Credentials) (set []variable, unset []string, err error) {
	if err := checkCredentials(c, time.Now()); err != nil {
		return nil, nil, fmt.Errorf("export: credentials refused: %w", err)
	}
	set = []variable{
		{"AWS_ACCESS_KEY_ID", c.AccessKeyID},
		{"AWS_SECRET_ACCESS_KEY", c.SecretAccessKey},
		{"AWS_SESSION_TOKEN", c.SessionToken},
		{"AWS_CREDENTIAL_EXPIRATION", timestamp(c.Expires)},
	}
	unset = []string{"AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_SECURITY_TOKEN"}
	if c.AccountID != "" {
		set = append(set, variable{"AWS_ACCOUNT_ID", c.AccountID})
	} else {
		unset = append(unset, "AWS_ACCOUNT_ID")
	}
	return set, unset, nil
}

// The values have passed checkCredentials, which lets no character through
// that a shell treats specially. They are quoted all the same, each shell by
// its own rule, so that the output does not rest on that list.

func quotePosix(s string) string {
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

func quoteFish(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

func quotePowerShell(s string) string {
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}

package export

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Shell is a family of shells with the same quoting rules.
type Shell string

// The shells that [Env] supports.
const (
	// Posix is sh, dash, bash, zsh and ksh.
	Posix Shell = "posix"
	// Fish is fish.
	Fish Shell = "fish"
	// PowerShell is Windows PowerShell and pwsh.
	PowerShell Shell = "powershell"
	// Cmd is cmd.exe, at the prompt or in a batch file.
	Cmd Shell = "cmd"
)

// syntax holds the formats of a shell's statements.
type syntax struct {
	unset, set string // take the name; name and value
	quote      func(string) string
}

// syntax reports whether the shell is known.
func (s Shell) syntax() (syntax, bool) {
	switch s {
	case Posix:
		return syntax{"unset %s;\n", "export %s=%s;\n", quotePosix}, true
	case Fish:
		// One erasure affects only the innermost scope, and has status 4 if there is no variable.
		return syntax{"while set -q %[1]s; set -e %[1]s; end;\n", "set -gx %s %s;\n", quoteFish}, true
	case PowerShell:
		return syntax{"Remove-Item Env:%s -ErrorAction Ignore\n", "$Env:%s = %s\n", quotePowerShell}, true
	case Cmd:
		return syntax{"set %s=\r\n", "set \"%s=%s\"\r\n", func(s string) string { return s }}, true
	}
	return syntax{}, false
}

// Env returns statements, one on each line, that put the credentials into the environment of a
// shell:
//
//	eval "$(program aws env)"               # Posix
//	program aws env --shell fish | source   # Fish
//
// The statements of Posix and Fish end with ";". They therefore work also if the quotes around
// $(...) are forgotten and the shell replaces line ends by blanks; credentials contain no blanks.
//
// Besides the three keys, Env sets AWS_CREDENTIAL_EXPIRATION, which botocore and the AWS CLI read,
// and AWS_ACCOUNT_ID if the account is known. It unsets the variables that an SDK would prefer to
// these keys, because a wrong identity is worse than a lost setting:
//
//   - AWS_PROFILE and AWS_DEFAULT_PROFILE, which the SDKs for JavaScript and .NET prefer. The
//     profile's region is lost too: set AWS_REGION.
//   - AWS_WEB_IDENTITY_TOKEN_FILE, which the SDK for .NET prefers. AWS_ROLE_ARN stays, because
//     SDKs do not use it alone.
//   - AWS_SECURITY_TOKEN, which botocore prefers to AWS_SESSION_TOKEN.
//   - AWS_ACCOUNT_ID of earlier credentials.
//
// The variables of the container endpoint stay, because all SDKs use it last. The error for an
// unknown shell is an [*OptionError].
func Env(shell Shell, c aws.Credentials) (string, error) {
	syntax, ok := shell.syntax()
	if !ok {
		return "", &OptionError{"Env", "shell", errors.New(quoted(string(shell)) + " is not one of posix, fish, powershell, cmd")}
	}
	set, unset, err := environment(c)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, name := range unset {
		fmt.Fprintf(&b, syntax.unset, name)
	}
	for _, v := range set {
		fmt.Fprintf(&b, syntax.set, v.name, syntax.quote(v.value))
	}
	return b.String(), nil
}

// Environ returns base with the credentials added, in the form "NAME=value" of [os/exec.Cmd.Env].
// It sets and removes the same variables as [Env].
func Environ(base []string, c aws.Credentials) ([]string, error) {
	return environ(runtime.GOOS, base, c)
}

// environ is Environ for an operating system, so that tests cover all of them.
func environ(goos string, base []string, c aws.Credentials) ([]string, error) {
	set, unset, err := environment(c)
	if err != nil {
		return nil, err
	}
	return replaced(goos, base, set, unset), nil
}

// replaced returns base with variables set and others removed. A name to remove that ends with "*"
// is the beginning of names.
func replaced(goos string, base []string, set []variable, unset []string) []string {
	isReplaced := func(name string) bool {
		return slices.ContainsFunc(set, func(v variable) bool { return v.name == name }) ||
			slices.ContainsFunc(unset, func(u string) bool {
				beginning, isBeginning := strings.CutSuffix(u, "*")
				return name == u || isBeginning && strings.HasPrefix(name, beginning)
			})
	}
	env := make([]string, 0, len(base)+len(set))
	for _, kv := range base {
		name, _, _ := strings.Cut(kv, "=")
		if goos == "windows" { // where letter case does not matter in names
			name = strings.ToUpper(name)
		}
		if !isReplaced(name) {
			env = append(env, kv)
		}
	}
	for _, v := range set {
		env = append(env, v.name+"="+v.value)
	}
	return env
}

// variable is an environment variable.
type variable struct{ name, value string }

// environment returns the variables to set, and the names of those to unset. [Env] says why.
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
	unset = otherIdentities()
	if c.AccountID != "" {
		set = append(set, variable{"AWS_ACCOUNT_ID", c.AccountID})
	} else {
		unset = append(unset, "AWS_ACCOUNT_ID")
	}
	return set, unset, nil
}

// otherIdentities returns the variables that SDKs prefer to keys. [Env] says why.
func otherIdentities() []string {
	return []string{"AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_SECURITY_TOKEN"}
}

// The values contain no character that a shell treats specially (checkCredentials). They are quoted
// by the rules of each shell anyway, so that the output does not depend on that check.

func quotePosix(s string) string {
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

func quoteFish(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

func quotePowerShell(s string) string {
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}

package export_test

import (
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/onafed/onafed/awsfed/export"
)

func TestEnv(t *testing.T) {
	t.Parallel()
	c := credentials(1)
	c.AccessKeyID, c.SecretAccessKey, c.SessionToken = "ID", "se/cr+et", "tok=="
	c.Expires = time.Date(2126, 1, 2, 3, 4, 5, 0, time.UTC)
	unset := func(statement string) (lines string) {
		for _, name := range []string{"AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_SECURITY_TOKEN"} {
			lines += strings.ReplaceAll(statement, "NAME", name)
		}
		return lines
	}
	want := map[export.Shell]string{
		export.Posix: unset("unset NAME;\n") + "export AWS_ACCESS_KEY_ID='ID';\nexport AWS_SECRET_ACCESS_KEY='se/cr+et';\n" +
			"export AWS_SESSION_TOKEN='tok==';\nexport AWS_CREDENTIAL_EXPIRATION='2126-01-02T03:04:05Z';\nexport AWS_ACCOUNT_ID='123456789012';\n",
		export.Fish: unset("while set -q NAME; set -e NAME; end;\n") + "set -gx AWS_ACCESS_KEY_ID 'ID';\nset -gx AWS_SECRET_ACCESS_KEY 'se/cr+et';\n" +
			"set -gx AWS_SESSION_TOKEN 'tok==';\nset -gx AWS_CREDENTIAL_EXPIRATION '2126-01-02T03:04:05Z';\nset -gx AWS_ACCOUNT_ID '123456789012';\n",
		export.PowerShell: unset("Remove-Item Env:NAME -ErrorAction Ignore\n") + "$Env:AWS_ACCESS_KEY_ID = 'ID'\n$Env:AWS_SECRET_ACCESS_KEY = 'se/cr+et'\n" +
			"$Env:AWS_SESSION_TOKEN = 'tok=='\n$Env:AWS_CREDENTIAL_EXPIRATION = '2126-01-02T03:04:05Z'\n$Env:AWS_ACCOUNT_ID = '123456789012'\n",
		export.Cmd: unset("set NAME=\r\n") + "set \"AWS_ACCESS_KEY_ID=ID\"\r\nset \"AWS_SECRET_ACCESS_KEY=se/cr+et\"\r\n" +
			"set \"AWS_SESSION_TOKEN=tok==\"\r\nset \"AWS_CREDENTIAL_EXPIRATION=2126-01-02T03:04:05Z\"\r\nset \"AWS_ACCOUNT_ID=123456789012\"\r\n",
	}
	for shell, w := range want {
		if got, err := export.Env(shell, c); err != nil || got != w {
			t.Errorf("Env(%s) = %q, %v, want %q", shell, got, err, w)
		}
	}
	if _, err := export.Env("tcsh", c); err == nil {
		t.Error("an unknown shell was accepted")
	}
	c.SessionToken += "'; touch /tmp/x; '"
	if got, err := export.Env(export.Posix, c); err == nil || strings.Contains(err.Error(), "touch") {
		t.Errorf("a hostile token was accepted: %q, %v", got, err)
	}
}

// The installed shells run the statements directly, and through eval with and without quotes around
// the command. They write nothing to standard error, where a shell would show a secret.
func TestEnvInShells(t *testing.T) {
	t.Parallel()
	const show = "\nprintenv AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_CREDENTIAL_EXPIRATION\n" +
		"printenv AWS_PROFILE AWS_DEFAULT_PROFILE AWS_WEB_IDENTITY_TOKEN_FILE AWS_SECURITY_TOKEN AWS_ACCOUNT_ID\n"
	posix := []string{"%s", "set -eu\n%s\nset +e", `eval "$(printenv STATEMENTS)"`, `eval $(printenv STATEMENTS)`}
	fish := []string{"%s", "printenv STATEMENTS | source", "eval (printenv STATEMENTS)", "set -gx AWS_PROFILE global; set -Ux AWS_PROFILE universal; %s"}
	shells := []struct {
		shell   export.Shell
		name    string
		scripts []string
		args    []string
	}{
		{export.Posix, "sh", posix, []string{"-c"}},
		{export.Posix, "dash", posix, []string{"-c"}},
		{export.Posix, "bash", posix, []string{"-c"}},
		{export.Posix, "zsh", posix, []string{"-c"}},
		{export.Posix, "ksh", posix, []string{"-c"}},
		{export.Posix, "busybox", posix, []string{"sh", "-c"}},
		{export.Fish, "fish", fish, []string{"-c"}},
		{export.PowerShell, "pwsh", []string{"%s"}, []string{"-NoProfile", "-Command"}},
	}
	c := credentials(1)
	c.AccountID = "" // so AWS_ACCOUNT_ID is unset
	want := strings.Join([]string{c.AccessKeyID, c.SecretAccessKey, c.SessionToken, c.Expires.UTC().Format(time.RFC3339), ""}, "\n")
	stale := []string{"AWS_PROFILE=p", "AWS_DEFAULT_PROFILE=p", "AWS_WEB_IDENTITY_TOKEN_FILE=f", "AWS_SECURITY_TOKEN=stale", "AWS_ACCOUNT_ID=210987654321", "AWS_SESSION_TOKEN=stale"}
	for _, s := range shells {
		path, ok := shell(t, s.name)
		if !ok {
			continue
		}
		text, err := export.Env(s.shell, c)
		if err != nil {
			t.Fatal(err)
		}
		for _, script := range s.scripts {
			var out, errs strings.Builder
			cmd := exec.CommandContext(t.Context(), path, append(s.args, strings.Replace(script, "%s", text, 1)+show)...)
			cmd.Env = append([]string{"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=" + t.TempDir(), "STATEMENTS=" + text}, stale...)
			cmd.Stdout, cmd.Stderr = &out, &errs
			err := cmd.Run() // the last printenv prints nothing and fails
			if out.String() != want || errs.String() != "" {
				t.Errorf("%s: %q: %q, %q, %v, want %q", s.name, script, out.String(), errs.String(), err, want)
			}
		}
	}
}

// The statements succeed also when no variable has to be unset.
func TestEnvSucceedsInShells(t *testing.T) {
	t.Parallel()
	text := map[export.Shell]string{}
	for _, s := range []export.Shell{export.Posix, export.Fish} {
		c := credentials(1)
		c.AccountID = ""
		got, err := export.Env(s, c)
		if err != nil {
			t.Fatal(err)
		}
		text[s] = got
	}
	for name, s := range map[string]export.Shell{"sh": export.Posix, "bash": export.Posix, "zsh": export.Posix, "ksh": export.Posix, "fish": export.Fish} {
		path, ok := shell(t, name)
		if !ok {
			continue
		}
		cmd := exec.CommandContext(t.Context(), path, "-c", text[s])
		cmd.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=" + t.TempDir()}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", name, err, out)
		}
	}
}

// shell returns the path of a shell and whether it is installed. After .ci/install all must be
// installed except PowerShell, which Debian does not have.
func shell(t *testing.T, name string) (path string, ok bool) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the scripts need printenv and the paths of Unix")
	}
	path, err := exec.LookPath(name)
	if err != nil {
		t.Logf("%s is not installed", name)
		if os.Getenv("ONAFED_INTEROP") == "required" && name != "pwsh" {
			t.Errorf("%s must be installed: see .ci/install", name)
		}
		return "", false
	}
	return path, true
}

// The quoting is correct even for text that Env refuses.
func TestQuotingInShells(t *testing.T) {
	t.Parallel()
	hostile := []string{"plain", "a b", "it's", `back\slash`, `\'`, `'\''`, "$HOME", "`id`", "$(id)", `"`, "a;b|c&d", "*?[x]", "#x", "~", "!x", "%PATH%", "é", `\\`, "''", "a\tb"}
	shells := []struct {
		name  string
		args  []string
		quote func(string) string
	}{
		{"sh", []string{"-c"}, export.QuotePosix},
		{"bash", []string{"-c"}, export.QuotePosix},
		{"zsh", []string{"-c"}, export.QuotePosix},
		{"ksh", []string{"-c"}, export.QuotePosix},
		{"fish", []string{"-c"}, export.QuoteFish},
		{"pwsh", []string{"-NoProfile", "-Command"}, export.QuotePowerShell},
	}
	for _, s := range shells {
		path, ok := shell(t, s.name)
		if !ok {
			continue
		}
		script := "printf '%s\\n'"
		for _, h := range hostile {
			script += " " + s.quote(h)
		}
		out, err := exec.CommandContext(t.Context(), path, append(s.args, script)...).Output()
		if want := strings.Join(hostile, "\n") + "\n"; err != nil || string(out) != want {
			t.Errorf("%s: %q, %v, want %q", s.name, out, err, want)
		}
	}
	if got := export.QuotePowerShell("it's"); got != "'it''s'" {
		t.Errorf("PowerShell: %s", got)
	}
}

func TestEnviron(t *testing.T) {
	t.Parallel()
	c := credentials(1)
	c.AccountID = ""
	base := []string{
		"PATH=/bin", "AWS_SECURITY_TOKEN=x", "aws_account_id=1", "AWS_ACCOUNT_ID=1", "AWS_REGION=r", "AWS_PROFILE=p", "AWS_DEFAULT_PROFILE=p",
		"AWS_WEB_IDENTITY_TOKEN_FILE=f", "AWS_ROLE_ARN=arn", "AWS_CONTAINER_CREDENTIALS_FULL_URI=u",
	}
	set := []string{
		"AWS_ACCESS_KEY_ID=" + c.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + c.SecretAccessKey,
		"AWS_SESSION_TOKEN=" + c.SessionToken, "AWS_CREDENTIAL_EXPIRATION=" + c.Expires.UTC().Format(time.RFC3339),
	}
	kept := map[string][]string{
		"linux":   {"PATH=/bin", "aws_account_id=1", "AWS_REGION=r", "AWS_ROLE_ARN=arn", "AWS_CONTAINER_CREDENTIALS_FULL_URI=u"},
		"windows": {"PATH=/bin", "AWS_REGION=r", "AWS_ROLE_ARN=arn", "AWS_CONTAINER_CREDENTIALS_FULL_URI=u"},
	}
	for goos, want := range kept {
		got, err := export.EnvironFor(goos, base, c)
		if err != nil {
			t.Fatal(err)
		}
		if want := slices.Concat(want, set); !slices.Equal(got, want) {
			t.Errorf("%s: Environ = %q, want %q", goos, got, want)
		}
	}
	if runtime.GOOS == "windows" {
		return
	}
	if got, err := export.Environ(base, c); err != nil || !slices.Equal(got, slices.Concat(kept["linux"], set)) {
		t.Errorf("Environ = %q, %v", got, err)
	}
}

func TestContainerEnviron(t *testing.T) {
	t.Parallel()
	base := []string{
		"PATH=/bin", "AWS_REGION=r", "AWS_ROLE_ARN=arn", "AWS_ENDPOINT_URL=u", "aws_profile=p", "AWS_BEARER_TOKEN=kept",
		"AWS_PROFILE=p", "AWS_DEFAULT_PROFILE=p", "AWS_WEB_IDENTITY_TOKEN_FILE=f", "AWS_SECURITY_TOKEN=x",
		"AWS_ACCESS_KEY_ID=x", "AWS_SECRET_ACCESS_KEY=x", "AWS_SESSION_TOKEN=x", "AWS_CREDENTIAL_EXPIRATION=x", "AWS_ACCOUNT_ID=x",
		"AWS_ACCESS_KEY=x", "AWS_SECRET_KEY=x", "AWS_CREDENTIAL_FILE=x", "AWS_BEARER_TOKEN_BEDROCK=x", "AWS_CONFIG_FILE=x", "AWS_SHARED_CREDENTIALS_FILE=x",
		"AWS_CONTAINER_CREDENTIALS_FULL_URI=x", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=x", "AWS_CONTAINER_AUTHORIZATION_TOKEN=x",
		"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=x", "ONAFED_TOKEN_FILE=x",
	}
	set := []string{
		"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:1/c", "AWS_CONTAINER_AUTHORIZATION_TOKEN=token",
		"AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull,
	}
	for goos, kept := range map[string][]string{"linux": base[:6], "windows": slices.Concat(base[:4], base[5:6])} {
		want := slices.Concat(kept, set)
		if got := export.ContainerEnvironFor(goos, base, "http://127.0.0.1:1/c", "token"); !slices.Equal(got, want) {
			t.Errorf("%s: ContainerEnviron = %q, want %q", goos, got, want)
		}
	}
	if got := export.ContainerEnviron(nil, "http://127.0.0.1:1/c", "token"); !slices.Equal(got, set) {
		t.Errorf("ContainerEnviron = %q, want %q", got, set)
	}
}

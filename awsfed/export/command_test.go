package export_test

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/google/go-cmp/cmp"

	"github.com/onafed/onafed/awsfed/export"
)

func TestWriteProcess(t *testing.T) {
	t.Parallel()
	const command = `/opt/on\ afed aws credential-process`
	f := configFile(t, "[profile p]\nregion = eu-west-1\naws_access_key_id = ASIAX\naws_secret_access_key = s\naws_session_token = t\n", nil)
	if err := f.WriteProcess(t.Context(), "p", command); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("[profile p]\nregion = eu-west-1\ncredential_process = "+command+"\n", read(t, f.Path())); diff != "" {
		t.Errorf("file (-want +got):\n%s", diff)
	}
	got, err := config.LoadSharedConfigProfile(t.Context(), "p", func(o *config.LoadSharedConfigOptions) {
		o.CredentialsFiles, o.ConfigFiles = []string{os.DevNull}, []string{f.Path()}
	})
	if err != nil || got.CredentialProcess != command {
		t.Errorf("the SDK reads %q, %v", got.CredentialProcess, err)
	}

	// The error names a setting that SDKs prefer. It is removed only with Overwrite.
	const other = "[default]\nregion = x\nrole_arn = arn\nsource_profile = q\n"
	f = configFile(t, other, nil)
	var fe *export.FileError
	if err := f.WriteProcess(t.Context(), "default", command); !errors.As(err, &fe) || fe.Line != 3 || read(t, f.Path()) != other {
		t.Errorf("with role_arn: %v, want a refusal of line 3", err)
	}
	f = configFile(t, other, &export.FileOptions{Overwrite: true})
	if err := f.WriteProcess(t.Context(), "default", command); err != nil {
		t.Fatal(err)
	}
	if want := "[default]\nregion = x\ncredential_process = " + command + "\n"; read(t, f.Path()) != want {
		t.Errorf("with Overwrite: %q, want %q", read(t, f.Path()), want)
	}
	if err := credentialsFile(t, "", nil).WriteProcess(t.Context(), "p", command); err == nil {
		t.Error("credential_process was written to a credentials file")
	}
}

// A line of the same program is replaced, whatever its folder and arguments are. A line of another
// program was written by a person and is kept.
func TestWriteProcessKeepsAnotherProgramsLine(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		old, command string
		ours         bool
	}{
		{"/opt/keys print", "/opt/onafed aws", false},
		{"/opt/onafed aws --old", "/home/me/go/bin/onafed aws", true},
		{"onafed aws", "/opt/onafed aws", true},
		{`/opt/a\ folder/onafed aws`, `/b/onafed aws`, true},
		{`/opt/a\ b`, `/opt/a\ c`, false},
		{`/opt/c\ b x`, `/opt/a\ b y`, false},
		{`"/opt/a folder/onafed" aws`, `/b/onafed aws`, true},
		{`'/opt/onafed' aws`, `/b/onafed aws`, true},
		{`C:\Tools\Onafed.exe aws`, `C:\bin\onafed.exe aws`, true},
		{`C:\Tools\keys.exe aws`, `C:\bin\onafed.exe aws`, false},
		{`env X=1 /opt/onafed aws`, `/opt/onafed aws`, false},
		{`/opt/keys\`, `/opt/onafed aws`, false},
	} {
		text := "[profile p]\nregion = x\ncredential_process = " + tt.old + "\n"
		f := configFile(t, text, nil)
		err := f.WriteProcess(t.Context(), "p", tt.command)
		var fe *export.FileError
		switch {
		case tt.ours && err != nil:
			t.Errorf("%s over %s: %v", tt.command, tt.old, err)
		case !tt.ours && (!errors.As(err, &fe) || fe.Line != 3 || read(t, f.Path()) != text):
			t.Errorf("%s over %s: %v, want a refusal of line 3", tt.command, tt.old, err)
		}
		f = configFile(t, text, &export.FileOptions{Overwrite: true})
		if err := f.WriteProcess(t.Context(), "p", tt.command); err != nil {
			t.Errorf("%s over %s with Overwrite: %v", tt.command, tt.old, err)
		}
	}
}

// A shell, botocore and the Go SDK's file reader read the result of CommandLine alike.
func TestCommandLine(t *testing.T) {
	t.Parallel()
	words := []string{"/opt/my tools/onafed", "aws", "credential-process", "--x=a b", "it's", `"q"`, "$HOME", "`id`", "#c", ";", "a #b", "*", "~", "", "é", `\`, "a&b|c", "%x", "'"}
	line, err := export.CommandLineFor("linux", words[0], words[1:])
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" {
		script := strings.Replace(line, `/opt/my\ tools/onafed`, `printf '[%s]'`, 1)
		out, err := exec.CommandContext(t.Context(), "sh", "-c", script).Output()
		if want := "[" + strings.Join(words[1:], "][") + "]"; err != nil || string(out) != want {
			t.Errorf("sh: %s, %v, want %s", out, err, want)
		}
	}
	f := configFile(t, "", nil)
	if err := f.WriteProcess(t.Context(), "p", line); err != nil {
		t.Fatal(err)
	}
	if got, ok, err := f.Lookup("p", "credential_process"); got != line || !ok || err != nil {
		t.Errorf("Lookup = %q, %v, %v, want %q", got, ok, err, line)
	}
	if python, err := exec.LookPath("python3"); err == nil && runtime.GOOS != "windows" { // where it may be the store's
		cmd := exec.CommandContext(t.Context(), python, "-X", "utf8", "-c", "import shlex,sys;print('|'.join(shlex.split(sys.stdin.read())))")
		cmd.Stdin = strings.NewReader(line)
		// One of the words contains "|" itself, which does not matter to the comparison.
		if out, err := cmd.Output(); err != nil || strings.TrimSuffix(string(out), "\n") != strings.Join(words, "|") {
			t.Errorf("shlex: %s, %v", out, err)
		}
	}

	refused := []struct {
		goos, program string
		args          []string
	}{
		{"linux", "onafed", nil},
		{"linux", "./onafed", nil},
		{"linux", "/x", []string{"a\nb"}},
		{"linux", "/opt/\xff/onafed", nil},
		{"linux", "/x", []string{"\xff"}},
		{"windows", "C:\\x\\\xff.exe", nil},
		{"windows", "onafed.exe", nil},
		{"windows", `C:\Program Files\onafed.exe`, nil},
		{"windows", `C:\x\onafed.exe`, []string{"a&b"}},
		{"windows", `C:\x\onafed.exe`, []string{`a"b`}},
		{"windows", `C:\x\onafed.exe`, []string{"%PATH%"}},
		{"windows", `C:\x\onafed.exe`, []string{""}},
	}
	for _, r := range refused {
		if got, err := export.CommandLineFor(r.goos, r.program, r.args); err == nil {
			t.Errorf("%s: %q %q was accepted: %s", r.goos, r.program, r.args, got)
		}
	}
	got, err := export.CommandLineFor("windows", `C:\Users\FIRSTL~1\onafed.exe`, []string{"--role-arn", "arn:aws:iam::123456789012:role/a+b=c,d.e@f-g_h"})
	if want := `C:\Users\FIRSTL~1\onafed.exe --role-arn arn:aws:iam::123456789012:role/a+b=c,d.e@f-g_h`; got != want || err != nil {
		t.Errorf("windows: %q, %v, want %q", got, err, want)
	}
}

// A backslash before a letter or a digit separates folders. Before another character it quotes it.
func TestBackslashInACommand(t *testing.T) {
	t.Parallel()
	for c := byte('!'); c < 0x7f; c++ {
		if strings.IndexByte(`/\"'`, c) >= 0 {
			continue // have a meaning of their own
		}
		isFolder := strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", rune(c))
		f := configFile(t, `[profile p]`+"\n"+`credential_process = C:\tools\`+string(c)+"x\n", nil)
		if err := f.WriteProcess(t.Context(), "p", "/opt/"+string(c)+"x"); (err == nil) != isFolder {
			t.Errorf(`\%c: WriteProcess = %v, want the same program: %v`, c, err, isFolder)
		}
	}
}

// A character that a shell may treat specially gets a backslash, and no other character does.
func TestCommandLineQuotesEachCharacter(t *testing.T) {
	t.Parallel()
	for c := rune(' '); c < 0x7f; c++ {
		want := "/x a" + string(c) + "b"
		if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=,@+%", c) {
			want = `/x a\` + string(c) + "b"
		}
		if got, err := export.CommandLineFor("linux", "/x", []string{"a" + string(c) + "b"}); got != want || err != nil {
			t.Errorf("CommandLine with %q = %s, %v, want %s", c, got, err, want)
		}
	}
	if got, err := export.CommandLineFor("linux", "/é", nil); got != "/é" || err != nil {
		t.Errorf("CommandLine(/é) = %s, %v", got, err)
	}
}

// The error counts the words from 1, and names the parameter.
func TestCommandLineErrors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		goos, program, arg string
		option, want       string
	}{
		{"linux", "/a\n", "b", "program", "word 1 of the command contains a control character"},
		{"linux", "/a\x7f", "b", "program", "word 1 of the command contains a control character"},
		{"linux", "/a", "\t", "args", "word 2 of the command contains a control character"},
		{"linux", "/a", "\xff", "args", "word 2 of the command is not UTF-8"},
		{"windows", `C:\a`, " b", "args", "word 2 of the command has a blank or a special character of cmd.exe at offset 0"},
		{"windows", `C:\a`, "b\x7f", "args", "at offset 1"},
		{"windows", `C:\a`, "", "args", "word 2 of the command is empty"},
		{"windows", `C:\`, "b", "program", "is not an absolute path"},
		{"windows", `C:ab`, "b", "program", "is not an absolute path"},
		{"windows", `Cx\a`, "b", "program", "is not an absolute path"},
	} {
		_, err := export.CommandLineFor(tt.goos, tt.program, []string{tt.arg})
		refused, ok := errors.AsType[*export.OptionError](err)
		if !ok || refused.Option != tt.option || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("CommandLine(%q, %q) on %s = %v, want an error for %s with %q", tt.program, tt.arg, tt.goos, err, tt.option, tt.want)
		}
	}
	for _, program := range []string{`C:\a`, `C:/a`, `\\server\share\a`} {
		if got, err := export.CommandLineFor("windows", program, nil); got != program || err != nil {
			t.Errorf("CommandLine(%q) on windows = %q, %v", program, got, err)
		}
	}
}

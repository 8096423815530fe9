package export_test

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/google/go-cmp/cmp"

	"github.com/onafed/onafed/awsfed/export"
	"github.com/onafed/onafed/idp"
)

// Every byte outside the lines of our keys stays.
func TestRewrite(t *testing.T) {
	t.Parallel()
	set := func(kv ...string) []export.Setting {
		var s []export.Setting
		for i := 0; i < len(kv); i += 2 {
			s = append(s, export.Setting{Key: kv[i], Value: kv[i+1]})
		}
		return s
	}
	tests := []struct {
		rule, before, after string
		config              bool
		settings            []export.Setting
	}{
		{rule: "an empty file gets the section", before: "", after: "[p]\na = 1\nb = 2\n", settings: set("a", "1", "b", "2")},
		{rule: "config sections have a prefix", config: true, before: "", after: "[profile p]\na = 1\n", settings: set("a", "1")},
		{rule: "a new section comes last, behind a blank line", before: "[q]\nx = 1\n", after: "[q]\nx = 1\n\n[p]\na = 1\n", settings: set("a", "1")},
		{rule: "no second blank line", before: "[q]\nx = 1\n\n", after: "[q]\nx = 1\n\n[p]\na = 1\n", settings: set("a", "1")},
		{rule: "a last line without newline is ended", before: "[q]\nx = 1", after: "[q]\nx = 1\n\n[p]\na = 1\n", settings: set("a", "1")},
		{rule: "a new section takes the file's line ends", before: "[q]\r\nx = 1\r\n", after: "[q]\r\nx = 1\r\n\r\n[p]\r\na = 1\r\n", settings: set("a", "1")},
		{rule: "a value is replaced where it stands", before: "[p]\na = 0\nb = 2\n", after: "[p]\na = 1\nb = 2\n", settings: set("a", "1")},
		{rule: "our keys become lower-case", before: "[p]\nA=0\n", after: "[p]\na = 1\n", settings: set("a", "1")},
		{rule: "an equal value is left as it is written", before: "[p]\nA=1\n", after: "[p]\nA=1\n", settings: set("a", "1")},
		{rule: "a new key comes behind the section's last one", before: "[p]\nx = 1\n# about q\n\n[q]\n", after: "[p]\nx = 1\na = 1\n# about q\n\n[q]\n", settings: set("a", "1")},
		{rule: "a new key comes behind a nested block", before: "[p]\ns3 =\n  x = 1\n  y = 2\n\n[q]\n", after: "[p]\ns3 =\n  x = 1\n  y = 2\na = 1\n\n[q]\n", settings: set("a", "1")},
		{rule: "a new key in an empty section", before: "[p]\n[q]\n", after: "[p]\na = 1\n[q]\n", settings: set("a", "1")},
		{rule: "a missing final newline stays missing", before: "[p]\nx = 1", after: "[p]\nx = 1\na = 1", settings: set("a", "1")},
		{rule: "a missing final newline stays missing when replaced", before: "[p]\na = 0", after: "[p]\na = 1", settings: set("a", "1")},
		{rule: "a header without newline", before: "[p]", after: "[p]\na = 1", settings: set("a", "1")},
		{rule: "CRLF stays", before: "[p]\r\na = 0\r\nx = 1\r\n", after: "[p]\r\na = 1\r\nx = 1\r\nb = 2\r\n", settings: set("a", "1", "b", "2")},
		{rule: "a removed key takes its line", before: "[p]\nx = 1\na = 0\ny = 2\n", after: "[p]\nx = 1\ny = 2\n", settings: set("a", "")},
		{rule: "a removed nested block goes whole, its comments stay", before: "[p]\ns3 =\n  x = 1\n  # c\n  y = 2\nz = 1\n", after: "[p]\n  # c\nz = 1\n", settings: set("s3", "")},
		{rule: "removing from a missing section changes nothing", before: "[q]\n", after: "[q]\n", settings: set("a", "")},
		{rule: "indented keys stay indented", before: "[p]\n  a = 0\n  b = 2\n", after: "[p]\n  a = 1\n  b = 2\n", settings: set("a", "1")},
		{rule: "other sections keep their comments and quotes", before: "# head\n[q]\nx = \"1\" # c\n[p] # ours\n; c\na = 0\n", after: "# head\n[q]\nx = \"1\" # c\n[p] # ours\n; c\na = 1\n", settings: set("a", "1")},
		{rule: "some replaced, some removed, some new", before: "[p]\na = 0\nx = 9\nb = 0\n[q]\n", after: "[p]\na = 1\nx = 9\nc = 3\n[q]\n", settings: set("a", "1", "b", "", "c", "3")},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			got, ok := export.Rewrite(tt.config, tt.before, "p", tt.settings...)
			if !ok {
				t.Fatalf("Rewrite(%q) was refused", tt.before)
			}
			if diff := cmp.Diff(tt.after, got); diff != "" {
				t.Errorf("Rewrite(%q) (-want +got):\n%s", tt.before, diff)
			}
			again, ok := export.Rewrite(tt.config, got, "p", tt.settings...)
			if !ok || again != got {
				t.Errorf("the same edit again changed %q to %q", got, again)
			}
		})
	}
}

func TestEditRefusesWhatCannotBeWritten(t *testing.T) {
	t.Parallel()
	f := credentialsFile(t, "", nil)
	profiles := []string{"", "a b", "a]", "[a", "a#", "a;", "DEFAULT", "a\nb", "a\"", "a'", `a\`, "é", "a\tb", strings.Repeat("a", 257)}
	for _, p := range profiles {
		if err := f.Edit(t.Context(), p, export.Setting{Key: "a", Value: "1"}); err == nil {
			t.Errorf("profile %q was accepted", p)
		}
	}
	keys := []string{"", "A", "a b", "a=b", "a:b", "[a", "#a", "a\n", "é"}
	for _, k := range keys {
		if err := f.Edit(t.Context(), "p", export.Setting{Key: k, Value: "1"}); err == nil {
			t.Errorf("key %q was accepted", k)
		}
	}
	const secret = "sEcReT"
	values := []string{" " + secret, secret + " ", secret + "\n[q]", secret + "\rx", secret + "\x00", "#" + secret, ";" + secret, secret + " # x", secret + "\t;x", `"` + secret + `"`, "'" + secret + "'", `"`, "'", secret + "\u2028x", secret + "\u00a0x", secret + "\xff", secret + strings.Repeat("x", 40<<10)}
	for _, v := range values {
		err := f.Edit(t.Context(), "p", export.Setting{Key: "a", Value: v})
		if err == nil {
			t.Errorf("value %q was accepted", v)
		} else if strings.Contains(err.Error(), secret) {
			t.Errorf("the error tells the value: %v", err)
		}
	}
	if err := f.Edit(t.Context(), "p", export.Setting{Key: "a", Value: "1"}, export.Setting{Key: "a", Value: "2"}); err == nil {
		t.Error("a key set twice was accepted")
	}
	if _, err := os.Stat(f.Path()); !errors.Is(err, os.ErrNotExist) {
		t.Error("the file was made")
	}
}

// credentialsFile is a credentials file with the text, in a folder of its own.
func credentialsFile(t *testing.T, text string, opts *export.FileOptions) *export.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "credentials")
	if text != "" {
		write(t, path, text, 0o600)
	}
	f, err := export.NewCredentialsFile(path, opts)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func configFile(t *testing.T, text string, opts *export.FileOptions) *export.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config")
	write(t, path, text, 0o600)
	f, err := export.NewConfigFile(path, opts)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Keys of earlier credentials do not stay beside the new ones, and the SDK
// reads what was written.
func TestWriteCredentials(t *testing.T) {
	t.Parallel()
	f := credentialsFile(t, strings.Join([]string{
		"[old]", "aws_access_key_id = ASIAOLD", "aws_secret_access_key = old", "aws_security_token = old", "aws_session_token = old",
		"aws_account_id = 210987654321", "x_principal_arn = arn:old", "aws_expiration = 2020", "region = eu-west-1", "",
	}, "\n"), nil)
	c := credentials(7)
	c.Expires = time.Date(2126, 1, 2, 3, 4, 5, 999, time.FixedZone("", 3600))
	for _, profile := range []string{"old", "new"} {
		if err := f.WriteCredentials(t.Context(), profile, c); err != nil {
			t.Fatal(err)
		}
	}
	want := strings.Join([]string{
		"[old]", "aws_access_key_id = " + c.AccessKeyID, "aws_secret_access_key = " + c.SecretAccessKey, "aws_session_token = " + c.SessionToken,
		"aws_account_id = 123456789012", "region = eu-west-1", "x_security_token_expires = 2126-01-02T02:04:05Z", "",
		"[new]", "aws_access_key_id = " + c.AccessKeyID, "aws_secret_access_key = " + c.SecretAccessKey, "aws_session_token = " + c.SessionToken,
		"x_security_token_expires = 2126-01-02T02:04:05Z", "",
	}, "\n")
	if diff := cmp.Diff(want, read(t, f.Path())); diff != "" {
		t.Errorf("file (-want +got):\n%s", diff)
	}
	for _, profile := range []string{"old", "new"} {
		got, err := config.LoadSharedConfigProfile(t.Context(), profile, func(o *config.LoadSharedConfigOptions) {
			o.CredentialsFiles, o.ConfigFiles = []string{f.Path()}, []string{os.DevNull}
		})
		if err != nil {
			t.Fatal(err)
		}
		if got.Credentials.SessionToken != c.SessionToken || got.Credentials.SecretAccessKey != c.SecretAccessKey {
			t.Errorf("profile %s: the SDK reads other keys", profile)
		}
	}
	if v, ok, err := f.Lookup("old", "region"); v != "eu-west-1" || !ok || err != nil {
		t.Errorf("Lookup(region) = %q, %v, %v", v, ok, err)
	}
}

func TestWriteCredentialsRefuses(t *testing.T) {
	t.Parallel()
	f := credentialsFile(t, "", nil)
	tests := map[string]func(c *aws.Credentials){
		"no session token":     func(c *aws.Credentials) { c.SessionToken = "" },
		"no secret":            func(c *aws.Credentials) { c.SecretAccessKey = "" },
		"no key id":            func(c *aws.Credentials) { c.AccessKeyID = "" },
		"no expiration":        func(c *aws.Credentials) { c.CanExpire = false },
		"expired":              func(c *aws.Credentials) { c.Expires = time.Now() },
		"newline in a value":   func(c *aws.Credentials) { c.SessionToken += "\n[q]" },
		"account not a number": func(c *aws.Credentials) { c.AccountID = "12345678901x" },
	}
	for rule, spoil := range tests {
		c := credentials(1)
		spoil(&c)
		err := f.WriteCredentials(t.Context(), "p", c)
		if err == nil {
			t.Errorf("%s: accepted", rule)
			continue
		}
		if (rule == "expired") != errors.Is(err, export.ErrExpired) {
			t.Errorf("%s: errors.Is(%v, ErrExpired) is wrong", rule, err)
		}
		if strings.Contains(err.Error(), credentials(1).SessionToken) {
			t.Errorf("%s: the error tells the token", rule)
		}
	}
}

func TestLongTermKeysAreKept(t *testing.T) {
	t.Parallel()
	tests := []struct {
		rule, section string
		longTerm      bool
	}{
		{"AKIA", "aws_access_key_id = AKIAX\naws_secret_access_key = s\n", true},
		{"AKIA with a stale token", "aws_access_key_id = AKIAX\naws_secret_access_key = s\naws_session_token = t\n", true},
		{"no token", "aws_access_key_id = other\naws_secret_access_key = s\n", true},
		{"secret alone", "aws_secret_access_key = s\n", true},
		{"ASIA without token", "aws_access_key_id = ASIAX\n", false},
		{"token", "aws_access_key_id = other\naws_secret_access_key = s\naws_session_token = t\n", false},
		{"old token", "aws_access_key_id = other\naws_secret_access_key = s\naws_security_token = t\n", false},
		{"nothing", "region = x\n", false},
	}
	for _, tt := range tests {
		text := "[p]\n" + tt.section
		f := credentialsFile(t, text, nil)
		err := f.WriteCredentials(t.Context(), "p", credentials(1))
		if errors.Is(err, export.ErrLongTerm) != tt.longTerm {
			t.Errorf("%s: WriteCredentials: %v", tt.rule, err)
		}
		if tt.longTerm && read(t, f.Path()) != text {
			t.Errorf("%s: the file was changed", tt.rule)
		}
		f = credentialsFile(t, text, nil)
		if _, err := f.RemoveCredentials(t.Context(), "p"); errors.Is(err, export.ErrLongTerm) != tt.longTerm {
			t.Errorf("%s: RemoveCredentials: %v", tt.rule, err)
		}
		f = credentialsFile(t, text, &export.FileOptions{Overwrite: true})
		if err := f.WriteCredentials(t.Context(), "p", credentials(1)); err != nil {
			t.Errorf("%s: with Overwrite: %v", tt.rule, err)
		}
	}
}

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

	// Settings that would win are named, and go only when told to.
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

// A line of the same program, wherever it is installed and whatever it is told,
// is replaced; one of another is a person's.
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

// The temporary file of a killed writer goes at the next run, whatever comes of
// that run.
func TestOrphanIsRemoved(t *testing.T) {
	t.Parallel()
	for rule, text := range map[string]string{"changed": "[p]\nregion = a\n", "unchanged": "[p]\nregion = x\n", "refused": "[p]\n[p]\n"} {
		f := credentialsFile(t, text, nil)
		_, temp := f.Siblings()
		write(t, temp, "aws_secret_access_key = half", 0o600)
		err := f.Edit(t.Context(), "p", export.Setting{Key: "region", Value: "x"})
		if (err != nil) != (rule == "refused") {
			t.Errorf("%s: %v", rule, err)
		}
		if _, err := os.Lstat(temp); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: the temporary file is left", rule)
		}
	}
}

// Removing from a file that is not there makes neither file nor folder.
func TestRemoveCredentialsFromNothing(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), ".aws")
	f, err := export.NewCredentialsFile(filepath.Join(dir, "credentials"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if removed, err := f.RemoveCredentials(t.Context(), "p"); removed || err != nil {
		t.Errorf("RemoveCredentials = %v, %v", removed, err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Error("the folder was made")
	}
	f = credentialsFile(t, "[p]\naws_access_key_id = ASIAX\naws_secret_access_key = s\naws_session_token = t\nregion = x\n", nil)
	for _, want := range []bool{true, false} {
		if removed, err := f.RemoveCredentials(t.Context(), "p"); removed != want || err != nil {
			t.Errorf("RemoveCredentials = %v, %v, want %v", removed, err, want)
		}
	}
	if got := read(t, f.Path()); got != "[p]\nregion = x\n" {
		t.Errorf("left: %q", got)
	}
}

// A file that cannot be edited safely stays as it is, to the byte.
func TestRefusedFileIsUntouched(t *testing.T) {
	t.Parallel()
	texts := map[string]int{
		"[p]\naws_access_key_id = a\n[p]\n":      3,
		"[p]\nregion = x # c\n":                  2,
		"\ufeff[p]\n":                            1,
		"[q]\nx = 1\nX = 2\n":                    3,
		"[p]\ngarbage\n":                         2,
		"[p]\naws_session_token = \"quoted\"\n":  2,
		"[q\n":                                   1,
		"loose = 1\n[p]\n":                       1,
		"[p]\naws_access_key_id = a\n  b = c\n":  3,
		"[q]\nok = 1\n\n# c\n[DEFAULT]\nx = 1\n": 5,
		"[p]\na = 1\n\xff\n":                     3,
		"[p]\r\na = 1\r\nb = 2\rc = 3\r\n":       3,
	}
	for text, line := range texts {
		f := credentialsFile(t, text, &export.FileOptions{Overwrite: true})
		before, err := os.Stat(f.Path())
		if err != nil {
			t.Fatal(err)
		}
		err = f.WriteCredentials(t.Context(), "p", credentials(1))
		var fe *export.FileError
		if !errors.As(err, &fe) || fe.Line != line {
			t.Errorf("%q: %v, want a refusal of line %d", text, err, line)
		}
		after, err := os.Stat(f.Path())
		if err != nil {
			t.Fatal(err)
		}
		if read(t, f.Path()) != text || !os.SameFile(before, after) || !before.ModTime().Equal(after.ModTime()) {
			t.Errorf("%q: the file was touched", text)
		}
	}
}

func TestModes(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("modes are access control lists there")
	}
	home := t.TempDir()
	path := filepath.Join(home, "home", ".aws", "credentials")
	f, err := export.NewCredentialsFile(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	mode := func(p string) os.FileMode {
		info, err := os.Stat(p)
		if err != nil {
			t.Fatal(err)
		}
		return info.Mode().Perm()
	}
	edit := func(value string) {
		t.Helper()
		if err := f.Edit(t.Context(), "p", export.Setting{Key: "region", Value: value}); err != nil {
			t.Fatal(err)
		}
	}
	edit("a")
	if mode(path) != 0o600 || mode(filepath.Dir(path)) != 0o700 {
		t.Errorf("new: file %v, folder %v", mode(path), mode(filepath.Dir(path)))
	}
	for _, value := range []string{"a", "b"} { // an edit that changes nothing, and one that does
		if err := os.Chmod(path, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Dir(path), 0o775); err != nil {
			t.Fatal(err)
		}
		edit(value)
		if mode(path) != 0o600 || mode(filepath.Dir(path)) != 0o700 {
			t.Errorf("loose ones: file %v, folder %v", mode(path), mode(filepath.Dir(path)))
		}
	}
	// A folder of another name was chosen by the user.
	f = credentialsFile(t, "", nil)
	if err := os.Chmod(filepath.Dir(f.Path()), 0o755); err != nil {
		t.Fatal(err)
	}
	edit("a")
	if got := mode(filepath.Dir(f.Path())); got != 0o755 {
		t.Errorf("the mode of a folder not named .aws became %v", got)
	}
}

func TestUnchangedFileIsNotWritten(t *testing.T) {
	t.Parallel()
	f := credentialsFile(t, "[p]\nregion=x\n", nil)
	before, err := os.Stat(f.Path())
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Edit(t.Context(), "p", export.Setting{Key: "region", Value: "x"}); err != nil {
		t.Fatal(err)
	}
	after, err := os.Stat(f.Path())
	if err != nil {
		t.Fatal(err)
	}
	if !os.SameFile(before, after) {
		t.Error("the file was replaced though nothing changed")
	}
}

func TestSymbolicLinks(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("links need a privilege there")
	}
	edit := func(t *testing.T, path string) error {
		t.Helper()
		f, err := export.NewCredentialsFile(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		return f.Edit(t.Context(), "p", export.Setting{Key: "region", Value: "x"})
	}
	setup := func(t *testing.T) (link, target string) {
		t.Helper()
		dir := t.TempDir()
		for _, d := range []string{"home", "dotfiles"} {
			if err := os.Mkdir(filepath.Join(dir, d), 0o700); err != nil {
				t.Fatal(err)
			}
		}
		link, target = filepath.Join(dir, "home", "credentials"), filepath.Join(dir, "dotfiles", "aws")
		write(t, target, "[q]\n", 0o600)
		if err := os.Symlink("../dotfiles/aws", link); err != nil {
			t.Fatal(err)
		}
		return link, target
	}
	t.Run("ours is followed and stays", func(t *testing.T) {
		t.Parallel()
		link, target := setup(t)
		if err := edit(t, link); err != nil {
			t.Fatal(err)
		}
		if to, err := os.Readlink(link); err != nil || to != "../dotfiles/aws" {
			t.Errorf("the link was replaced: %q, %v", to, err)
		}
		if got := read(t, target); got != "[q]\n\n[p]\nregion = x\n" {
			t.Errorf("target: %q", got)
		}
	})
	t.Run("to nothing is followed", func(t *testing.T) {
		t.Parallel()
		link, target := setup(t)
		if err := os.Remove(target); err != nil {
			t.Fatal(err)
		}
		if err := edit(t, link); err != nil || read(t, target) != "[p]\nregion = x\n" {
			t.Errorf("%v", err)
		}
	})
	for _, dir := range []string{"home", "dotfiles"} {
		t.Run("others write to "+dir, func(t *testing.T) {
			t.Parallel()
			link, target := setup(t)
			if err := os.Chmod(filepath.Join(filepath.Dir(filepath.Dir(link)), dir), 0o777); err != nil {
				t.Fatal(err)
			}
			if err := edit(t, link); err == nil || read(t, target) != "[q]\n" {
				t.Errorf("followed: %v", err)
			}
		})
	}
	t.Run("of another user", func(t *testing.T) {
		t.Parallel()
		link, target := setup(t)
		if err := os.Lchown(link, 12345, -1); err != nil {
			t.Skip("only root can try this")
		}
		if err := edit(t, link); err == nil || read(t, target) != "[q]\n" {
			t.Errorf("followed: %v", err)
		}
	})
	t.Run("in a circle", func(t *testing.T) {
		t.Parallel()
		link := filepath.Join(t.TempDir(), "a")
		if err := os.Symlink(link, link); err != nil {
			t.Fatal(err)
		}
		if err := edit(t, link); err == nil {
			t.Error("no error")
		}
	})
	t.Run("a folder that is one", func(t *testing.T) {
		t.Parallel()
		link, target := setup(t)
		home := filepath.Dir(link)
		aws := filepath.Join(home, ".aws")
		if err := os.Symlink(filepath.Dir(target), aws); err != nil {
			t.Fatal(err)
		}
		if err := edit(t, filepath.Join(aws, "aws")); err != nil {
			t.Errorf("ours: %v", err)
		}
		if err := os.Chmod(filepath.Dir(target), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := edit(t, filepath.Join(aws, "aws")); err == nil {
			t.Error("one to a folder that all can write to was followed")
		}
	})
}

func TestForeignFilesAreRefused(t *testing.T) {
	t.Parallel()
	f := credentialsFile(t, "[p]\n", nil)
	if err := os.Chown(f.Path(), 12345, -1); err != nil {
		t.Skip("only root can try this")
	}
	if err := f.Edit(t.Context(), "p", export.Setting{Key: "region", Value: "x"}); err == nil || read(t, f.Path()) != "[p]\n" {
		t.Errorf("another user's file was edited: %v", err)
	}
	folder, err := export.NewCredentialsFile(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := folder.Edit(t.Context(), "p", export.Setting{Key: "region", Value: "x"}); err == nil {
		t.Error("a folder was edited")
	}
}

func TestDefaultPaths(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "")
	t.Setenv("AWS_CONFIG_FILE", "")
	paths := func() [2]string {
		cred, err := export.NewCredentialsFile("", nil)
		if err != nil {
			t.Fatal(err)
		}
		conf, err := export.NewConfigFile("", nil)
		if err != nil {
			t.Fatal(err)
		}
		return [2]string{cred.Path(), conf.Path()}
	}
	if got, want := paths(), [2]string{filepath.Join(home, ".aws", "credentials"), filepath.Join(home, ".aws", "config")}; got != want {
		t.Errorf("paths %q, want %q", got, want)
	}
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(home, "a"))
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(home, "b"))
	if got, want := paths(), [2]string{filepath.Join(home, "a"), filepath.Join(home, "b")}; got != want {
		t.Errorf("paths %q, want %q", got, want)
	}
}

// The name of a folder may hold anything; an error that tells it is one line of printable text.
func TestErrorsAreOneCleanLine(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("no such names there")
	}
	file := filepath.Join(t.TempDir(), "a\n\x1b[31m\u202eb")
	write(t, file, "", 0o600)
	f, err := export.NewCredentialsFile(filepath.Join(file, "deep", "credentials"), nil)
	if err != nil {
		t.Fatal(err)
	}
	errs := map[string]error{
		"Edit":      f.Edit(t.Context(), "p", export.Setting{Key: "region", Value: "x"}),
		"OpenCache": export.OpenCache(&export.CacheOptions{Dir: filepath.Join(file, "cache")}).Off(),
	}
	_, _, errs["Lookup"] = f.Lookup("p", "region")
	_, errs["Write"] = newTokenFile(t, filepath.Join(file, "deep", "token"), idp.Static(idToken(t, 1, time.Hour)), nil).Write(t.Context())
	for call, err := range errs {
		if err == nil || strings.ContainsFunc(err.Error(), func(c rune) bool { return c < ' ' || c > '~' }) {
			t.Errorf("%s: %q", call, err)
		}
	}
}

// After the rename the file is the new one, whatever becomes of the flush: where there can be none it is no failure, and a fault of the disk
// says what it is about.
func TestUnflushedFolder(t *testing.T) {
	t.Parallel()
	for _, err := range []error{nil, syscall.EINVAL, syscall.ENOTSUP, syscall.ENOSYS, syscall.EACCES, &fs.PathError{Op: "sync", Path: "x", Err: syscall.EPERM}} {
		if got := export.CheckFlush(err); got != nil {
			t.Errorf("%v: %v", err, got)
		}
	}
	if err := export.CheckFlush(syscall.EIO); !errors.Is(err, syscall.EIO) || !strings.Contains(err.Error(), "the file was replaced") {
		t.Errorf("a fault of the disk: %v", err)
	}
}

// What could not be read again is not written.
func TestEditKeepsTheSizeLimit(t *testing.T) {
	t.Parallel()
	text := "[q]\n# " + strings.Repeat("x", 16<<20-len("[q]\n# ")-1-len("\n[p]\nregion = x\n")) + "\n"
	f := credentialsFile(t, text, nil)
	if err := f.Edit(t.Context(), "p", export.Setting{Key: "region", Value: "xx"}); err == nil || !strings.Contains(err.Error(), "16 MiB") || read(t, f.Path()) != text {
		t.Errorf("a byte more than the limit: %v", err)
	}
	if err := f.Edit(t.Context(), "p", export.Setting{Key: "region", Value: "x"}); err != nil {
		t.Errorf("up to the limit: %v", err)
	}
	if got, _, err := f.Lookup("p", "region"); got != "x" || err != nil {
		t.Errorf("Lookup = %q, %v", got, err)
	}
}

// botocore expands these paths and the Go SDK does not: nobody should get a file of that very name.
func TestPathsThatSDKsReadDifferently(t *testing.T) {
	for _, path := range []string{"~/.aws/credentials", "$HOME/.aws/credentials", "/home/${USER}/credentials"} {
		t.Setenv("AWS_SHARED_CREDENTIALS_FILE", path)
		t.Setenv("AWS_CONFIG_FILE", path)
		if _, err := export.NewCredentialsFile("", nil); err == nil || !strings.Contains(err.Error(), "AWS_SHARED_CREDENTIALS_FILE") {
			t.Errorf("%s: %v", path, err)
		}
		if _, err := export.NewConfigFile("", nil); err == nil || !strings.Contains(err.Error(), "AWS_CONFIG_FILE") {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// What is no regular file is left alone, and so is the folder it is in.
func TestNoRegularFile(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("a socket is a regular file there")
	}
	dir, err := os.MkdirTemp("", "s") //nolint:usetesting // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	path := filepath.Join(dir, "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	link := filepath.Join(dir, "link")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{path, link} {
		f, err := export.NewCredentialsFile(p, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.WriteCredentials(t.Context(), "p", credentials(1)); err == nil || !strings.Contains(err.Error(), "not a regular file") {
			t.Errorf("WriteCredentials: %v", err)
		}
		if _, err := newTokenFile(t, p, idp.Static(idToken(t, 1, time.Hour)), nil).Write(t.Context()); err == nil || !strings.Contains(err.Error(), "not a regular file") {
			t.Errorf("TokenFile: %v", err)
		}
	}
	if names := glob(t, filepath.Join(dir, ".*")); len(names) > 0 {
		t.Errorf("left beside it: %q", names)
	}

	null, err := export.NewCredentialsFile(os.DevNull, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, ok, err := null.Lookup("p", "region"); got != "" || ok || err != nil {
		t.Errorf("Lookup in the null device = %q, %v, %v", got, ok, err)
	}
	if removed, err := null.RemoveCredentials(t.Context(), "p"); removed || err != nil {
		t.Errorf("RemoveCredentials in the null device = %v, %v", removed, err)
	}
}

func TestLookupIgnoresCase(t *testing.T) {
	t.Parallel()
	f := credentialsFile(t, "[p]\nRegion = x\n", nil)
	for _, key := range []string{"region", "Region", "REGION"} {
		if got, ok, err := f.Lookup("p", key); got != "x" || !ok || err != nil {
			t.Errorf("Lookup(%s) = %q, %v, %v", key, got, ok, err)
		}
	}
}

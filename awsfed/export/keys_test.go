package export_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/google/go-cmp/cmp"

	"github.com/onafed/onafed/awsfed/export"
)

// The keys of earlier credentials are removed, and the SDK reads the new ones.
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
	for rule, change := range tests {
		c := credentials(1)
		change(&c)
		err := f.WriteCredentials(t.Context(), "p", c)
		if err == nil {
			t.Errorf("%s: accepted", rule)
			continue
		}
		if (rule == "expired") != errors.Is(err, export.ErrExpired) {
			t.Errorf("%s: errors.Is(%v, ErrExpired) is wrong", rule, err)
		}
		if strings.Contains(err.Error(), credentials(1).SessionToken) {
			t.Errorf("%s: the error contains the token", rule)
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
		{"ASIA in quotes", "aws_access_key_id=\"ASIAX\"\n", false},
		{"temporary keys in quotes", "aws_access_key_id = \"ASIAX\"\naws_secret_access_key = 's'\naws_session_token = \"t\"\n", false},
		{"ASIA with a comment", "aws_access_key_id = ASIAX # ours\naws_secret_access_key = s ; ours\n", false},
		{"ASIA with an indented comment", "  aws_access_key_id = \"ASIAX # ours\"\n", false},
		{"AKIA in quotes", "aws_access_key_id = \"AKIAX\"\naws_secret_access_key = \"s\"\naws_session_token = \"t\"\n", true},
		{"an empty token in quotes", "aws_access_key_id = other\naws_secret_access_key = s\naws_session_token = \"\"\n", true},
		{"secret alone in quotes", "aws_access_key_id =\naws_secret_access_key = \"s\"\n", true},
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

// Removing from a missing file makes neither file nor folder.
func TestRemoveCredentialsFromAMissingFile(t *testing.T) {
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
		t.Error("the folder was created")
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

package export_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/onafed/onafed/awsfed/export"
)

// The error names a setting that SDKs prefer to the keys. It is removed only with Overwrite.
func TestWriteCredentialsBesidePreferredSettings(t *testing.T) {
	t.Parallel()
	const text = "[p]\nregion = x\nrole_arn = arn\nsource_profile = q\n"
	f := credentialsFile(t, text, nil)
	var fe *export.FileError
	err := f.WriteCredentials(t.Context(), "p", credentials(1))
	if !errors.As(err, &fe) || fe.Line != 3 || fe.Next == "" || !strings.Contains(fe.Reason, "role_arn") || read(t, f.Path()) != text {
		t.Errorf("%v, want a refusal of line 3 with a next step", err)
	}
	f = credentialsFile(t, text, &export.FileOptions{Overwrite: true})
	if err := f.WriteCredentials(t.Context(), "p", credentials(1)); err != nil {
		t.Fatal(err)
	}
	if got := read(t, f.Path()); !strings.HasPrefix(got, "[p]\nregion = x\naws_access_key_id = ") || strings.Contains(got, "source_profile") {
		t.Errorf("with Overwrite: %q", got)
	}
}

// WriteCredentials refuses a setting beside the keys if and only if the Go SDK or botocore do not
// use the keys because of it.
func TestPreferredSettingsAreThoseOfTheSDKs(t *testing.T) {
	t.Parallel()
	python := pythonWithBotocore(t)
	offline := awshttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) {
		tr.DialContext = func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("no network") }
	})
	c := credentials(1)
	stored := storeProfiles(t, c)
	inPython := botocoreUsesKeys(t, python, stored)
	for i, s := range stored {
		inGo := false
		cfg, err := config.LoadDefaultConfig(t.Context(), config.WithSharedConfigProfile("p"), config.WithRegion("us-east-1"), config.WithHTTPClient(offline),
			config.WithRetryMaxAttempts(1), config.WithSharedConfigFiles([]string{s.Config}), config.WithSharedCredentialsFiles([]string{s.Credentials}))
		if err == nil {
			got, err := cfg.Credentials.Retrieve(t.Context())
			inGo = err == nil && got.SessionToken == c.SessionToken
		}
		err = s.file.WriteCredentials(t.Context(), "p", credentials(2))
		if refused := err != nil; refused != (!inGo || !inPython[i]) {
			t.Errorf("%s with %q: WriteCredentials = %v; the keys are used by the Go SDK %v, by botocore %v", filepath.Base(s.file.Path()), s.section, err, inGo, inPython[i])
		}
	}
}

// A storedProfile is profile p with static keys and another section, in one of the two files.
type storedProfile struct {
	Credentials, Config string // paths
	PrefersLogin        bool   // whether it has a login session in the config file
	section             string
	file                *export.File // the one with the keys
}

func storeProfiles(t *testing.T, c aws.Credentials) (stored []storedProfile) {
	t.Helper()
	keys := "aws_access_key_id = " + c.AccessKeyID + "\naws_secret_access_key = " + c.SecretAccessKey + "\naws_session_token = " + c.SessionToken + "\n"
	sections := []string{
		"region = x", "role_session_name = x", "external_id = x", "mfa_serial = x", "duration_seconds = 900", "output = json",
		"role_arn = arn:aws:iam::123456789012:role/r", "role_arn = arn:aws:iam::123456789012:role/r\nsource_profile = p",
		"role_arn = arn:aws:iam::123456789012:role/r\ncredential_source = Environment", "source_profile = q", "credential_source = Environment",
		"web_identity_token_file = /nowhere", "role_arn = arn:aws:iam::123456789012:role/r\nweb_identity_token_file = /nowhere",
		"sso_start_url = https://example.com", "sso_region = us-east-1", "sso_account_id = 123456789012", "sso_role_name = r",
		"sso_start_url = https://example.com\nsso_region = us-east-1\nsso_account_id = 123456789012\nsso_role_name = r",
		"login_session = arn:aws:iam::123456789012:user/u", "credential_process = /bin/false",
	}
	for _, isConfig := range []bool{false, true} {
		for _, section := range sections {
			s := storedProfile{filepath.Join(t.TempDir(), "credentials"), filepath.Join(t.TempDir(), "config"), isConfig && strings.HasPrefix(section, "login_session"), section, nil}
			var err error
			if isConfig {
				write(t, s.Config, "[profile p]\n"+keys+section+"\n", 0o600)
				write(t, s.Credentials, "", 0o600)
				s.file, err = export.NewConfigFile(s.Config, nil)
			} else {
				write(t, s.Config, "[profile p]\n", 0o600)
				write(t, s.Credentials, "[p]\n"+keys+section+"\n", 0o600)
				s.file, err = export.NewCredentialsFile(s.Credentials, nil)
			}
			if err != nil {
				t.Fatal(err)
			}
			stored = append(stored, s)
		}
	}
	return stored
}

// botocoreUsesKeys reports for each profile whether botocore uses its static keys. A botocore before
// login sessions existed (1.41) counts as a newer one, which prefers one in the config file.
func botocoreUsesKeys(t *testing.T, python string, stored []storedProfile) (used []bool) {
	t.Helper()
	const script = `
import json, os, sys, botocore.session, botocore.credentials
used = []
has_login = hasattr(botocore.credentials, "LoginProvider")
for s in json.load(sys.stdin):
    os.environ["AWS_SHARED_CREDENTIALS_FILE"], os.environ["AWS_CONFIG_FILE"] = s["Credentials"], s["Config"]
    try:
        used.append(botocore.session.Session(profile="p").get_credentials().method in ("shared-credentials-file", "config-file"))
    except Exception:
        used.append(False)
    if s["PrefersLogin"] and not has_login: used[-1] = False
json.dump(used, sys.stdout)
`
	in, err := json.Marshal(stored)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), python, "-c", script)
	cmd.Env = []string{"PATH=/usr/bin:/bin", "HOME=" + t.TempDir(), "AWS_EC2_METADATA_DISABLED=true"}
	cmd.Stdin, cmd.Stderr = strings.NewReader(string(in)), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out, &used); err != nil || len(used) != len(stored) {
		t.Fatalf("%d answers, %v", len(used), err)
	}
	return used
}

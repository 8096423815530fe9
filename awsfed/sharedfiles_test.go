package awsfed_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/awsfedtest"
	"github.com/onafed/onafed/idp/idptest"
)

// broken are settings for credentials that make config.LoadDefaultConfig fail although it gets a
// credentials provider: the config file and the credentials file.
var broken = map[string][2]string{
	"a source profile with a login session": {"[default]\nregion = eu-central-1\nrole_arn = arn:aws:iam::123456789012:role/x\nsource_profile = users\n[profile users]\nlogin_session = arn:aws:iam::123456789012:user/x\n", ""},
	"a missing source profile":              {"[default]\nregion = eu-central-1\nrole_arn = arn:aws:iam::123456789012:role/x\nsource_profile = gone\n", ""},
	"a source profile without credentials":  {"[default]\nregion = eu-central-1\nrole_arn = arn:aws:iam::123456789012:role/x\nsource_profile = other\n[profile other]\nregion = us-west-2\n", ""},
	"a source profile that names itself":    {"[default]\nregion = eu-central-1\nrole_arn = arn:aws:iam::123456789012:role/x\nsource_profile = default\n", ""},
	"a source profile without a role":       {"[default]\nregion = eu-central-1\nsource_profile = other\n", ""},
	"two source profiles in a circle":       {"[default]\nregion = eu-central-1\nrole_arn = arn:aws:iam::123456789012:role/x\nsource_profile = a\n[profile a]\nrole_arn = arn:aws:iam::123456789012:role/y\nsource_profile = default\n", ""},
	"two kinds of credentials":              {"[default]\nregion = eu-central-1\nrole_arn = arn:aws:iam::123456789012:role/x\nsource_profile = a\ncredential_source = Environment\n", ""},
	"a process and a source profile":        {"[default]\nregion = eu-central-1\nrole_arn = arn:aws:iam::123456789012:role/x\nsource_profile = a\ncredential_process = x\n", ""},
	"a process and a token file":            {"[default]\nregion = eu-central-1\nrole_arn = arn:aws:iam::123456789012:role/x\nweb_identity_token_file = /x\ncredential_process = x\n", ""},
	"a token file without a role":           {"[default]\nregion = eu-central-1\nweb_identity_token_file = /x\n", ""},
	"a credential source without a role":    {"[default]\nregion = eu-central-1\ncredential_source = Environment\n", ""},
	"a session of SSO without its section":  {"[default]\nregion = eu-central-1\nsso_session = gone\nsso_account_id = 123456789012\nsso_role_name = x\n", ""},
	"half of a pair of keys":                {"[default]\nregion = eu-central-1\n", "[default]\naws_access_key_id = AKIAX\n"},
	"a secret key alone":                    {"[default]\nregion = eu-central-1\naws_secret_access_key = x\n", ""},
	"indented settings":                     {"[default]\n  region = eu-central-1\n  aws_access_key_id = x\n", ""},
	"a colon in place of the equals sign":   {"[default]\nregion: eu-central-1\nsso_session: gone\n", ""},
	"upper case letters":                    {"[default]\nregion = eu-central-1\nSSO_Session = gone\n", ""},
	"line ends of Windows":                  {"[default]\r\nregion = eu-central-1\r\nsso_session = gone\r\n", ""},
}

// writeFiles writes the shared files for the test and names them in the environment.
func writeFiles(t *testing.T, files [2]string) {
	t.Helper()
	dir := t.TempDir()
	for i, name := range []string{"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(files[i]), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv(name, path)
	}
}

func TestLoadConfigIgnoresSettingsForCredentials(t *testing.T) {
	cleanEnv(t)
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	for name, files := range broken {
		t.Run(name, func(t *testing.T) {
			writeFiles(t, files)
			if _, err := config.LoadDefaultConfig(t.Context(), config.WithCredentialsProvider(aws.AnonymousCredentials{})); err == nil {
				t.Error("the SDK accepts the files, so this case shows nothing")
			}
			iss := idptest.NewIssuer(t, nil)
			s := awsfedtest.New(t, iss, roleARN)
			cfg, err := awsfed.LoadConfig(t.Context(), roleARN, iss.TokenSource("sts.amazonaws.com"), withClient(s.HTTPClient()))
			if err != nil {
				t.Fatal(err)
			}
			if cfg.Region != "eu-central-1" || cfg.BearerAuthTokenProvider != nil {
				t.Errorf("Region = %q and a bearer token provider %v, want the region of the file and nil", cfg.Region, cfg.BearerAuthTokenProvider)
			}
			if c, err := cfg.Credentials.Retrieve(t.Context()); err != nil || c.AccountID != account {
				t.Errorf("Retrieve = account %q, %v", c.AccountID, err)
			}
		})
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("the temporary folder has %v, %v, want nothing", left, err)
	}
}

// A profile has more settings than a region. LoadConfig gets all of them from the copies, as the SDK
// gets them from a file without the invalid setting.
func TestLoadConfigKeepsOtherSettings(t *testing.T) {
	cleanEnv(t)
	for name, text := range settingsFiles {
		t.Run(name, func(t *testing.T) { compareSettings(t, text) })
	}
}

// settingsFiles are files with settings that matter. SECTION marks the place of a setting for
// credentials in the section.
var settingsFiles = map[string]string{
	"all": `# comment
[default]
region = eu-west-1 ; comment
SECTION
defaults_mode = standard
max_attempts = 7
retry_mode = adaptive
endpoint_url = https://one.example.com
services = dev
sdk_ua_app_id = app
ec2_metadata_service_endpoint_mode = IPv6
request_checksum_calculation = when_required
account_id_endpoint_mode = disabled
[services dev]
s3 =
  endpoint_url = https://two.example.com
sts =
  endpoint_url = https://three.example.com
[profile other]
region = us-west-2
`,
	"FIPS and dual stack":            "[default]\nregion = us-east-1\nSECTION\nuse_fips_endpoint = true\nuse_dualstack_endpoint = true\n",
	"indented below the setting":     "[default]\nSECTION\n  region = eu-west-1\n  use_fips_endpoint = true\n",
	"nested settings above":          "[default]\ns3 =\n  max_concurrent_requests = 3\nSECTION\nregion = eu-west-1\n",
	"a continued value above":        "[default]\nsdk_ua_app_id = one\n  two\nSECTION\nregion = eu-west-1\n",
	"an empty value above":           "[default]\nregion =\nSECTION\nretry_mode = standard\n",
	"two sections of one name":       "[default]\nregion = eu-west-1\nSECTION\n[default]\nretry_mode = standard\n",
	"a value with an equals sign":    "[default]\nendpoint_url = https://one.example.com/?a=b\nSECTION\nregion = 'eu-west-1'\n",
	"a comment that has the setting": "[default]\n# sso_session = x\nregion = eu-west-1\nSECTION\n",
}

// compareSettings compares what LoadConfig reads from a file with an invalid setting with what the
// SDK reads without that setting.
func compareSettings(t *testing.T, text string) {
	t.Helper()
	for _, setting := range []string{"sso_session = gone", "aws_secret_access_key = x\n  more of it", "source_profile = gone\nrole_arn = x"} {
		writeFiles(t, [2]string{strings.ReplaceAll(text, "SECTION\n", ""), ""})
		file := os.Getenv("AWS_CONFIG_FILE")
		want, err := config.LoadSharedConfigProfile(t.Context(), "default", func(o *config.LoadSharedConfigOptions) {
			o.ConfigFiles, o.CredentialsFiles = []string{file}, []string{}
		})
		if err != nil {
			t.Fatal(err)
		}
		writeFiles(t, [2]string{strings.ReplaceAll(text, "SECTION", setting), ""})
		cfg, err := awsfed.LoadConfig(t.Context(), roleARN, &mintery{tb: t}, func(o *awsfed.LoadOptions) {
			o.Config.Region = "eu-west-1" // some files have an invalid one
		})
		if err != nil {
			t.Fatalf("with %q: %v", setting, err)
		}
		var got config.SharedConfig
		for _, source := range cfg.ConfigSources {
			if c, ok := source.(config.SharedConfig); ok {
				got = c
			}
		}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(config.SharedConfig{}, "Credentials", "ExternalID", "MFASerial")); diff != "" {
			t.Errorf("with %q (-want +got):\n%s", setting, diff)
		}
	}
}

// Errors about settings that matter stay.
func TestLoadConfigReportsOtherErrors(t *testing.T) {
	cleanEnv(t)
	t.Setenv("AWS_REGION", "eu-central-1")
	const ignored = "source_profile = gone\nrole_arn = x\n"
	for name, tt := range map[string]struct{ file, profile, bundle, want string }{
		"a missing profile":         {"[default]\n" + ignored, "no-such", "", "no-such"},
		"an unreadable CA bundle":   {"[default]\n" + ignored, "", "/does/not/exist.pem", "/does/not/exist.pem"},
		"a CA bundle of the file":   {"[default]\nca_bundle = /does/not/exist.pem\n" + ignored, "", "", "/does/not/exist.pem"},
		"a wrong number of retries": {"[default]\nmax_attempts = many\n" + ignored, "", "", "max_attempts"},
		"a wrong retry mode":        {"[default]\nretry_mode = often\n" + ignored, "", "", "retry_mode"},
	} {
		t.Run(name, func(t *testing.T) {
			writeFiles(t, [2]string{tt.file, ""})
			t.Setenv("AWS_PROFILE", tt.profile)
			t.Setenv("AWS_CA_BUNDLE", tt.bundle)
			_, err := awsfed.LoadConfig(t.Context(), roleARN, &mintery{tb: t})
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "gone") {
				t.Errorf("LoadConfig = %v, want an error about %s only", err, tt.want)
			}
		})
	}
	t.Run("no temporary folder", func(t *testing.T) {
		writeFiles(t, broken["a missing source profile"])
		none := filepath.Join(t.TempDir(), "none")
		for _, name := range []string{"TMPDIR", "TMP", "TEMP"} { // the last two are for Windows
			t.Setenv(name, none)
		}
		_, err := awsfed.LoadConfig(t.Context(), roleARN, &mintery{tb: t})
		if err == nil || !strings.Contains(err.Error(), "gone") || !strings.Contains(err.Error(), "cannot make copies") {
			t.Errorf("LoadConfig = %v, want both reasons", err)
		}
	})
}

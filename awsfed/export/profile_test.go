package export_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/onafed/onafed/awsfed/export"
)

func TestInspect(t *testing.T) {
	t.Parallel()
	tests := []struct {
		rule, section string
		want          export.Profile
	}{
		{rule: "an empty section has nothing", section: ""},
		{rule: "settings that are not credentials do not count", section: "region = x\noutput = json\n"},
		{rule: "AKIA is long-term", section: "aws_access_key_id = AKIA1\naws_secret_access_key = s\naws_session_token = t\n", want: export.Profile{Keys: export.LongTermKeys}},
		{rule: "ASIA is temporary", section: "aws_access_key_id = ASIA1\naws_secret_access_key = s\n", want: export.Profile{Keys: export.TemporaryKeys}},
		{rule: "a session token makes keys temporary", section: "aws_access_key_id = X\naws_session_token = t\n", want: export.Profile{Keys: export.TemporaryKeys}},
		{rule: "the old name of the session token too", section: "aws_access_key_id = X\naws_security_token = t\n", want: export.Profile{Keys: export.TemporaryKeys}},
		{rule: "other keys are long-term", section: "aws_access_key_id = X\n", want: export.Profile{Keys: export.LongTermKeys}},
		{rule: "a secret alone is long-term", section: "aws_access_key_id =\naws_secret_access_key = s\n", want: export.Profile{Keys: export.LongTermKeys}},
		{rule: "a session token alone is not a key", section: "aws_session_token = t\n"},
		{rule: "the expiration is read", section: "x_security_token_expires = 2026-01-02T03:04:05Z\n", want: export.Profile{Expires: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}},
		{rule: "an expiration that cannot be read is zero", section: "x_security_token_expires = soon\n"},
		{rule: "a process", section: "credential_process = /bin/x y\n", want: export.Profile{Process: "/bin/x y"}},
		{rule: "other sources, in the order of the file", section: "SSO_Session = s\nregion = x\nrole_arn = r\n", want: export.Profile{Sources: []string{"sso_session", "role_arn"}}},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			got, err := credentialsFile(t, "[q]\naws_access_key_id = AKIA2\n[p]\n"+tt.section, nil).Inspect("p")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Inspect (-want +got):\n%s", diff)
			}
		})
	}
}

func TestInspectWithoutAProfile(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"no file": "", "no section": "[q]\nrole_arn = r\n"} {
		got, err := credentialsFile(t, text, nil).Inspect("p")
		if err != nil || !cmp.Equal(got, export.Profile{}) {
			t.Errorf("%s: Inspect = %+v, %v; want the zero Profile", name, got, err)
		}
	}
}

// A setting that SDKs read differently is named only if Inspect reports on it.
func TestInspectNamesAmbiguousSettings(t *testing.T) {
	t.Parallel()
	for section, wantLine := range map[string]int{
		"aws_access_key_id = \"ASIA1\"\n":               2,
		"role_arn = r # prod\n":                         2,
		"region = x\ncredential_process = /bin/x\n y\n": 3,
		"region = x # home\n":                           0,
		"x_security_token_expires = \"2026\"\n":         0,
	} {
		p, err := credentialsFile(t, "[p]\n"+section, nil).Inspect("p")
		if err != nil {
			t.Errorf("Inspect of %q: %v", section, err)
		}
		line := 0
		if p.Ambiguous != nil {
			line = p.Ambiguous.Line
		}
		if line != wantLine {
			t.Errorf("Inspect of %q: %v, want line %d (0: none)", section, p.Ambiguous, wantLine)
		}
	}
}

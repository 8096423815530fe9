package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/onafed/onafed/awsfed/awsfedtest"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/idptest"
)

// TestWork runs both programs against an STS on loopback. Both print what README.md shows.
func TestWork(t *testing.T) {
	const role = "arn:aws:iam::123456789012:role/deploy"
	iss := idptest.NewIssuer(t, nil)
	none := filepath.Join(t.TempDir(), "none")
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL_STS": awsfedtest.Start(t, awsfedtest.New(t, iss, role)),
		"AWS_CONFIG_FILE":      none, "AWS_SHARED_CREDENTIALS_FILE": none, "AWS_PROFILE": "", "AWS_CA_BUNDLE": "",
	} {
		t.Setenv(name, value)
	}
	tokenFile := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(tokenFile, []byte(iss.Sign(iss.Claims(idp.AudienceAWS))), 0o600); err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile("(?s)```text\n(.*?)```").FindSubmatch(readme)
	if shown == nil {
		t.Fatal("README.md shows no output")
	}
	for name, load := range map[string]loader{"stscreds": withStscreds, "onafed": withOnafed} {
		var out bytes.Buffer
		if err := work(t.Context(), load, role, tokenFile, "us-east-1", &out); err != nil || out.String() != string(shown[1]) {
			t.Errorf("%s: printed %q, %v, README.md shows %q", name, out.String(), err, shown[1])
		}
	}
}

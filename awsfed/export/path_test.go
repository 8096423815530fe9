package export_test

import (
	"strings"
	"testing"
	"time"

	"github.com/onafed/onafed/awsfed/export"
	"github.com/onafed/onafed/idp"
)

// botocore expands these paths and the Go SDK does not. A file with that literal name must not
// appear.
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

// A path that a shell would have expanded, and no path, are refused everywhere.
func TestPathsThatAreNoFiles(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{"~": "home folder", "~/x/credentials": "home folder", "": "the path is empty"} {
		if _, err := export.NewCredentialsFile(path, nil); path != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("NewCredentialsFile(%q) = %v, want %q", path, err, want)
		}
		if _, err := export.NewConfigFile(path, nil); path != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("NewConfigFile(%q) = %v, want %q", path, err, want)
		}
		if err := export.WriteSecret(t.Context(), path, "x", nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("WriteSecret(%q) = %v, want %q", path, err, want)
		}
		if _, err := export.NewTokenFile(path, idp.Static(idToken(t, 1, time.Hour)), nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("NewTokenFile(%q) = %v, want %q", path, err, want)
		}
		if err := export.OpenCache(&export.CacheOptions{Dir: path}).Off(); path != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("OpenCache(%q).Off() = %v, want %q", path, err, want)
		}
	}
}

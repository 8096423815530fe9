package idp_test

import (
	"os"
	"strings"
	"testing"

	"github.com/onafed/onafed/idp"
)

// TestEnvironmentVariables checks that each variable with a secret chooses a source of its name, and
// that no variable of the documented names is missing.
func TestEnvironmentVariables(t *testing.T) {
	source, err := os.ReadFile("environment.go")
	if err != nil {
		t.Fatal(err)
	}
	variables := idp.EnvironmentVariables()
	declared := strings.Count(string(source), "\n\tenv")
	if len(variables) != declared {
		t.Errorf("%d variables, and environment.go declares %d", len(variables), declared)
	}
	for _, v := range variables {
		t.Setenv(v.Name, "")
	}
	opts := &idp.EnvironmentOptions{SecretsFile: t.TempDir() + "/none"}
	for _, v := range variables {
		if !v.Secret {
			continue
		}
		t.Setenv(v.Name, "api-token-of-the-test-0123456789")
		src, err := idp.FromEnvironment("audience", opts)
		if err != nil {
			t.Errorf("%s: %v", v.Name, err)
		} else if name := src.(interface{ Source() string }).Source(); !strings.HasPrefix(name, v.Name) {
			t.Errorf("%s chooses the source %q", v.Name, name)
		}
		t.Setenv(v.Name, "")
	}
}

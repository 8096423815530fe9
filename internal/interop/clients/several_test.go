package clients_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/onafed/onafed/awsfed/awsfedtest"
	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/internal/interop/program"
)

// TestSeveralProfiles logs in to several profiles at once. The AWS CLI reads each of them: one with
// keys, one with a credential_process, and one with a chain of two roles.
func TestSeveralProfiles(t *testing.T) {
	t.Parallel()
	program.Need(t, aws)
	w := newWorld(t)
	const first, next = "arn:aws:iam::123456789012:role/several", "arn:aws:iam::210987654321:role/next"
	w.putRole(t, first, time.Hour)
	policy, err := trust.Parse([]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + first + `"},"Action":"sts:AssumeRole"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.STS.PutRole(awsfedtest.Role{ARN: next, TrustPolicy: policy}); err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	file := filepath.Join(home, "profiles.json")
	const text = `[
		{"profile": "keys", "mode": "file", "region": "us-east-1", "role": "` + first + `"},
		{"profile": "line", "role": "` + first + `"},
		{"profile": "chain", "role": "` + first + `", "chain": [{"role": "` + next + `", "sessionName": "from-ci"}]}
	]`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	w.onafed(t, home, "idp", "login", "aws", "--file", file, "--mode", "process", "--token-file", w.Token)

	cli := func(args ...string) string {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, aws, args...)
		cmd.Env = w.environment(home)
		out, err := program.Run(cmd)
		if err != nil {
			t.Fatalf("aws %s: %v", strings.Join(args, " "), err)
		}
		return string(out)
	}
	for profile, want := range map[string]string{
		"keys":  "arn:aws:sts::123456789012:assumed-role/several/",
		"line":  "arn:aws:sts::123456789012:assumed-role/several/",
		"chain": "arn:aws:sts::210987654321:assumed-role/next/from-ci",
	} {
		var identity struct{ Arn string }
		if err := json.Unmarshal([]byte(cli("sts", "get-caller-identity", "--output", "json", "--profile", profile)), &identity); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(identity.Arn, want) {
			t.Errorf("with profile %s the AWS CLI is %s, want %s...", profile, identity.Arn, want)
		}
	}
	if region := strings.TrimSpace(cli("configure", "get", "region", "--profile", "keys")); region != "us-east-1" {
		t.Errorf("the region of the profile keys is %q, want us-east-1", region)
	}
}

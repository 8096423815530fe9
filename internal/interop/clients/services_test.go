package clients_test

import (
	"context"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/onafed/onafed/awsfed/awsfedtest"
	"github.com/onafed/onafed/internal/interop/program"
)

// The AWS CLI calls the services of the double with a session, and after its expiration gets the
// errors of each service.
func TestServicesOfTheDouble(t *testing.T) {
	t.Parallel()
	program.Need(t, aws)
	w := newWorld(t)
	w.STS.Handle("secretsmanager", awsfedtest.SecretsManager(map[string]string{"database_connection_string": "postgres://db"}))
	w.STS.Handle("s3", awsfedtest.S3("logs"))
	w.STS.Handle("ec2", awsfedtest.EC2("i-0123456789abcdef0"))
	home, role := t.TempDir(), "arn:aws:iam::123456789012:role/services"
	w.putRole(t, role, time.Hour)
	var session struct {
		Credentials struct{ AccessKeyID, SecretAccessKey, SessionToken string }
	}
	out, err := w.aws(t, home, nil, "sts", "assume-role-with-web-identity", "--role-arn", role, "--role-session-name", "services", "--web-identity-token", "file://"+w.Token)
	if err != nil {
		t.Fatal(err, out)
	}
	if err := json.Unmarshal([]byte(out), &session); err != nil {
		t.Fatal(err)
	}
	c := session.Credentials
	keys := []string{"AWS_ACCESS_KEY_ID=" + c.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + c.SecretAccessKey, "AWS_SESSION_TOKEN=" + c.SessionToken}
	commands := []struct {
		args          []string
		want, expired string
	}{
		{[]string{"secretsmanager", "get-secret-value", "--secret-id", "database_connection_string", "--region", "us-east-1"}, `"SecretString": "postgres://db"`, "ExpiredTokenException"},
		{[]string{"s3api", "list-buckets"}, `"Name": "logs"`, "ExpiredToken"},
		{[]string{"ec2", "describe-instances"}, `"InstanceId": "i-0123456789abcdef0"`, "RequestExpired"},
		{[]string{"sts", "get-caller-identity"}, ":assumed-role/services/services", "ExpiredToken"},
	}
	for _, cmd := range commands {
		if out, err := w.aws(t, home, keys, cmd.args...); err != nil || !strings.Contains(out, cmd.want) {
			t.Errorf("aws %s: %v: %s", strings.Join(cmd.args, " "), err, program.Tail(out))
		}
	}
	w.STS.ExpireCredentials(c.AccessKeyID)
	for _, cmd := range commands {
		if out, err := w.aws(t, home, keys, cmd.args...); err == nil || !strings.Contains(out, "("+cmd.expired+")") {
			t.Errorf("aws %s, expired: %v: %s", strings.Join(cmd.args, " "), err, program.Tail(out))
		}
	}
}

// aws runs the AWS CLI and returns its output and messages.
func (w *world) aws(t *testing.T, home string, env []string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, aws, append(args, "--output", "json")...)
	cmd.Env = w.environment(home, env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

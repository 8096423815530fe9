package rds_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/onafed/onafed/awsfed/awsfedtest"
	"github.com/onafed/onafed/internal/interop/program"
)

// The commands of the guide log in to PostgreSQL, with the names of this database instead of those
// in the guide.
func TestCommandLine(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dir := t.TempDir()
	tok, err := w.Issuer.TokenSource("sts.amazonaws.com").Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "token"), []byte(tok.Raw()), 0o600); err != nil {
		t.Fatal(err)
	}
	host, port, err := net.SplitHostPort(w.DB.endpoint)
	if err != nil {
		t.Fatal(err)
	}
	commands := program.Commands(program.Block(t, "../../../docs/databases.md", "console", "aws rds-token"))
	commands = strings.NewReplacer("db.abc.eu-central-1.rds.amazonaws.com", host, "5432", port, "/orders?", "/postgres?", "global-bundle.pem", w.DB.ca).Replace(commands)
	onafed := program.Build(t, "../../..", "./cmd/onafed")
	run := func(commands string) (string, error) {
		cmd := exec.CommandContext(t.Context(), "sh", "-euc", commands)
		cmd.Dir = dir
		cmd.Env = []string{
			"PATH=" + filepath.Dir(onafed) + ":" + programs + ":" + os.Getenv("PATH"), "HOME=" + dir, "ONAFED_TOKEN_FILE=" + filepath.Join(dir, "token"),
			"AWS_ENDPOINT_URL_STS=" + awsfedtest.Start(t, w.STS), "AWS_REGION=us-east-1", "AWS_EC2_METADATA_DISABLED=true", "PGUSER=other",
		}
		out, err := program.Run(cmd)
		return string(out), err
	}
	if out, err := run(commands); err != nil || !strings.Contains(out, "current_user") || !strings.Contains(out, " app\n") {
		t.Errorf("the commands of the guide print %q, %v, want the user app", out, err)
	}
	for what, commands := range map[string]string{
		"the token of another user": strings.Replace(commands, "--user app", "--user other", 1),
		"the token of another port": strings.Replace(commands, "--port "+port, "--port 1", 1),
	} {
		if out, err := run(commands); err == nil {
			t.Errorf("%s is accepted: %q", what, out)
		}
	}
	out, err := run("onafed aws rds-token --host db.abc.us-east-1.rds.amazonaws.com --port 5432 --user 'app user+1' --role-arn " + roleARN)
	if err != nil {
		t.Fatal(err)
	}
	sameFields(t, theirToken(t, creds()), out, "X-Amz-Credential", "X-Amz-Security-Token")
}

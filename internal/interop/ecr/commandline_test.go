package ecr_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/crane"
	"github.com/google/go-containerregistry/pkg/v1/random"

	"github.com/onafed/onafed/awsfed/awsfedtest"
	"github.com/onafed/onafed/idp/idptest"
	"github.com/onafed/onafed/internal/interop/program"
)

const guide = "../../../docs/containers.md"

// With the link, the configuration and the variable of the guide, an image is pushed and pulled. With
// the script of the guide, it is pulled, too.
func TestCommandLine(t *testing.T) {
	onafed := program.Build(t, "../../..", "./cmd/onafed") // before setUp, which changes HOME, where Go keeps its caches
	iss := idptest.NewIssuer(t, nil)
	fake := awsfedtest.New(t, iss, roleARN)
	s := newService(fake)
	network := s.network(t)
	setUp(t, iss, awsfedtest.Start(t, fake))
	home := os.Getenv("HOME")
	bin := filepath.Join(home, ".local", "bin")
	if err := os.MkdirAll(bin, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"PATH": bin + ":" + filepath.Dir(onafed) + ":" + os.Getenv("PATH"), "ONAFED_TOKEN_FILE": os.Getenv(tokenFile), "AWS_ROLE_ARN": "",
	} {
		t.Setenv(name, value)
	}
	shell(t, program.Commands(program.Block(t, guide, "console", "ln -s")))
	config := program.Block(t, guide, "json", "credHelpers")
	if err := os.WriteFile(filepath.Join(home, "config.json"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	var answer struct{ ServerURL, Username, Secret string }
	out := shell(t, program.Commands(program.Block(t, guide, "console", "docker-credential-onafed get")))
	if err := json.Unmarshal([]byte(out), &answer); err != nil || answer.ServerURL != host || answer.Username != "AWS" || !s.passwords[answer.Secret] {
		t.Errorf("the commands of the guide print %q, %v, want a password of %s", out, err, host)
	}

	options := []crane.Option{crane.WithTransport(network.Client().Transport), crane.WithContext(t.Context())}
	image, err := random.Image(1000, 2)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_ROLE_ARN", roleARN)
	if err := crane.Push(image, host+"/app:v1", options...); err != nil {
		t.Fatal(err)
	}
	if _, err := crane.Pull(host+"/app:v1", options...); err != nil {
		t.Fatal(err)
	}

	t.Setenv("AWS_ROLE_ARN", "") // the script names the role
	if _, err := crane.Pull(host+"/app:v1", options...); err == nil {
		t.Error("without a role the image is pulled")
	}
	script := program.Block(t, guide, "sh", "aws docker-credential")
	if err := os.WriteFile(filepath.Join(bin, "docker-credential-prod"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, "config.json"), []byte(strings.Replace(config, `"onafed"`, `"prod"`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := crane.Pull(host+"/app:v1", options...); err != nil {
		t.Errorf("with the script: %v", err)
	}
	if calls := fake.Calls(); len(calls) != 1 {
		t.Errorf("%d calls of STS for all uses of the helper, want 1", len(calls))
	}
}

// As the credsStore, the helper leaves other registries without credentials, and clients go on.
func TestCommandLineOtherRegistry(t *testing.T) {
	onafed := program.Build(t, "../../..", "./cmd/onafed")
	iss := idptest.NewIssuer(t, nil)
	setUp(t, iss, "http://127.0.0.1:1")
	dir := t.TempDir()
	if err := os.Symlink(onafed, filepath.Join(dir, "docker-credential-onafed")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	if err := os.WriteFile(filepath.Join(os.Getenv("HOME"), "config.json"), []byte(`{"credsStore":"onafed"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	s := newService(awsfedtest.New(t, iss, roleARN))
	open := openRegistry(t, s)
	if _, err := crane.Catalog(open, crane.WithContext(t.Context())); err != nil {
		t.Errorf("a registry that needs no password: %v", err)
	}
}

// shell runs commands and returns their output.
func shell(t *testing.T, commands string) string {
	t.Helper()
	out, err := program.Run(exec.CommandContext(t.Context(), "sh", "-euc", commands))
	if err != nil {
		t.Fatalf("%s: %v", commands, err)
	}
	return string(out)
}

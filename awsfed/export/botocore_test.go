package export_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"github.com/onafed/onafed/awsfed/export"
)

// botocore, which the AWS CLI and boto3 use, gets the same credentials in every form.
func TestBotocoreReadsEveryForm(t *testing.T) {
	t.Parallel()
	python := pythonWithBotocore(t)
	const script = `
import json, sys, botocore.session
c = botocore.session.Session().get_credentials()
f = c.get_frozen_credentials()
json.dump([c.method, f.access_key, f.secret_key, f.token], sys.stdout)
`
	c := credentials(1)
	environ, err := export.Environ(nil, c)
	if err != nil {
		t.Fatal(err)
	}
	files := writeFiles(t, c)
	address := serve(t, c)
	ways := []struct {
		method string
		env    []string
	}{
		{"shared-credentials-file", []string{"AWS_PROFILE=file"}},
		{"custom-process", []string{"AWS_PROFILE=process"}},
		{"container-role", []string{"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://" + address + "/credentials", "AWS_CONTAINER_AUTHORIZATION_TOKEN=" + handlerToken}},
		{"env", environ},
	}
	for _, way := range ways {
		cmd := exec.CommandContext(t.Context(), python, "-c", script)
		cmd.Env = slices.Concat([]string{"PATH=/usr/bin:/bin", "HOME=" + t.TempDir(), "AWS_EC2_METADATA_DISABLED=true", "NO_PROXY=127.0.0.1"}, files, way.env)
		text, err := cmd.Output()
		if err != nil {
			t.Errorf("%s: %v", way.method, err)
			continue
		}
		var got []string
		if err := json.Unmarshal(text, &got); err != nil {
			t.Errorf("%s: %v", way.method, err)
		}
		if diff := cmp.Diff([]string{way.method, c.AccessKeyID, c.SecretAccessKey, c.SessionToken}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", way.method, diff)
		}
	}
}

// writeFiles writes the profiles "file" and "process" and returns the variables that name their
// files.
func writeFiles(t *testing.T, c aws.Credentials) (env []string) {
	t.Helper()
	home := t.TempDir()
	file, err := export.NewCredentialsFile(filepath.Join(home, "credentials"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := file.WriteCredentials(t.Context(), "file", c); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := export.Process(t.Context(), &out, always(c)); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(home, "out put"), out.String(), 0o600)
	command, err := export.CommandLine("/bin/cat", filepath.Join(home, "out put"))
	if err != nil {
		t.Fatal(err)
	}
	conf, err := export.NewConfigFile(filepath.Join(home, "config"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := conf.WriteProcess(t.Context(), "process", command); err != nil {
		t.Fatal(err)
	}
	return []string{"AWS_SHARED_CREDENTIALS_FILE=" + file.Path(), "AWS_CONFIG_FILE=" + conf.Path()}
}

// serve runs a handler until the test ends, and returns its address.
func serve(t *testing.T, c aws.Credentials) (address string) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	served := make(chan error, 1)
	h := newHandler(t, always(c), nil)
	go func() { served <- h.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Errorf("Serve = %v", err)
		}
	})
	return l.Addr().String()
}

package clients_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/onafed/onafed/awsfed/awsfedtest"
	"github.com/onafed/onafed/awsfed/export"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/idptest"
	"github.com/onafed/onafed/internal/fakenet"
	"github.com/onafed/onafed/internal/interop/program"
)

const (
	// session is the lifetime of credentials. A client runs longer than that.
	session = 6 * time.Second
	// tokenLife is the lifetime of an ID token. It is shorter, so that each refresh uses a new one.
	// Token files renew after half of it.
	tokenLife = 5 * time.Second
)

// A world has an issuer, an STS, and the command line that connects them with the clients.
type world struct {
	Issuer *idptest.Issuer
	STS    *awsfedtest.STS
	URL    string // of the STS
	Net    *fakenet.Net
	Token  string // the path of the ID token's file, which is kept fresh
	Onafed string // the path of the command line

	secrets secrets
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{Issuer: idptest.NewIssuer(t, &idptest.IssuerOptions{Lifetime: tokenLife})}
	var err error
	w.STS, err = awsfedtest.NewSTS(&awsfedtest.STSOptions{
		HTTPClient:  w.Issuer.Client(),
		Providers:   []awsfedtest.Provider{{URL: w.Issuer.URL, ClientIDs: []string{idp.AudienceAWS}, Account: "123456789012"}},
		MinDuration: time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	w.URL = awsfedtest.Start(t, w.STS)
	// The default host names of the services in AWS's clients.
	hosts := map[string]http.Handler{"sts.amazonaws.com": w.STS}
	for _, service := range []string{"sts", "secretsmanager", "s3", "ec2"} {
		hosts[service+".us-east-1.amazonaws.com"] = w.STS
	}
	w.Net, err = fakenet.New(t.TempDir(), hosts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Net.Close)

	file, err := export.NewTokenFile(filepath.Join(t.TempDir(), "token", "token"), w.source(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Write(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.Token = file.Path()
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Go(func() {
		if err := file.Run(ctx); err != nil {
			t.Errorf("the token file: %v", err)
		}
	})
	group.Go(func() { w.secrets.watch(ctx) })
	t.Cleanup(func() { cancel(); group.Wait() })
	w.Onafed = program.Build(t, "../../..", "./cmd/onafed")
	return w
}

// source returns a token source that adds each token to the secrets.
func (w *world) source() idp.TokenSource {
	issued := w.Issuer.TokenSource(idp.AudienceAWS)
	return idp.TokenSourceFunc(func(ctx context.Context) (*idp.Token, error) {
		token, err := issued.Token(ctx)
		if err == nil {
			w.secrets.add(token.Raw())
		}
		return token, err
	})
}

// role makes a role that the issuer's tokens can assume, with short sessions.
func (w *world) role(t *testing.T, name string) string {
	t.Helper()
	arn := "arn:aws:iam::123456789012:role/" + name
	w.putRole(t, arn, session)
	return arn
}

func (w *world) putRole(t *testing.T, arn string, sessions time.Duration) {
	t.Helper()
	if err := w.STS.PutRole(awsfedtest.Role{ARN: arn, TrustPolicy: trustAll(t), MaxSessionDuration: sessions}); err != nil {
		t.Fatal(err)
	}
}

// environment returns the variables for a program with its own home folder. It sees no file of the
// test's user and reaches only the network of the test. Clients keep caches in HOME, so each needs
// its own.
func (w *world) environment(home string, more ...string) []string {
	return append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_CACHE_HOME=" + home + "/.cache", "XDG_RUNTIME_DIR=" + home,
		"AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1", "AWS_EC2_METADATA_DISABLED=true", "AWS_PAGER=", "NODE_NO_WARNINGS=1",
		"HTTPS_PROXY=" + w.Net.Proxy, "https_proxy=" + w.Net.Proxy, "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1", "AWS_CA_BUNDLE=" + w.Net.CAFile,
	}, more...)
}

// onafed runs the command line until it ends. Its messages must contain no secret.
func (w *world) onafed(t *testing.T, home string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), w.Onafed, args...)
	cmd.Env = w.environment(home, "AWS_ENDPOINT_URL_STS="+w.URL)
	var said program.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	w.secrets.said("onafed "+strings.Join(args[:2], " "), said.String())
	if err != nil {
		t.Fatalf("onafed %s: %v: %s", strings.Join(args, " "), err, program.Tail(said.String()))
	}
	return out
}

// startOnafed runs the command line in the background until the test ends, and waits until ready.
func (w *world) startOnafed(t *testing.T, home string, ready func() bool, args ...string) {
	t.Helper()
	cmd := exec.Command(w.Onafed, args...)
	cmd.Env = w.environment(home, "AWS_ENDPOINT_URL_STS="+w.URL)
	var said program.Buffer
	cmd.Stderr = &said
	p, err := program.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
		w.secrets.said("onafed "+strings.Join(args[:2], " "), said.String())
	})
	wait(t, ready, func() string {
		return fmt.Sprintf("onafed %s: %s", strings.Join(args, " "), program.Tail(said.String()))
	}, p.Done())
}

// wait polls until ready returns true.
func wait(t *testing.T, ready func() bool, what func() string, ended <-chan struct{}) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for !ready() {
		select {
		case <-ended:
			t.Fatalf("the program ended: %s", what())
		case <-deadline:
			t.Fatalf("still not ready: %s", what())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Package ecr_test pulls an image from a registry on loopback, with a credential helper that gets the
// password from a double of ECR.
package ecr_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/crane"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/authtoken/ecr"
	"github.com/onafed/onafed/awsfed/awsfedtest"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/idptest"
	"github.com/onafed/onafed/internal/fakenet"
)

const (
	roleARN = "arn:aws:iam::123456789012:role/build"
	host    = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"

	// helperName is the name of the credential helper in the configuration of Docker.
	helperName = "onafed-test"
	// tokenFile is the variable with the path of the ID token for the helper.
	tokenFile = "ONAFED_TEST_TOKEN_FILE"
)

// The test's program is the credential helper if it has the name of one.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) != "docker-credential-"+helperName {
		os.Exit(m.Run())
	}
	if err := helper(context.Background(), os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stdout, err) // clients read the reason there
		os.Exit(1)
	}
}

// helper carries out the operation get of a credential helper (docker/docker-credential-helpers).
func helper(ctx context.Context, args []string, in io.Reader, out io.Writer) error {
	if len(args) != 1 || args[0] != "get" {
		return errors.New("this helper only supports the operation get")
	}
	server, err := io.ReadAll(io.LimitReader(in, 4096))
	if err != nil {
		return err
	}
	cfg, err := awsfed.LoadConfig(ctx, roleARN, idp.File(os.Getenv(tokenFile)))
	if err != nil {
		return err
	}
	tokens, err := ecr.New(cfg, strings.TrimSpace(string(server)))
	if err != nil {
		return err
	}
	t, err := tokens.Token(ctx)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(map[string]string{"ServerURL": string(server), "Username": ecr.Username, "Secret": t.Raw()})
}

// A service is the API of ECR and its registry, which accepts the passwords that the API issued.
type service struct {
	mu        sync.Mutex
	passwords map[string]bool
	registry  http.Handler
}

// newService returns a service whose API is at the STS.
func newService(fake *awsfedtest.STS) *service {
	s := &service{passwords: map[string]bool{}, registry: registry.New(registry.Logger(log.New(io.Discard, "", 0)))}
	fake.Handle("ecr", http.HandlerFunc(s.issue))
	return s
}

// network returns a network that has the registry.
func (s *service) network(t *testing.T) *fakenet.Net {
	t.Helper()
	network, err := fakenet.New(t.TempDir(), map[string]http.Handler{host: s})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(network.Close)
	return network
}

// openRegistry serves the registry without passwords, and returns its address.
func openRegistry(t *testing.T, s *service) string {
	t.Helper()
	server := httptest.NewServer(s.registry)
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// issue answers GetAuthorizationToken.
func (s *service) issue(w http.ResponseWriter, r *http.Request) {
	if target := r.Header.Get("X-Amz-Target"); target != "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken" {
		http.Error(w, target, http.StatusBadRequest)
		return
	}
	password := rand.Text()
	s.mu.Lock()
	s.passwords[password] = true
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	fmt.Fprintf(w, `{"authorizationData":[{"authorizationToken":%q,"expiresAt":%d,"proxyEndpoint":"https://%s"}]}`,
		base64.StdEncoding.EncodeToString([]byte("AWS:"+password)), time.Now().Add(12*time.Hour).Unix(), host)
}

// ServeHTTP is the registry.
func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	user, password, _ := r.BasicAuth()
	s.mu.Lock()
	ok := user == "AWS" && s.passwords[password]
	s.mu.Unlock()
	if !ok {
		w.Header().Set("WWW-Authenticate", `Basic realm="https://`+host+`/",service="ecr.amazonaws.com"`)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	s.registry.ServeHTTP(w, r)
}

func TestPull(t *testing.T) {
	iss := idptest.NewIssuer(t, nil)
	fake := awsfedtest.New(t, iss, roleARN)
	s := newService(fake)
	network := s.network(t)
	setUp(t, iss, awsfedtest.Start(t, fake))
	options := []crane.Option{crane.WithTransport(network.Client().Transport), crane.WithContext(t.Context())}

	image, err := random.Image(1000, 2)
	if err != nil {
		t.Fatal(err)
	}
	if err := crane.Push(image, host+"/app:v1", options...); err != nil {
		t.Fatal(err)
	}
	pulled, err := crane.Pull(host+"/app:v1", options...)
	if err != nil {
		t.Fatal(err)
	}
	want, err := image.Digest()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := pulled.Digest(); err != nil || got != want {
		t.Errorf("pulled %v, %v, want %v", got, err, want)
	}
	if len(s.passwords) < 2 {
		t.Errorf("ECR issued %d passwords, want one for each use of the helper", len(s.passwords))
	}
	calls := fake.Calls()
	if len(calls) == 0 || calls[0].RoleARN != roleARN || !calls[0].OK() {
		t.Errorf("calls of STS: %+v", calls)
	}
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	if _, err := crane.Pull(host+"/app:v1", options...); !unauthorized(err) {
		t.Errorf("without the helper: %v, want status 401", err)
	}
}

func TestHelperOfARoleThatIsRefused(t *testing.T) {
	iss := idptest.NewIssuer(t, nil)
	fake := awsfedtest.New(t, iss, "arn:aws:iam::123456789012:role/other")
	setUp(t, iss, awsfedtest.Start(t, fake))
	_, err := crane.Pull(host + "/app:v1")
	if err == nil || !strings.Contains(err.Error(), "AccessDenied") {
		t.Errorf("Pull = %v, want the refusal of STS", err)
	}
}

// unauthorized reports whether a registry refused a request with status 401.
func unauthorized(err error) bool {
	e, ok := errors.AsType[*transport.Error](err)
	return ok && e.StatusCode == http.StatusUnauthorized
}

// setUp installs the helper, and writes a configuration of Docker and an ID token.
func setUp(t *testing.T, iss *idptest.Issuer, stsURL string) {
	t.Helper()
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(executable, filepath.Join(dir, "docker-credential-"+helperName)); err != nil {
		t.Fatal(err)
	}
	config, err := json.Marshal(map[string]any{"credHelpers": map[string]string{host: helperName}})
	if err != nil {
		t.Fatal(err)
	}
	tok, err := iss.TokenSource("sts.amazonaws.com").Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"config.json": config, "token": []byte(tok.Raw())} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, value := range map[string]string{
		"HOME": dir, "XDG_CACHE_HOME": filepath.Join(dir, "cache"), "DOCKER_CONFIG": dir, "PATH": dir + ":" + os.Getenv("PATH"), tokenFile: filepath.Join(dir, "token"),
		"AWS_ENDPOINT_URL": stsURL, "AWS_EC2_METADATA_DISABLED": "true", "AWS_CA_BUNDLE": "",
	} {
		t.Setenv(name, value)
	}
}

package eks_test

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"k8s.io/client-go/discovery"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/onafed/onafed/internal/interop/program"
)

// A server is the API server of a cluster. It authenticates with the verifier, and has nothing but a
// version and a namespace.
type server struct {
	*httptest.Server
	mu    sync.Mutex
	roles []string // of the requests that were accepted
}

func newServer(t *testing.T, w *world) *server {
	t.Helper()
	s := &server{}
	s.Server = httptest.NewTLSServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		out.Header().Set("Content-Type", "application/json")
		id, err := w.Verifier.Verify(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
		if err != nil {
			out.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(out, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Unauthorized","message":"Unauthorized","code":401}`)
			return
		}
		s.mu.Lock()
		s.roles = append(s.roles, id.CanonicalARN)
		s.mu.Unlock()
		if text, ok := resources[r.URL.Path]; ok {
			fmt.Fprint(out, text)
			return
		}
		fmt.Fprint(out, `{"major":"1","minor":"34","gitVersion":"v1.34.0","gitCommit":"","gitTreeState":"clean","buildDate":"","goVersion":"","compiler":"gc","platform":""}`)
	}))
	t.Cleanup(s.Close)
	return s
}

// resources are what kubectl reads to show the namespaces.
var resources = map[string]string{
	"/api":    `{"kind":"APIVersions","versions":["v1"]}`,
	"/apis":   `{"kind":"APIGroupList","apiVersion":"v1","groups":[]}`,
	"/api/v1": `{"kind":"APIResourceList","groupVersion":"v1","resources":[{"name":"namespaces","singularName":"","namespaced":false,"kind":"Namespace","verbs":["get","list"]}]}`,

	"/api/v1/namespaces": `{"kind":"NamespaceList","apiVersion":"v1","metadata":{},"items":[{"kind":"Namespace","apiVersion":"v1","metadata":{"name":"kube-system"},"status":{"phase":"Active"}}]}`,
}

// pem returns the certificate of the server.
func (s *server) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
}

// kubeconfig writes a configuration that calls the test's program as a credential plugin, with the
// credentials of the role in the environment, and returns its path.
func (s *server) kubeconfig(t *testing.T, w *world, version string) string {
	t.Helper()
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var env []map[string]string
	for _, variable := range w.environment(t, asPlugin+"=1") {
		name, value, _ := strings.Cut(variable, "=")
		env = append(env, map[string]string{"name": name, "value": value})
	}
	text, err := json.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "Config", "current-context": "test",
		"clusters": []any{map[string]any{"name": "test", "cluster": map[string]any{"server": s.URL, "certificate-authority-data": s.pem()}}},
		"contexts": []any{map[string]any{"name": "test", "context": map[string]string{"cluster": "test", "user": "test"}}},
		"users": []any{map[string]any{"name": "test", "user": map[string]any{"exec": map[string]any{
			"apiVersion": "client.authentication.k8s.io/" + version, "command": executable, "env": env, "interactiveMode": "Never", "provideClusterInfo": true,
		}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// wantRoles checks that requests were accepted, all of them of the role.
func (s *server) wantRoles(t *testing.T) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.roles) == 0 {
		t.Error("the server accepted no request")
	}
	for _, role := range s.roles {
		if role != roleARN {
			t.Errorf("the server accepted a request of %s, want %s", role, roleARN)
		}
	}
}

// kubectl 1.20 knows v1beta1 only.
func TestKubectl(t *testing.T) {
	program.Need(t, debianKubectl)
	w := newWorld(t)
	s := newServer(t, w)
	run := func(config string) (string, error) {
		cmd := exec.CommandContext(t.Context(), debianKubectl, "--kubeconfig", config, "version", "--output=json")
		cmd.Env = []string{"HOME=" + t.TempDir(), "NO_PROXY=127.0.0.1"}
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	config := s.kubeconfig(t, w, "v1beta1")
	if out, err := run(config); err != nil || !strings.Contains(out, `"gitVersion": "v1.34.0"`) || !strings.Contains(out, `"gitVersion": "v1.20.2"`) {
		t.Fatalf("kubectl version: %v: %s", err, program.Tail(out))
	}
	s.wantRoles(t)
	c, err := w.Provider.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w.STS.ExpireCredentials(c.AccessKeyID)
	if out, err := run(config); err == nil {
		t.Errorf("kubectl succeeds with expired credentials: %s", program.Tail(out))
	}
}

// client-go accepts only an answer in the version that it asked for.
func TestClientGo(t *testing.T) {
	for _, version := range []string{"v1", "v1beta1"} {
		t.Run(version, func(t *testing.T) {
			w := newWorld(t)
			s := newServer(t, w)
			config, err := clientcmd.BuildConfigFromFlags("", s.kubeconfig(t, w, version))
			if err != nil {
				t.Fatal(err)
			}
			client, err := discovery.NewDiscoveryClientForConfig(config)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := client.ServerVersion(); err != nil || got.GitVersion != "v1.34.0" {
				t.Fatalf("ServerVersion = %v, %v, want v1.34.0", got, err)
			}
			s.wantRoles(t)
		})
	}
}

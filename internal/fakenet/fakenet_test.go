package fakenet_test

import (
	"io"
	"net/http"
	"slices"
	"testing"

	"github.com/onafed/onafed/internal/fakenet"
)

// A client reaches the hosts under their names with TLS, and reaches nothing else.
func TestClientReachesOnlyTheHosts(t *testing.T) {
	t.Parallel()
	n, err := fakenet.New(t.TempDir(), map[string]http.Handler{"app.gitpod.io": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "request for "+r.Host)
	})})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	get := func(url string) (string, error) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := n.Client().Do(req)
		if err != nil {
			return "", err
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if resp.StatusCode != http.StatusOK {
			return "", io.ErrUnexpectedEOF
		}
		return string(b), err
	}
	if got, err := get("https://app.gitpod.io/x"); err != nil || got != "request for app.gitpod.io" {
		t.Errorf("GET from the host = %q, %v", got, err)
	}
	for _, url := range []string{"https://example.com/", "https://app.gitpod.io:8443/", "http://app.gitpod.io/"} {
		if got, err := get(url); err == nil {
			t.Errorf("GET %s = %q, want an error", url, got)
		}
	}
	want := []string{"example.com", "app.gitpod.io:8443 without TLS on port 443", "app.gitpod.io without TLS on port 443"}
	if got := n.Refused(); !slices.Equal(got, want) {
		t.Errorf("Refused = %q, want %q", got, want)
	}
}

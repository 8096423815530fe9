package fakenet_test

import (
	"io"
	"net/http"
	"slices"
	"testing"

	"github.com/onafed/onafed/internal/fakenet"
)

// Hosts are reached under their names with TLS, and nothing else is.
func TestNothingElseIsReached(t *testing.T) {
	t.Parallel()
	n, err := fakenet.New(t.TempDir(), map[string]http.Handler{"app.gitpod.io": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "asked as "+r.Host)
	})})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	ask := func(url string) (string, error) {
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
	if got, err := ask("https://app.gitpod.io/x"); err != nil || got != "asked as app.gitpod.io" {
		t.Errorf("the host answers %q, %v", got, err)
	}
	for _, url := range []string{"https://example.com/", "https://app.gitpod.io:8443/", "http://app.gitpod.io/"} {
		if got, err := ask(url); err == nil {
			t.Errorf("%s answers %q", url, got)
		}
	}
	want := []string{"example.com", "app.gitpod.io:8443 without TLS on port 443", "app.gitpod.io without TLS on port 443"}
	if got := n.Refused(); !slices.Equal(got, want) {
		t.Errorf("Refused = %q, want %q", got, want)
	}
}

package idp_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/onafed/onafed/idp"
)

// The client follows redirects only over https and to hosts that belong together or are allowed.
func TestClientRedirects(t *testing.T) {
	t.Parallel()
	ona := func(o *idp.ClientOptions) { o.BaseURL = "https://app.ona.com/api" }
	own := func(o *idp.ClientOptions) { o.BaseURL = "https://ona.example/api" }
	tests := []struct {
		name   string
		change func(*idp.ClientOptions)
		to     string
		follow bool
	}{
		{"app.ona.com to app.gitpod.io", ona, "https://app.gitpod.io/api/gitpod.v1.IdentityService/GetIDToken", true},
		{"app.gitpod.io to app.ona.com", nil, "https://app.ona.com/x", true},
		{"the same host", ona, "/x", true},
		{"the same host in upper case", ona, "https://APP.ONA.COM:443/x", true},
		{"an allowed host", func(o *idp.ClientOptions) { own(o); o.AllowedHosts = []string{"Other.example"} }, "https://other.example/x", true},
		{"an allowed port", func(o *idp.ClientOptions) { own(o); o.AllowedHosts = []string{"other.example:8443"} }, "https://other.example:8443/x", true},
		{"another host", ona, "https://evil.example/x", false},
		{"a host with the same suffix", ona, "https://evil-app.gitpod.io/x", false},
		{"a host with the same prefix", ona, "https://app.gitpod.io.evil.example/x", false},
		{"a subdomain", ona, "https://x.app.gitpod.io/x", false},
		{"a host with a final dot", ona, "https://app.gitpod.io./x", false},
		{"another port", ona, "https://app.gitpod.io:8443/x", false},
		{"http", ona, "http://app.gitpod.io/x", false},
		{"user information", ona, "https://app.gitpod.io@evil.example/x", false},
		{"a host without scheme", ona, "//evil.example/x", false},
		{"from another host to Ona's", own, "https://app.gitpod.io/x", false},
		{"from Ona's to an allowed host's other port", func(o *idp.ClientOptions) { o.AllowedHosts = []string{"other.example"} }, "https://other.example:444/x", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var asked []string
			c := newClient(t, func(r *http.Request) (*http.Response, error) {
				asked = append(asked, r.URL.String())
				if got := r.Header.Get("Authorization"); got != "Bearer "+apiToken {
					t.Errorf("%s got the header %q", r.URL, got)
				}
				if len(asked) == 1 {
					return respond(r, http.StatusPermanentRedirect, "", "Location", tt.to), nil
				}
				return answerToken(r), nil
			}, tt.change)
			tok, err := c.IDToken(t.Context(), idp.AudienceAWS)
			if tt.follow {
				if err != nil || len(asked) != 2 {
					t.Errorf("IDToken = %v, %v after %q, want a token after two requests", tok, err, asked)
				}
				return
			}
			if err == nil || len(asked) != 1 || !strings.Contains(err.Error(), "redirect to ") {
				t.Errorf("IDToken = %v, %v after %q, want an error about the redirect after one request", tok, err, asked)
			}
		})
	}
}

// The same with two TLS servers. The redirect rules of net/http would remove the API token.
func TestClientRedirectsOverTheWire(t *testing.T) {
	t.Parallel()
	gitpod := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host != "app.gitpod.io" || r.Header.Get("Authorization") != "Bearer "+apiToken {
			t.Errorf("%s got the header %q", r.Host, r.Header.Get("Authorization"))
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"token":%q}`, rawToken(inAnHour(), nil))
	}))
	defer gitpod.Close()
	ona := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://app.gitpod.io"+r.URL.Path, http.StatusPermanentRedirect)
	}))
	defer ona.Close()
	client := clientFor(t, map[string]*httptest.Server{"app.ona.com:443": ona, "app.gitpod.io:443": gitpod})
	c, err := idp.NewClient(&idp.ClientOptions{Bearer: bearer, BaseURL: "https://app.ona.com/api", HTTPClient: client})
	if err != nil {
		t.Fatal(err)
	}
	if tok, err := c.IDToken(t.Context(), idp.AudienceAWS); err != nil {
		t.Errorf("IDToken = %v, %v", tok, err)
	}
}

// clientFor returns a client that reaches the given loopback TLS servers under the names of hosts, and
// no other server.
func clientFor(t *testing.T, hosts map[string]*httptest.Server) *http.Client {
	t.Helper()
	pool := x509.NewCertPool()
	for _, s := range hosts {
		pool.AddCert(s.Certificate())
	}
	tr := &http.Transport{
		// The name in the certificate of net/http/httptest.
		TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: "example.com"},
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			s, ok := hosts[addr]
			if !ok {
				return nil, fmt.Errorf("a test must not reach %s", addr)
			}
			return new(net.Dialer).DialContext(ctx, network, s.Listener.Addr().String())
		},
	}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

package idp_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
)

// clientFor returns a client that reaches the given loopback TLS servers under the names of hosts, and
// no other server.
func clientFor(t *testing.T, hosts map[string]*httptest.Server) *http.Client {
	t.Helper()
	pool := x509.NewCertPool()
	for _, s := range hosts {
		pool.AddCert(s.Certificate())
	}
	tr := &http.Transport{
		// The certificate of net/http/httptest is for this name.
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

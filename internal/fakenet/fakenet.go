// Package fakenet simulates the internet for a test. It is an HTTP proxy on loopback with hosts
// that the test defines, and with TLS certificates of a CA that it creates. A program that uses the
// proxy reaches the hosts under their real names, such as https://app.gitpod.io, and reaches
// nothing else.
package fakenet

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// Net is a simulated internet. [New] starts one, and Close stops it.
type Net struct {
	// Proxy is the URL of the proxy, for HTTPS_PROXY.
	Proxy string
	// CAFile is the path of the certificate of the CA, for AWS_CA_BUNDLE and similar variables.
	CAFile string

	pool       *x509.CertPool
	ca         *x509.Certificate
	key        *ecdsa.PrivateKey
	proxy      *http.Server
	hostServer *http.Server // serves the connections in the tunnels
	tunnels    chan net.Conn
	closed     chan struct{}
	servers    sync.WaitGroup
	clientSide *http.Transport

	mu      sync.Mutex // guards hosts, refused
	hosts   map[string]http.Handler
	refused []string
}

// New starts a simulated internet with the given hosts. It writes the certificate of its CA to dir.
func New(dir string, hosts map[string]http.Handler) (*Net, error) {
	n := &Net{
		pool: x509.NewCertPool(), CAFile: filepath.Join(dir, "ca.pem"),
		tunnels: make(chan net.Conn), closed: make(chan struct{}), hosts: map[string]http.Handler{},
	}
	for host, h := range hosts {
		n.hosts[host] = h
	}
	if err := n.createCA(); err != nil {
		return nil, err
	}
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	n.Proxy = "http://" + listener.Addr().String()
	proxyURL, err := url.Parse(n.Proxy)
	if err != nil {
		return nil, err
	}
	n.clientSide = &http.Transport{
		Proxy:           http.ProxyURL(proxyURL),
		TLSClientConfig: &tls.Config{RootCAs: n.pool, MinVersion: tls.VersionTLS12},
	}
	n.proxy = &http.Server{Handler: http.HandlerFunc(n.openTunnel), ReadHeaderTimeout: 10 * time.Second}
	n.hostServer = &http.Server{
		Handler: http.HandlerFunc(n.serveHost), ReadHeaderTimeout: 10 * time.Second,
		ErrorLog: log.New(io.Discard, "", 0), // some tests have a program that does not trust the CA
	}
	n.servers.Go(func() { n.proxy.Serve(listener) })                         //nolint:errcheck // it returns after Close
	n.servers.Go(func() { n.hostServer.Serve(tunnels{n, listener.Addr()}) }) //nolint:errcheck // it returns after Close
	return n, nil
}

// Handle adds a host, or replaces it.
func (n *Net) Handle(host string, h http.Handler) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.hosts[host] = h
}

// Client returns a client that reaches the hosts of n and nothing else.
func (n *Net) Client() *http.Client { return &http.Client{Transport: n.clientSide} }

// Refused returns the hosts that a program requested and that do not exist in n.
func (n *Net) Refused() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.refused)
}

// Close stops n and closes all its connections.
func (n *Net) Close() {
	close(n.closed)
	n.clientSide.CloseIdleConnections()
	n.proxy.Close()
	n.hostServer.Close()
	n.servers.Wait()
}

// host returns the handler of a host. If the network has no such host, it records the name and
// returns nil.
func (n *Net) host(name string) http.Handler {
	n.mu.Lock()
	defer n.mu.Unlock()
	h := n.hosts[name]
	if h == nil {
		n.refused = append(n.refused, name)
	}
	return h
}

// openTunnel answers a CONNECT request with a tunnel to a host of n.
func (n *Net) openTunnel(w http.ResponseWriter, r *http.Request) {
	name, port, err := net.SplitHostPort(r.Host)
	if r.Method != http.MethodConnect || err != nil || port != "443" {
		n.host(r.Host + " without TLS on port 443")
		http.Error(w, "this proxy opens tunnels to port 443 only", http.StatusForbidden)
		return
	}
	if n.host(name) == nil {
		http.Error(w, "no such host", http.StatusForbidden)
		return
	}
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	if _, err := io.WriteString(conn, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		conn.Close()
		return
	}
	select {
	case n.tunnels <- tls.Server(conn, &tls.Config{GetCertificate: n.certificate, MinVersion: tls.VersionTLS12}):
	case <-n.closed:
		conn.Close()
	}
}

// serveHost answers a request that came through a tunnel.
func (n *Net) serveHost(w http.ResponseWriter, r *http.Request) {
	h := n.host(r.Host)
	if h == nil {
		http.Error(w, "no such host", http.StatusNotFound)
		return
	}
	h.ServeHTTP(w, r)
}

// createCA creates the CA and writes its certificate.
func (n *Net) createCA() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "onafed tests"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, ca, ca, &key.PublicKey, key)
	if err != nil {
		return err
	}
	if n.ca, err = x509.ParseCertificate(der); err != nil {
		return err
	}
	n.key = key
	n.pool.AddCert(n.ca)
	return os.WriteFile(n.CAFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600)
}

// certificate creates a certificate for the host that a client requests.
func (n *Net) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), DNSNames: []string{hello.ServerName},
		NotBefore: n.ca.NotBefore, NotAfter: n.ca.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, n.ca, &n.key.PublicKey, n.key)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: n.key}, nil
}

// tunnels is a listener for the connections that come through the proxy.
type tunnels struct {
	net  *Net
	addr net.Addr
}

// Accept implements net.Listener.
func (l tunnels) Accept() (net.Conn, error) {
	select {
	case c := <-l.net.tunnels:
		return c, nil
	case <-l.net.closed:
		return nil, errors.New("closed")
	}
}

// Close implements net.Listener. It does nothing: Net.Close ends the listener.
func (l tunnels) Close() error { return nil }

// Addr implements net.Listener.
func (l tunnels) Addr() net.Addr { return l.addr }

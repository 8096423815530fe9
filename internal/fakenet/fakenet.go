// Package fakenet is an internet of a test's own: an HTTP proxy on loopback behind which hosts stand that the test makes up, with TLS
// by a CA made in the process. A program that is told to use the proxy reaches them under their true names, such as
// https://app.gitpod.io, and reaches nothing else.
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

// A Net is such an internet. Make one with New and close it.
type Net struct {
	// Proxy is the URL of the proxy, for HTTPS_PROXY.
	Proxy string
	// CAFile is the certificate of the CA, for AWS_CA_BUNDLE and its like.
	CAFile string

	pool       *x509.CertPool
	ca         *x509.Certificate
	key        *ecdsa.PrivateKey
	outer      *http.Server
	inner      *http.Server
	tunnels    chan net.Conn
	closed     chan struct{}
	servers    sync.WaitGroup
	clientSide *http.Transport

	mu      sync.Mutex // guards hosts, refused
	hosts   map[string]http.Handler
	refused []string
}

// New starts an internet with the given hosts. It keeps the certificate of its CA in dir.
func New(dir string, hosts map[string]http.Handler) (*Net, error) {
	n := &Net{
		pool: x509.NewCertPool(), CAFile: filepath.Join(dir, "ca.pem"),
		tunnels: make(chan net.Conn), closed: make(chan struct{}), hosts: map[string]http.Handler{},
	}
	for host, h := range hosts {
		n.hosts[host] = h
	}
	if err := n.authority(); err != nil {
		return nil, err
	}
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	n.Proxy = "http://" + listener.Addr().String()
	proxy, err := url.Parse(n.Proxy)
	if err != nil {
		return nil, err
	}
	n.clientSide = &http.Transport{
		Proxy:           http.ProxyURL(proxy),
		TLSClientConfig: &tls.Config{RootCAs: n.pool, MinVersion: tls.VersionTLS12},
	}
	n.outer = &http.Server{Handler: http.HandlerFunc(n.proxy), ReadHeaderTimeout: 10 * time.Second}
	n.inner = &http.Server{
		Handler: http.HandlerFunc(n.serve), ReadHeaderTimeout: 10 * time.Second,
		ErrorLog: log.New(io.Discard, "", 0), // a program that does not trust the CA is part of some tests
	}
	n.servers.Go(func() { n.outer.Serve(listener) })                    //nolint:errcheck // it ends with Close
	n.servers.Go(func() { n.inner.Serve(tunnels{n, listener.Addr()}) }) //nolint:errcheck // it ends with Close
	return n, nil
}

// Handle puts a host on the net, or replaces it.
func (n *Net) Handle(host string, h http.Handler) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.hosts[host] = h
}

// Client reaches the hosts of the net and nothing else.
func (n *Net) Client() *http.Client { return &http.Client{Transport: n.clientSide} }

// Refused lists the hosts that somebody asked for and that do not exist here.
func (n *Net) Refused() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.refused)
}

// Close ends it with all its connections.
func (n *Net) Close() {
	close(n.closed)
	n.clientSide.CloseIdleConnections()
	n.outer.Close()
	n.inner.Close()
	n.servers.Wait()
}

func (n *Net) host(name string) http.Handler {
	n.mu.Lock()
	defer n.mu.Unlock()
	h := n.hosts[name]
	if h == nil {
		n.refused = append(n.refused, name)
	}
	return h
}

// proxy opens a tunnel to a host of the net.
func (n *Net) proxy(w http.ResponseWriter, r *http.Request) {
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

// serve answers what comes out of a tunnel.
func (n *Net) serve(w http.ResponseWriter, r *http.Request) {
	h := n.host(r.Host)
	if h == nil {
		http.Error(w, "no such host", http.StatusNotFound)
		return
	}
	h.ServeHTTP(w, r)
}

// authority makes the CA.
func (n *Net) authority() error {
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

// certificate makes the certificate of the host that a client asks for.
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

// tunnels is the listener of what came through the proxy.
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

// Close implements net.Listener. What ends it is that its net is closed.
func (l tunnels) Close() error { return nil }

// Addr implements net.Listener.
func (l tunnels) Addr() net.Addr { return l.addr }

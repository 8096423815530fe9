package faults_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// pipes is a network in memory: a listener and the way to it. Its connections work in a synctest bubble.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	close func()
}

func newPipes() *pipes {
	p := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
	p.close = sync.OnceFunc(func() { close(p.done) })
	return p
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.close()
	return nil
}

func (p *pipes) Addr() net.Addr {
	c, _ := net.Pipe()
	return c.LocalAddr()
}

func (p *pipes) dial(ctx context.Context) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.conns <- server:
		return client, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-p.done:
		return nil, errRefused
	}
}

// A server answers for all hosts of a world, and spoils its answers as it is told.
type server struct {
	next http.Handler
	dial func(ctx context.Context) (net.Conn, error) // a connection to this server
	http *http.Server
	bad  atomic.Pointer[spell]

	// open counts the connections, closed is told when one ends.
	open   atomic.Int64
	closed chan struct{}

	mu   sync.Mutex
	hits []hit
}

// A spell is a fault that is at work on one host, or on all of them.
type spell struct {
	fault
	host string // prefix
}

// A hit is a request that arrived, or a connection that was not made.
type hit struct {
	at         time.Time
	host, path string
	spoiled    bool
}

// serve starts a server that ends with the test.
func serve(tb testing.TB, next http.Handler, ln net.Listener, dial func(context.Context) (net.Conn, error)) *server {
	tb.Helper()
	s := &server{next: next, dial: dial, closed: make(chan struct{}, 1)}
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: time.Minute, ConnState: func(_ net.Conn, st http.ConnState) {
		switch st {
		case http.StateNew:
			s.open.Add(1)
		case http.StateClosed, http.StateHijacked:
			s.open.Add(-1)
			select {
			case s.closed <- struct{}{}:
			default:
			}
		default:
		}
	}}
	done := make(chan error, 1)
	go func() { done <- s.http.Serve(ln) }()
	tb.Cleanup(func() {
		_ = s.http.Close()
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			tb.Errorf("the server ended: %v", err)
		}
	})
	return s
}

// inMemory starts a server that is reached without a socket.
func inMemory(tb testing.TB, next http.Handler) *server {
	tb.Helper()
	p := newPipes()
	return serve(tb, next, p, p.dial)
}

// onLoopback starts a server on a port of 127.0.0.1.
func onLoopback(tb testing.TB, next http.Handler) *server {
	tb.Helper()
	ln, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	return serve(tb, next, ln, func(ctx context.Context) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "tcp", ln.Addr().String())
	})
}

// client returns a client whose every connection leads to s. What is under test believes to speak https; TLS itself is not under test.
func (s *server) client(tb testing.TB) *http.Client {
	tb.Helper()
	tr := &http.Transport{DialContext: func(ctx context.Context, _, addr string) (net.Conn, error) {
		if b := s.bad.Load(); b != nil && b.dial != nil && strings.HasPrefix(addr, b.host) {
			s.record(addr, "", true)
			return b.dial(ctx, addr)
		}
		return s.dial(ctx)
	}}
	tb.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: plain{tr}}
}

// plain sends https requests in the clear.
type plain struct{ *http.Transport }

func (p plain) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Scheme = "http"
	return p.Transport.RoundTrip(r)
}

func (s *server) record(host, path string, spoiled bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hits = append(s.hits, hit{time.Now(), host, path, spoiled})
}

// since returns the requests from the n-th on, and how many there are in all.
func (s *server) since(n int) (hits []hit, all int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hits[n:len(s.hits):len(s.hits)], len(s.hits)
}

func (s *server) count() int {
	_, n := s.since(0)
	return n
}

// ServeHTTP answers, or does what a fault makes of that.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// Read to its end, or net/http does not notice that the client leaves.
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	b := s.bad.Load()
	spoiled := b != nil && b.answer != nil && strings.HasPrefix(r.Host, b.host)
	s.record(r.Host, r.URL.Path, spoiled)
	if spoiled {
		b.answer(s.next, w, r)
		return
	}
	s.next.ServeHTTP(w, r)
}

// drained waits until no connection is open.
func (s *server) drained(ctx context.Context) bool {
	for s.open.Load() != 0 {
		select {
		case <-s.closed:
		case <-ctx.Done():
			return false
		}
	}
	return true
}

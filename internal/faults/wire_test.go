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

// pipes is a network in memory: a listener, and a function that connects to it. It works in a
// synctest bubble.
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

// server is the server for all hosts of a world, with or without a fault.
type server struct {
	next http.Handler
	dial func(ctx context.Context) (net.Conn, error) // a connection to this server
	http *http.Server
	bad  atomic.Pointer[activeFault]

	// open is the number of open connections. closed receives a value when one ends.
	open   atomic.Int64
	closed chan struct{}

	mu       sync.Mutex
	requests []request
}

// activeFault is a fault that has begun, on the hosts with a prefix.
type activeFault struct {
	fault
	host string // prefix
}

// request is a request that arrived, or a connection that failed.
type request struct {
	at         time.Time
	host, path string
	faulty     bool // the fault replaced the response
}

// serve starts a server. It is closed at the end of the test.
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

// inMemory starts a server with connections in memory.
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

// client returns a client that connects to s for every host. It sends https requests without TLS,
// which is not tested here.
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

// plain sends https requests without TLS.
type plain struct{ *http.Transport }

func (p plain) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Scheme = "http"
	return p.Transport.RoundTrip(r)
}

// record records a request.
func (s *server) record(host, path string, faulty bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, request{time.Now(), host, path, faulty})
}

// since returns the requests from the n-th on, and the number of all requests.
func (s *server) since(n int) (requests []request, all int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests[n:len(s.requests):len(s.requests)], len(s.requests)
}

// count returns the number of all requests.
func (s *server) count() int {
	_, n := s.since(0)
	return n
}

// ServeHTTP answers a request, or lets the fault answer it.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// The body is read to its end, because net/http does not notice before that the client
	// disconnects.
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	b := s.bad.Load()
	faulty := b != nil && b.answer != nil && strings.HasPrefix(r.Host, b.host)
	s.record(r.Host, r.URL.Path, faulty)
	if faulty {
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

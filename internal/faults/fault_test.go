package faults_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// A fault of the network: either connections cannot be made, or answers are spoiled.
type fault struct {
	name string
	how  string
	// dial stands in for making a connection.
	dial func(ctx context.Context, addr string) (net.Conn, error)
	// answer stands in for the answer of next.
	answer func(next http.Handler, w http.ResponseWriter, r *http.Request)
	// passes are the components that it costs time but no answer.
	passes []string
	// retryAfter is what the server asks for.
	retryAfter time.Duration
}

// passable reports whether the component gets its answers all the same.
func (f fault) passable(component string) bool {
	return slices.Contains(f.passes, component) || slices.Contains(f.passes, everybody)
}

const (
	everybody = "*"
	// late is how long a slow answer takes: longer than callers may wait for a refresh, shorter than any timeout.
	late = 2 * time.Second
	// leaveAlone is the Retry-After of a server that has one.
	leaveAlone = 7 * time.Second
)

var errRefused = &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}

// networkFaults is the part of the matrix that comes over the wire. slow is how long a late answer takes.
func networkFaults(slow time.Duration) []fault {
	return []fault{
		{
			name: "latency", how: "each answer takes 2 s", passes: []string{everybody},
			answer: func(next http.Handler, w http.ResponseWriter, r *http.Request) {
				if wait(r.Context(), slow) {
					next.ServeHTTP(w, r)
				}
			},
		},
		{
			name: "hang", how: "requests are read and never answered",
			answer: func(_ http.Handler, _ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		},
		{
			name: "hang within the body", how: "half of the answer comes, then nothing",
			answer: func(next http.Handler, w http.ResponseWriter, r *http.Request) {
				half(next, w, r)
				_ = http.NewResponseController(w).Flush()
				<-r.Context().Done()
			},
		},
		{
			name: "connection reset", how: "the connection is reset instead of an answer",
			answer: func(_ http.Handler, w http.ResponseWriter, _ *http.Request) {
				conn, _, err := http.NewResponseController(w).Hijack()
				if err != nil {
					panic(http.ErrAbortHandler)
				}
				if tcp, ok := conn.(*net.TCPConn); ok {
					_ = tcp.SetLinger(0)
				}
				conn.Close()
			},
		},
		{
			name: "truncated body", how: "the connection ends in the middle of the announced body",
			answer: func(next http.Handler, w http.ResponseWriter, r *http.Request) { half(next, w, r) },
		},
		{
			name: "HTML page", how: "200 with the page of a proxy",
			answer: page("text/html; charset=utf-8", http.StatusOK, "<html><title>Sign in</title><p>Welcome to the Wi-Fi of the hotel"),
		},
		{
			name: "wrong content type", how: "the right answer, called text/plain",
			// The bodies of STS are XML, those of key sets JSON, whatever they are called; the API's must be JSON, because they are
			// secrets that a proxy must not have touched.
			passes: []string{provider, keySet, credCache},
			answer: func(next http.Handler, w http.ResponseWriter, r *http.Request) {
				rec := httptest.NewRecorder()
				next.ServeHTTP(rec, r)
				rec.Header().Set("Content-Type", "text/plain")
				forward(w, rec)
			},
		},
		{
			name: "429 with Retry-After", how: "Retry-After: 7", retryAfter: leaveAlone,
			answer: tooMany(leaveAlone),
		},
		{name: "500 storm", how: "every answer is a 500", answer: page("text/plain", http.StatusInternalServerError, "oops")},
		{name: "503 storm", how: "every answer is a 503", answer: page("text/html", http.StatusServiceUnavailable, "<h1>503</h1>")},
		{
			name: "DNS failure", how: "the name does not resolve",
			dial: func(_ context.Context, addr string) (net.Conn, error) {
				return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "server misbehaving", Name: addr, IsTemporary: true}}
			},
		},
		{
			name: "connection refused", how: "nobody listens",
			dial: func(context.Context, string) (net.Conn, error) { return nil, errRefused },
		},
	}
}

// tooMany is an answer that asks for a pause.
func tooMany(pause time.Duration) func(http.Handler, http.ResponseWriter, *http.Request) {
	return func(_ http.Handler, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", strconv.Itoa(int(pause.Seconds())))
		http.Error(w, "slow down", http.StatusTooManyRequests)
	}
}

// page is an answer that has nothing to do with the question.
func page(contentType string, status int, body string) func(http.Handler, http.ResponseWriter, *http.Request) {
	return func(_ http.Handler, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

// half announces the answer and sends one half of its body.
func half(next http.Handler, w http.ResponseWriter, r *http.Request) {
	// An answer without a body, as a 304 is, would come through whole.
	r.Header.Del("If-None-Match")
	r.Header.Del("If-Modified-Since")
	rec := httptest.NewRecorder()
	next.ServeHTTP(rec, r)
	rec.Header().Set("Content-Length", strconv.Itoa(rec.Body.Len()))
	rec.Body.Truncate(rec.Body.Len() / 2)
	forward(w, rec)
}

func forward(w http.ResponseWriter, rec *httptest.ResponseRecorder) {
	for name, values := range rec.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(rec.Code)
	_, _ = w.Write(rec.Body.Bytes())
}

// wait waits for d, and reports whether ctx lasted so long.
func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// onTheWire is the fault as it is on loopback, where connections fail for real.
func (f fault) onTheWire(tb testing.TB) fault {
	tb.Helper()
	switch f.name {
	case "DNS failure":
		resolver := brokenResolver(tb)
		f.dial = func(ctx context.Context, _ string) (net.Conn, error) {
			return (&net.Dialer{Resolver: resolver}).DialContext(ctx, "tcp", "onafed.invalid:443")
		}
	case "429 with Retry-After":
		f.answer = tooMany(time.Second) // in real time
	case "connection refused":
		ln, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			tb.Fatal(err)
		}
		ln.Close()
		f.dial = func(ctx context.Context, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", ln.Addr().String())
		}
	}
	return f
}

// brokenResolver is Go's own resolver with a name server that answers SERVFAIL.
func brokenResolver(tb testing.TB) *net.Resolver {
	tb.Helper()
	conn, err := (&net.ListenConfig{}).ListenPacket(tb.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err != nil || n < 12 {
				continue
			}
			buf[2] |= 0x80                     // an answer (RFC 1035 section 4.1.1)
			buf[3] = buf[3]&0xf0 | 2           // SERVFAIL
			_, _ = conn.WriteTo(buf[:n], from) // a question that is lost is asked again
		}
	}()
	tb.Cleanup(func() {
		conn.Close()
		<-done
	})
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

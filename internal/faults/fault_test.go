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

// fault is a fault of the network: connections fail, or responses are wrong.
type fault struct {
	name string
	how  string
	// dial replaces the function that makes a connection, if not nil.
	dial func(ctx context.Context, addr string) (net.Conn, error)
	// answer replaces the response of next, if not nil.
	answer func(next http.Handler, w http.ResponseWriter, r *http.Request)
	// tolerated are the components that get their answers in spite of the fault.
	tolerated []string
	// retryAfter is the Retry-After of the responses, or 0.
	retryAfter time.Duration
}

// isTolerated reports whether the component gets its answers in spite of the fault.
func (f fault) isTolerated(component string) bool {
	return slices.Contains(f.tolerated, component) || slices.Contains(f.tolerated, allComponents)
}

const (
	allComponents = "*"
	// latency is longer than callers may wait for a refresh, and shorter than any timeout.
	latency = 2 * time.Second
	// retryAfter is the Retry-After of the responses with status 429.
	retryAfter = 7 * time.Second
)

var errRefused = &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}

// networkFaults returns the faults of the network. slow is the latency of the first one.
func networkFaults(slow time.Duration) []fault {
	return slices.Concat(slowFaults(slow), responseFaults(), dialFaults())
}

// slowFaults are faults in which the response is late or does not arrive.
func slowFaults(slow time.Duration) []fault {
	return []fault{
		{
			name: "latency", how: "each response takes 2 s", tolerated: []string{allComponents},
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
			name: "hang within the body", how: "half of the response arrives, then nothing",
			answer: func(next http.Handler, w http.ResponseWriter, r *http.Request) {
				half(next, w, r)
				_ = http.NewResponseController(w).Flush()
				<-r.Context().Done()
			},
		},
		{
			name: "connection reset", how: "the connection is reset before a response",
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
	}
}

// responseFaults are faults in which the response is wrong.
func responseFaults() []fault {
	return []fault{
		{
			name: "truncated body", how: "the connection ends in the middle of the body",
			answer: func(next http.Handler, w http.ResponseWriter, r *http.Request) { half(next, w, r) },
		},
		{
			name: "HTML page", how: "200 with the login page of a proxy",
			answer: page("text/html; charset=utf-8", http.StatusOK, "<html><title>Sign in</title><p>Welcome to the Wi-Fi of the hotel"),
		},
		{
			name: "wrong content type", how: "the right response, declared as text/plain",
			// STS's responses are read as XML and key sets as JSON, whatever their declared type.
			// The API's must be declared as JSON, because they are secrets that no proxy may have
			// changed.
			tolerated: []string{provider, keySet, credCache},
			answer: func(next http.Handler, w http.ResponseWriter, r *http.Request) {
				rec := httptest.NewRecorder()
				next.ServeHTTP(rec, r)
				rec.Header().Set("Content-Type", "text/plain")
				forward(w, rec)
			},
		},
		{
			name: "429 with Retry-After", how: "Retry-After: 7", retryAfter: retryAfter,
			answer: tooMany(retryAfter),
		},
		{name: "status 500", how: "every response is a 500", answer: page("text/plain", http.StatusInternalServerError, "oops")},
		{name: "status 503", how: "every response is a 503", answer: page("text/html", http.StatusServiceUnavailable, "<h1>503</h1>")},
	}
}

// dialFaults are faults in which no connection is made.
func dialFaults() []fault {
	return []fault{
		{
			name: "DNS failure", how: "the name does not resolve",
			dial: func(_ context.Context, addr string) (net.Conn, error) {
				return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "server misbehaving", Name: addr, IsTemporary: true}}
			},
		},
		{
			name: "connection refused", how: "no process listens",
			dial: func(context.Context, string) (net.Conn, error) { return nil, errRefused },
		},
	}
}

// tooMany returns a handler that answers 429 with a Retry-After.
func tooMany(pause time.Duration) func(http.Handler, http.ResponseWriter, *http.Request) {
	return func(_ http.Handler, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", strconv.Itoa(int(pause.Seconds())))
		http.Error(w, "slow down", http.StatusTooManyRequests)
	}
}

// page returns a handler that answers every request with one page.
func page(contentType string, status int, body string) func(http.Handler, http.ResponseWriter, *http.Request) {
	return func(_ http.Handler, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

// half sends the header of the response, and half of its body.
func half(next http.Handler, w http.ResponseWriter, r *http.Request) {
	// A response without a body, such as a 304, cannot be truncated.
	r.Header.Del("If-None-Match")
	r.Header.Del("If-Modified-Since")
	rec := httptest.NewRecorder()
	next.ServeHTTP(rec, r)
	rec.Header().Set("Content-Length", strconv.Itoa(rec.Body.Len()))
	rec.Body.Truncate(rec.Body.Len() / 2)
	forward(w, rec)
}

// forward sends a recorded response.
func forward(w http.ResponseWriter, rec *httptest.ResponseRecorder) {
	for name, values := range rec.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(rec.Code)
	_, _ = w.Write(rec.Body.Bytes())
}

// wait waits for d. It reports whether ctx was not canceled before.
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

// overLoopback returns the fault for tests over loopback, where connections really fail.
func (f fault) overLoopback(tb testing.TB) fault {
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

// brokenResolver returns Go's resolver with a name server that answers SERVFAIL.
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
			buf[2] |= 0x80                     // a response (RFC 1035, section 4.1.1)
			buf[3] = buf[3]&0xf0 | 2           // SERVFAIL
			_, _ = conn.WriteTo(buf[:n], from) // the resolver repeats a lost query
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

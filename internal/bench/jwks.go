package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/issuer"
)

// copyResponse writes a response unchanged.
func copyResponse(w http.ResponseWriter, resp *http.Response) error {
	for name, values := range resp.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(resp.StatusCode)
	_, err := io.Copy(w, resp.Body)
	return err
}

const jwksPath = "/.well-known/jwks.json"

// jwksHandlers returns four handlers: ours, one that marshals the set of jwx for each request, one with
// an empty answer, and one that only writes the bytes of ours.
func jwksHandlers() (ours, jwx, empty, bare http.Handler) {
	id := newIdentity()
	ring := must(issuer.NewKeyRing(nil))
	check(ring.PublishAt(id.signer, time.Now().Add(-time.Hour)))
	check(ring.PublishAt(must(issuer.NewSigner(must(rsa.GenerateKey(rand.Reader, 2048)), nil)), time.Now()))
	h := must(issuer.NewHandler(idp.Issuer, ring, nil))
	set := must(jwk.Parse(h.Documents()[jwksPath[1:]]))
	jwx = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "public, max-age=600")
		check(json.NewEncoder(w).Encode(set))
	})
	empty = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, jwksPath, nil))
	bare = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		header := w.Header()
		for name, values := range rec.Header() {
			header[name] = values
		}
		_, err := w.Write(rec.Body.Bytes())
		check(err)
	})
	return h, jwx, empty, bare
}

// discard is a ResponseWriter without costs of its own.
type discard struct{ h http.Header }

// Header returns the same header each time.
func (d discard) Header() http.Header { return d.h }

// Write discards b.
func (d discard) Write(b []byte) (int, error) { return len(b), nil }

// WriteHeader does nothing.
func (d discard) WriteHeader(int) {}

// serveOnce returns a function that sends a request to a handler without a socket.
func serveOnce(h http.Handler) func() {
	w, r := discard{http.Header{}}, httptest.NewRequest(http.MethodGet, jwksPath, nil)
	return func() { h.ServeHTTP(w, r) }
}

// measureJWKS sends requests to net/http servers over loopback, with one persistent connection each. The
// client is minimal and sends several requests at once, so that most of the measured time is the
// server's. The set has two keys, as during a rotation.
func measureJWKS(_ context.Context, b *bench) error {
	ours, jwx, empty, bare := jwksHandlers()
	var loops []func(int)
	for _, h := range []http.Handler{ours, jwx, empty, bare} {
		srv := httptest.NewServer(h)
		defer srv.Close()
		c, err := dial(srv.Listener.Addr().String())
		if err != nil {
			return err
		}
		defer c.conn.Close()
		loops = append(loops, c.ask)
	}
	r := race(processorTime, b.rounds, b.slice, loops...)
	n := allocs(serveOnce(ours))
	rate := func(i int) string { return group(int(1e9/r.ns(i))) + "/s" }
	more, share := r.ratio(1, 0), r.ratio(2, 0)
	b.add(line{
		work:  "JWKS requests",
		peer:  "marshal per request, jwx v2: " + rate(1) + ", " + allocText(allocs(serveOnce(jwx))),
		ours:  rate(0) + ", " + allocText(n),
		ratio: ratioText(more) + " x", goal: ">= 2.2 x, 0 allocs", verdict: judge(more >= 2.2/noise && n == 0),
	})
	b.add(line{
		work: "JWKS requests", peer: "empty handler: " + rate(2), ours: rate(0),
		ratio: ratioText(share) + " x", goal: ">= 0.75 x", verdict: judge(share >= 0.75),
	})
	b.add(line{
		work: "JWKS requests", peer: "a handler that only writes the same bytes and headers: " + rate(3), ours: rate(0),
		ratio: ratioText(r.ratio(3, 0)) + " x",
	})
	return nil
}

// A requester is one persistent connection.
type requester struct {
	conn net.Conn
	r    *bufio.Reader
}

func dial(addr string) (*requester, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &requester{conn, bufio.NewReaderSize(conn, 64<<10)}, nil
}

// pipeline is the number of requests that are sent at once.
const pipeline = 32

// ask sends n requests.
func (a *requester) ask(n int) {
	requests := bytes.Repeat([]byte("GET "+jwksPath+" HTTP/1.1\r\nHost: issuer.example\r\n\r\n"), pipeline)
	one := len(requests) / pipeline
	for n > 0 {
		k := min(n, pipeline)
		_, err := a.conn.Write(requests[:k*one])
		check(err)
		for range k {
			check(a.skip())
		}
		n -= k
	}
}

// skip reads one response. All servers here send a Content-Length for bodies of this size.
func (a *requester) skip() error {
	length := 0
	for {
		text, err := a.r.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(text) <= 2 {
			break
		}
		if n, ok := contentLength(text); ok {
			length = n
		}
	}
	_, err := a.r.Discard(length)
	return err
}

func contentLength(text []byte) (n int, ok bool) {
	const name = "Content-Length: "
	if len(text) < len(name) || string(text[:len(name)]) != name {
		return 0, false
	}
	for _, c := range text[len(name):] {
		if c < '0' || c > '9' {
			break
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}

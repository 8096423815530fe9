package idptest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The paths below the issuer's URL, for [Fault.Path] and [Request.Path].
const (
	DiscoveryPath = "/.well-known/openid-configuration"
	JWKSPath      = "/.well-known/jwks.json"
)

// A Fault is how requests go wrong. Its fields add up: a delay, then an answer.
type Fault struct {
	// Path limits the fault to requests whose path ends so, such as [JWKSPath]; "" means all.
	Path string
	// Times is how many requests it befalls; 0 means all until [Issuer.ClearFaults].
	Times int
	// Delay is waited before the answer, or until the request's context ends.
	Delay time.Duration
	// Hang waits until the request's context ends.
	Hang bool
	// Err breaks the connection: [Issuer.Client] returns it, and the server of [Issuer.Start] hangs up.
	Err error
	// Status is answered in place of 200; 0 leaves it. The body is then Body alone.
	Status int
	// Header is set on the answer.
	Header http.Header
	// Body replaces the document unless it is nil.
	Body []byte
	// Truncate announces the whole body and breaks off in its middle.
	Truncate bool
}

// A Request is one that the issuer received.
type Request struct {
	Time   time.Time
	Method string
	Path   string
	Header http.Header
	// Status is what was answered; 0 when nothing was.
	Status int
}

// Inject adds a fault. Where several fit a request, the first that was added befalls it.
func (i *Issuer) Inject(f Fault) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if f.Times == 0 {
		f.Times = -1
	}
	i.faults = append(i.faults, f)
}

// ClearFaults makes the issuer work again.
func (i *Issuer) ClearFaults() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.faults = nil
}

// Requests returns what the issuer was asked, in order.
func (i *Issuer) Requests() []Request {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Clone(i.requests)
}

func (i *Issuer) fault(path string) Fault {
	i.mu.Lock()
	defer i.mu.Unlock()
	for n := range i.faults {
		f := &i.faults[n]
		if f.Times != 0 && strings.HasSuffix(path, f.Path) {
			if f.Times > 0 {
				f.Times--
			}
			return *f
		}
	}
	return Fault{}
}

// answer is what happens to one request, whichever way it came.
func (i *Issuer) answer(ctx context.Context, r *http.Request) (*httptest.ResponseRecorder, Fault, error) {
	f := i.fault(r.URL.Path)
	i.mu.Lock()
	n := len(i.requests)
	i.requests = append(i.requests, Request{Time: time.Now(), Method: r.Method, Path: r.URL.Path, Header: r.Header.Clone()})
	i.mu.Unlock()
	if f.Hang {
		<-ctx.Done()
		return nil, f, ctx.Err()
	}
	if f.Delay > 0 {
		t := time.NewTimer(f.Delay)
		defer t.Stop()
		select {
		case <-ctx.Done():
			return nil, f, ctx.Err()
		case <-t.C:
		}
	}
	if f.Err != nil {
		return nil, f, f.Err
	}
	w := httptest.NewRecorder()
	if f.Status != 0 {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(f.Status)
	} else {
		i.handler.ServeHTTP(w, r)
	}
	if f.Body != nil || f.Status != 0 {
		w.Body = bytes.NewBuffer(bytes.Clone(f.Body))
		w.Header().Set("Content-Length", strconv.Itoa(len(f.Body)))
		w.Header().Del("Etag") // it is not the document of that tag
	}
	for name, values := range f.Header {
		w.Header()[http.CanonicalHeaderKey(name)] = values
	}
	i.mu.Lock()
	i.requests[n].Status = w.Code
	i.mu.Unlock()
	return w, f, nil
}

// ServeHTTP answers under any Host. [Issuer.Start] serves it.
func (i *Issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rec, f, err := i.answer(r.Context(), r)
	if err != nil {
		panic(http.ErrAbortHandler) // the way to hang up
	}
	for name, values := range rec.Header() {
		w.Header()[name] = values
	}
	body := rec.Body.Bytes()
	w.WriteHeader(rec.Code)
	if f.Truncate {
		_, _ = w.Write(body[:len(body)/2])
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(body)
}

// Client returns a client that reaches this issuer and nothing else, in memory. It honours the request's context.
func (i *Issuer) Client() *http.Client { return &http.Client{Transport: transport{i}} }

type transport struct{ i *Issuer }

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	ctx := r.Context()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if scheme, host := t.i.host(); r.URL.Scheme != scheme || r.URL.Host != host {
		return nil, fmt.Errorf("idptest: the client of %s reaches nothing else, not %s://%s", t.i.URL, r.URL.Scheme, r.URL.Host)
	}
	rec, f, err := t.i.answer(ctx, r)
	if err != nil {
		return nil, err
	}
	resp := rec.Result()
	resp.Request = r
	body := rec.Body.Bytes()
	if r.Method == http.MethodHead {
		body = nil
	}
	resp.ContentLength = int64(len(body))
	var rd io.Reader = bytes.NewReader(body)
	if f.Truncate {
		rd = io.MultiReader(bytes.NewReader(body[:len(body)/2]), failing{})
	}
	resp.Body = io.NopCloser(rd)
	return resp, nil
}

// failing is a connection that breaks.
type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.Join(io.ErrUnexpectedEOF) }

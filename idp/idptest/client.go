package idptest

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
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
	// Header is set on the answer; a nil value takes a header away.
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

// answer is what a request gets. It is an http.ResponseWriter for the handler.
type answer struct {
	code     int
	header   http.Header
	body     []byte
	truncate bool
}

// Header implements http.ResponseWriter.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(code int) { a.code = code }

// Write implements http.ResponseWriter.
func (a *answer) Write(b []byte) (int, error) {
	a.body = append(a.body, b...)
	return len(b), nil
}

// answer is what happens to one request, whichever way it came.
func (i *Issuer) answer(r *http.Request) (*answer, error) {
	ctx, f := r.Context(), i.fault(r.URL.Path)
	i.mu.Lock()
	n := len(i.requests)
	i.requests = append(i.requests, Request{Time: time.Now(), Method: r.Method, Path: r.URL.Path, Header: r.Header.Clone()})
	i.mu.Unlock()
	if f.Hang {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if f.Delay > 0 {
		t := time.NewTimer(f.Delay)
		defer t.Stop()
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-t.C:
		}
	}
	if f.Err != nil {
		return nil, f.Err
	}
	a := &answer{code: http.StatusOK, header: make(http.Header), truncate: f.Truncate}
	if f.Status == 0 && f.Body == nil {
		i.handler.ServeHTTP(a, r)
	} else {
		if f.Status != 0 {
			a.code = f.Status
		}
		a.header.Set("Content-Type", "application/json")
		a.body = bytes.Clone(f.Body)
	}
	for name, values := range f.Header {
		if name = http.CanonicalHeaderKey(name); values == nil {
			a.header.Del(name)
		} else {
			a.header[name] = slices.Clone(values)
		}
	}
	if bodiless := a.code == http.StatusNotModified || a.code == http.StatusNoContent; !bodiless && r.Method != http.MethodHead {
		a.header.Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	i.mu.Lock()
	i.requests[n].Status = a.code
	i.mu.Unlock()
	return a, nil
}

// ServeHTTP answers under any Host. [Issuer.Start] serves it.
func (i *Issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a, err := i.answer(r)
	if err != nil {
		panic(http.ErrAbortHandler) // the way to hang up
	}
	maps.Copy(w.Header(), a.header)
	w.WriteHeader(a.code)
	if a.truncate {
		_, _ = w.Write(a.body[:len(a.body)/2])
		_ = http.NewResponseController(w).Flush() // else nothing is sent, not even the status
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(a.body)
}

// Client returns a client that reaches this issuer and nothing else, in memory. It honours the request's context.
func (i *Issuer) Client() *http.Client { return &http.Client{Transport: transport{i}} }

type transport struct{ i *Issuer }

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if scheme, host := t.i.host(); r.URL.Scheme != scheme || r.URL.Host != host {
		return nil, fmt.Errorf("idptest: the client of %s reaches nothing else, not %s://%s", t.i.URL, r.URL.Scheme, r.URL.Host)
	}
	a, err := t.i.answer(r)
	if err != nil {
		return nil, err
	}
	body := a.body
	if r.Method == http.MethodHead {
		body = nil
	}
	var rd io.Reader = bytes.NewReader(body)
	if a.truncate {
		rd = io.MultiReader(bytes.NewReader(body[:len(body)/2]), failing{})
	}
	return &http.Response{
		Status: strconv.Itoa(a.code) + " " + http.StatusText(a.code), StatusCode: a.code,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: a.header, Body: io.NopCloser(rd), ContentLength: int64(len(body)), Request: r,
	}, nil
}

// failing is a connection that breaks.
type failing struct{}

// Read implements io.Reader.
func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

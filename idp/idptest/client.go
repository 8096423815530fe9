package idptest

import (
	"bytes"
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/onafed/onafed/internal/fakehttp"
)

// The paths of the documents below the issuer's URL, for [Fault.Path] and [Request.Path].
const (
	DiscoveryPath = "/.well-known/openid-configuration"
	JWKSPath      = "/.well-known/jwks.json"
)

// A Fault describes how the issuer misbehaves. Its fields combine: the delay comes first, then the
// response, or its absence. The zero Fault changes nothing.
type Fault struct {
	// Path limits the fault to requests whose path ends with it, such as [JWKSPath]; "" means all requests.
	Path string
	// Times is the number of requests that the fault applies to; 0 means all, until the fault is removed.
	Times int

	// Delay is the time before the response. The wait ends early when the request's context ends.
	Delay time.Duration
	// Hang gives no response: the request ends with its context.
	Hang bool
	// Err breaks the connection before the response. A client in memory returns Err; on a connection the
	// client sees a reset.
	Err error
	// Status replaces the status of the response. Without Body the response is then empty.
	Status int
	// Header is added to the response and replaces fields of the same name; a nil value removes a field.
	Header http.Header
	// Body replaces the body of the response unless it is nil.
	Body []byte
	// Truncate breaks the connection in the middle of the body.
	Truncate bool
}

// delaysOnly reports whether the fault leaves the response as it is.
func (f Fault) delaysOnly() bool {
	return !f.Hang && f.Err == nil && f.Status == 0 && f.Header == nil && f.Body == nil && !f.Truncate
}

// A Request is a request that the issuer received.
type Request struct {
	Time   time.Time
	Method string
	Path   string
	Header http.Header
	Status int // of the response; 0 if there was none
}

// Inject adds a fault and returns a function that removes it.
//
// Of the faults that match a request, the earliest applies. A fault that only delays leaves the request
// to the next matching fault; the delays add up.
func (i *Issuer) Inject(f Fault) (remove func()) { return i.faults.Add(f, f.Times) }

// ClearFaults removes all faults.
func (i *Issuer) ClearFaults() { i.faults.Clear() }

// Requests returns the requests that the issuer received, in order.
func (i *Issuer) Requests() []Request {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Clone(i.requests)
}

// fault returns the fault that applies to a request, with the sum of the delays.
func (i *Issuer) fault(path string) Fault {
	var f Fault
	var delay time.Duration
	i.faults.Apply(func(next Fault) (applied, last bool) {
		if !strings.HasSuffix(path, next.Path) {
			return false, false
		}
		f, delay = next, delay+next.Delay
		return true, !f.delaysOnly()
	})
	f.Delay = delay
	return f
}

// respond returns the response to a request. An error means that there is none.
func (i *Issuer) respond(r *http.Request) (*fakehttp.Response, error) {
	f := i.fault(r.URL.Path)
	i.mu.Lock()
	n := len(i.requests)
	i.requests = append(i.requests, Request{Time: time.Now(), Method: r.Method, Path: r.URL.Path, Header: r.Header.Clone()})
	i.mu.Unlock()
	if err := fakehttp.Interrupt(r.Context(), f.Delay, f.Hang, f.Err); err != nil {
		return nil, err
	}
	resp := fakehttp.NewResponse()
	resp.Truncate = f.Truncate
	if f.Status == 0 && f.Body == nil {
		i.handler.ServeHTTP(resp, r)
	} else {
		resp.Fields.Set("Content-Type", "application/json")
		resp.Status, resp.Body = cmp.Or(f.Status, http.StatusOK), bytes.Clone(f.Body)
	}
	resp.SetHeader(f.Header)
	i.mu.Lock()
	i.requests[n].Status = resp.Status
	i.mu.Unlock()
	return resp, nil
}

// ServeHTTP implements [http.Handler]. The Host of a request is ignored. [Issuer.Start] serves it.
func (i *Issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	resp, err := i.respond(r)
	if err != nil {
		fakehttp.Reset(w)
		return
	}
	resp.SendTo(w, r)
}

// Client returns a client that reaches this issuer only, in memory. A request ends with its context.
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
		return nil, fmt.Errorf("idptest: the client of %s cannot reach %s://%s", t.i.URL, r.URL.Scheme, r.URL.Host)
	}
	resp, err := t.i.respond(r)
	if err != nil {
		return nil, err
	}
	return resp.HTTP(r), nil
}

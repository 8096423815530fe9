package idptest

import (
	"bytes"
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/onafed/onafed/internal/fakehttp"
)

// A Request is a request that the issuer received.
type Request struct {
	Time   time.Time
	Method string
	Path   string
	Header http.Header
	Status int // of the response; 0 if there was none
}

// Requests returns the requests that the issuer received, in order.
func (i *Issuer) Requests() []Request {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Clone(i.requests)
}

// respond returns the response to a request. An error means that there is no response.
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

// Client returns a client that reaches this issuer only, in memory. A request ends with its
// context.
func (i *Issuer) Client() *http.Client { return &http.Client{Transport: transport{i}} }

// transport is the transport of Issuer.Client.
type transport struct{ i *Issuer }

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	own, err := url.Parse(t.i.URL)
	if err != nil || r.URL.Scheme != own.Scheme || r.URL.Host != own.Host {
		return nil, fmt.Errorf("idptest: the client of %s cannot reach %s://%s", t.i.URL, r.URL.Scheme, r.URL.Host)
	}
	resp, err := t.i.respond(r)
	if err != nil {
		return nil, err
	}
	return resp.HTTP(r), nil
}

package idp

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/onafed/onafed/internal/httpjson"
	"github.com/onafed/onafed/internal/quote"
)

const (
	// renewPause is how long a Transport does not get another token after a service refused a new
	// one. So a service that refuses every token does not cause a request for a token with each of
	// its answers.
	renewPause = 30 * time.Second
	// maxDrain is how many bytes of a refused answer are read, so that its connection can be used
	// again.
	maxDrain = 64 << 10
)

// TransportOptions are the options of [NewTransport]. Only Hosts is required.
type TransportOptions struct {
	// Hosts are the hosts that may receive the token, as "name" for the port 443 or "name:port".
	Hosts []string
	// Base sends the requests; nil means http.DefaultTransport.
	Base http.RoundTripper
	// InsecureLoopbackHTTP allows http if the host is a loopback address such as 127.0.0.1. The name
	// localhost is not enough. It is meant for tests.
	InsecureLoopbackHTTP bool
}

// A Transport is an [http.RoundTripper] that adds the ID token of a source to each request, as
// "Authorization: Bearer". It replaces an Authorization header of the caller. It is safe for
// concurrent use. The zero value is not usable; call [NewTransport].
//
// A request to any other host than those in Hosts, or with http, fails and is not sent. The same
// applies to redirects, because an [http.Client] sends them through its transport.
//
// If the service answers 401, Transport invalidates the token if the source is an [Invalidator],
// gets another one, and sends the request once more. If there is no other token, or the body of the
// request cannot be sent again (it has no GetBody), Transport returns the 401. If the service also
// refuses the new token, Transport sends no request twice for 30 seconds and returns each 401 to
// its caller.
//
// The audience of the token is that of the source. Use one source for each service, because a
// service could use the token at another service, and because its 401 invalidates the token for all
// users of the source.
//
// To use the source with golang.org/x/oauth2, or with packages that use it such as gRPC's
// credentials/oauth:
//
//	type tokenSource struct{ src idp.TokenSource } // an oauth2.TokenSource
//
//	func (s tokenSource) Token() (*oauth2.Token, error) {
//		t, err := s.src.Token(context.Background())
//		if err != nil {
//			return nil, err
//		}
//		return &oauth2.Token{AccessToken: t.Raw(), TokenType: "Bearer", Expiry: t.Expiry()}, nil
//	}
type Transport struct {
	src     TokenSource
	base    http.RoundTripper
	hosts   map[string]bool // "host:port" in lower case
	http    bool            // http to loopback literals is allowed
	refused atomic.Pointer[time.Time]
}

// NewTransport returns a transport that sends tokens of src. Wrap src in [Cached] unless it keeps
// tokens. The error is an [*OptionError].
func NewTransport(src TokenSource, opts *TransportOptions) (*Transport, error) {
	const function = "NewTransport"
	switch {
	case src == nil:
		return nil, refuse(function, "src", "must not be nil")
	case opts == nil || len(opts.Hosts) == 0:
		return nil, refuse(function, "Hosts", "must not be empty; name the hosts that may receive the token")
	}
	t := &Transport{src: src, base: opts.Base, http: opts.InsecureLoopbackHTTP, hosts: make(map[string]bool)}
	if t.base == nil {
		t.base = http.DefaultTransport
	}
	if err := addHosts(t.hosts, opts.Hosts); err != nil {
		return nil, &OptionError{Func: function, Option: "Hosts", Err: err}
	}
	return t, nil
}

// addHosts adds names of hosts with optional ports, as "host:port" in lower case.
func addHosts(hosts map[string]bool, names []string) error {
	for _, name := range names {
		u, err := httpjson.CheckURL("https://"+name, false)
		if err != nil || u.Path != "" || u.RawQuery != "" || u.ForceQuery {
			return errors.New(shown(name) + " is not a host name with an optional port")
		}
		hosts[httpjson.HostPort(u)] = true
	}
	return nil
}

// RoundTrip sends a request with a token. It does not change the request.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	token, err := t.token(r)
	if err != nil {
		if r.Body != nil {
			_ = r.Body.Close() // as http.RoundTripper requires
		}
		return nil, err
	}
	resp, err := t.send(r, token)
	if err != nil || resp.StatusCode != http.StatusUnauthorized || !repeatable(r) || t.paused() {
		return resp, err
	}
	if inv, ok := t.src.(Invalidator); ok {
		inv.Invalidate(token)
	}
	fresh, err := t.src.Token(r.Context())
	if err != nil || fresh.Raw() == "" || fresh.Equal(token) {
		return resp, nil //nolint:nilerr // the answer says more than the error
	}
	again := r.Clone(r.Context())
	if r.GetBody != nil {
		if again.Body, err = r.GetBody(); err != nil {
			return resp, nil //nolint:nilerr // the body cannot be sent again
		}
	}
	_, _ = io.CopyN(io.Discard, resp.Body, maxDrain)
	_ = resp.Body.Close()
	if resp, err = t.send(again, fresh); err == nil && resp.StatusCode == http.StatusUnauthorized {
		now := time.Now()
		t.refused.Store(&now)
	}
	return resp, err
}

// CloseIdleConnections closes the idle connections of the base transport.
func (t *Transport) CloseIdleConnections() {
	(&http.Client{Transport: t.base}).CloseIdleConnections()
}

// token returns the token for a request, or the reason why no token may be sent.
func (t *Transport) token(r *http.Request) (*Token, error) {
	if r.URL == nil {
		return nil, errors.New("idp: Transport: the request has no URL")
	}
	to := *r.URL
	to.User, to.Fragment, to.RawFragment = nil, "", "" // not sent
	if _, err := httpjson.CheckURL(to.Scheme+"://"+to.Host, t.http); err != nil {
		return nil, fmt.Errorf("idp: Transport: no token is sent to %s: %w", shown(to.Host), err)
	}
	if !t.hosts[httpjson.HostPort(&to)] {
		return nil, fmt.Errorf("idp: Transport: no token is sent to %s, which is not one of the hosts of its options", shown(to.Host))
	}
	token, err := t.src.Token(r.Context())
	switch {
	case err != nil:
		return nil, failed(t.src, err)
	case token.Raw() == "":
		return nil, fail(sourceName(t.src), errNoToken)
	}
	return token, nil
}

// send sends a copy of the request with a token.
func (t *Transport) send(r *http.Request, token *Token) (*http.Response, error) {
	r = r.Clone(r.Context())
	if r.Header == nil {
		r.Header = make(http.Header)
	}
	r.Header.Set("Authorization", "Bearer "+token.Raw())
	resp, err := t.base.RoundTrip(r)
	// Transports that log or retry put whole requests into their errors.
	return resp, quote.ErrorWithoutSecrets(err, token.Raw())
}

// paused reports whether the service has just refused a new token.
func (t *Transport) paused() bool {
	at := t.refused.Load()
	return at != nil && time.Since(*at) < renewPause
}

// repeatable reports whether a request can be sent twice.
func repeatable(r *http.Request) bool {
	return r.Body == nil || r.Body == http.NoBody || r.GetBody != nil
}

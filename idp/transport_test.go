package idp_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/idptest"
)

// tokens returns n tokens that differ.
func tokens(tb testing.TB, n int) []*idp.Token {
	tb.Helper()
	list := make([]*idp.Token, n)
	for i := range list {
		list[i] = token(tb, time.Now().Add(time.Hour), map[string]any{"jti": i})
	}
	return list
}

// A service accepts one token and records what it gets.
type service struct {
	accept *idp.Token // nil refuses every token

	mu    sync.Mutex
	calls []string // host, token and body of each request
}

func (s *service) RoundTrip(r *http.Request) (*http.Response, error) {
	body := ""
	if r.Body != nil {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		body = string(b)
		_ = r.Body.Close()
	}
	auth := r.Header.Get("Authorization")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, r.URL.Host+" "+auth+" "+body)
	if s.accept != nil && auth == "Bearer "+s.accept.Raw() {
		return respond(r, http.StatusOK, "welcome"), nil
	}
	return respond(r, http.StatusUnauthorized, "who are you"), nil
}

func newTransport(tb testing.TB, src idp.TokenSource, o idp.TransportOptions) *http.Client {
	tb.Helper()
	if o.Hosts == nil {
		o.Hosts = []string{"a.example"}
	}
	t, err := idp.NewTransport(src, &o)
	if err != nil {
		tb.Fatal(err)
	}
	return &http.Client{Transport: t}
}

// wantAnswer sends a request and checks the status and the body of the answer.
func wantAnswer(tb testing.TB, c *http.Client, r *http.Request, status int, body string) {
	tb.Helper()
	resp, err := c.Do(r)
	if err != nil {
		tb.Errorf("Do: %v", err)
		return
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if resp.StatusCode != status || string(got) != body || err != nil {
		tb.Errorf("status %d, body %q, %v; want %d, %q", resp.StatusCode, got, err, status, body)
	}
}

func request(tb testing.TB, url, body string) *http.Request {
	tb.Helper()
	r, err := http.NewRequestWithContext(tb.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func TestNewTransportRefuses(t *testing.T) {
	t.Parallel()
	src := idptest.Blocks()
	for _, tt := range []struct {
		src    idp.TokenSource
		opts   *idp.TransportOptions
		option string
	}{
		{nil, &idp.TransportOptions{Hosts: []string{"a.example"}}, "src"},
		{src, nil, "Hosts"},
		{src, &idp.TransportOptions{}, "Hosts"},
		{src, &idp.TransportOptions{Hosts: []string{"a.example", ""}}, "Hosts"},
		{src, &idp.TransportOptions{Hosts: []string{"https://a.example"}}, "Hosts"},
		{src, &idp.TransportOptions{Hosts: []string{"a.example/"}}, "Hosts"},
		{src, &idp.TransportOptions{Hosts: []string{"a.example?"}}, "Hosts"},
		{src, &idp.TransportOptions{Hosts: []string{"u@a.example"}}, "Hosts"},
		{src, &idp.TransportOptions{Hosts: []string{"*.example"}}, "Hosts"},
		{src, &idp.TransportOptions{Hosts: []string{"a.example:0"}}, "Hosts"},
		{src, &idp.TransportOptions{Hosts: []string{"ä.example"}}, "Hosts"},
	} {
		tr, err := idp.NewTransport(tt.src, tt.opts)
		if e, ok := errors.AsType[*idp.OptionError](err); !ok || e.Func != "NewTransport" || e.Option != tt.option || tr != nil {
			t.Errorf("NewTransport(%v, %+v) = %v, %v; want an error about %s", tt.src, tt.opts, tr, err, tt.option)
		}
	}
}

// The token is sent only with https, or http to a loopback literal if that is allowed, and only to the
// named hosts. Otherwise the source is not asked, and the body is closed.
func TestTransportSendsTheTokenOnlyToItsHosts(t *testing.T) {
	t.Parallel()
	tok := tokens(t, 1)[0]
	for _, insecure := range []bool{false, true} {
		for url, want := range map[string]bool{
			"https://a.example/x?y": true, "https://A.Example:443": true, "https://b.example:8443/": true, "https://u:p@a.example": true,
			"https://a.example:8443": false, "https://b.example": false, "https://sub.a.example": false, "https://a.example.evil.example": false,
			"https://a.example.": false, "http://a.example": false, "http://a.example:443": false, "http://localhost:8080": false,
			"http://127.0.0.1:8080": insecure, "http://127.0.0.1:8081": false, "ftp://a.example": false, "https://xn--a.example": false,
		} {
			asked, s := 0, &service{accept: tok}
			c := newTransport(t, idp.TokenSourceFunc(func(context.Context) (*idp.Token, error) {
				asked++
				return tok, nil
			}), idp.TransportOptions{Base: s, Hosts: []string{"a.example", "B.example:8443", "127.0.0.1:8080"}, InsecureLoopbackHTTP: insecure})
			r := request(t, url, "")
			closed := false
			r.Body = closing{strings.NewReader("x"), &closed}
			if want {
				r.Header.Set("Authorization", "Basic dTpw") // is replaced, and stays in the request
				wantAnswer(t, c, r, http.StatusOK, "welcome")
			} else if _, err := c.Do(r); err == nil || !strings.Contains(err.Error(), "no token is sent to") || asked != 0 || len(s.calls) != 0 {
				t.Errorf("Do(%s) = %v, source asked %d times, %d requests", url, err, asked, len(s.calls))
			}
			if !closed || want && r.Header.Get("Authorization") != "Basic dTpw" {
				t.Errorf("%s: body closed %v, header of the request %q", url, closed, r.Header)
			}
		}
	}
}

type closing struct {
	io.Reader
	closed *bool
}

func (c closing) Close() error { *c.closed = true; return nil }

// A client that follows a redirect sends no token to another host, or with http.
func TestTransportOnRedirects(t *testing.T) {
	t.Parallel()
	for location, want := range map[string]bool{"https://a.example/y": true, "https://b.example/y": true, "https://evil.example/y": false, "http://a.example/y": false} {
		var got []string
		base := roundTrip(func(r *http.Request) (*http.Response, error) {
			got = append(got, r.URL.String()+" "+r.Header.Get("Authorization"))
			if r.URL.Path == "/y" {
				return respond(r, http.StatusOK, "welcome"), nil
			}
			return respond(r, http.StatusFound, "", "Location", location), nil
		})
		tok := tokens(t, 1)[0]
		c := newTransport(t, idptest.Always(tok), idp.TransportOptions{Base: base, Hosts: []string{"a.example", "b.example"}})
		r := request(t, "https://a.example/x", "")
		if want {
			wantAnswer(t, c, r, http.StatusOK, "welcome")
		} else if _, err := c.Do(r); err == nil {
			t.Errorf("a redirect to %s was followed", location)
		}
		if want != (len(got) == 2) || !strings.HasSuffix(got[len(got)-1], " Bearer "+tok.Raw()) {
			t.Errorf("redirect to %s: %d requests", location, len(got))
		}
	}
}

// invalidating is a source that returns its tokens one after the other, each until it is invalidated.
type invalidating struct {
	tokens []*idp.Token
	next   atomic.Int64
	calls  atomic.Int64
}

func (s *invalidating) Token(context.Context) (*idp.Token, error) {
	s.calls.Add(1)
	return s.tokens[min(int(s.next.Load()), len(s.tokens)-1)], nil
}

func (s *invalidating) Invalidate(t *idp.Token) {
	for i, own := range s.tokens {
		if own.Equal(t) {
			s.next.CompareAndSwap(int64(i), int64(i+1))
		}
	}
}

// After a 401 the source gets a chance to return another token, and the request is sent once more.
func TestTransportGetsANewTokenAfterA401(t *testing.T) {
	t.Parallel()
	list := tokens(t, 2)
	src := &invalidating{tokens: list}
	s := &service{accept: list[1]}
	c := newTransport(t, src, idp.TransportOptions{Base: s})
	wantAnswer(t, c, request(t, "https://a.example/", "body"), http.StatusOK, "welcome")
	wantAnswer(t, c, request(t, "https://a.example/", "more"), http.StatusOK, "welcome")
	want := []string{
		"a.example Bearer " + list[0].Raw() + " body", "a.example Bearer " + list[1].Raw() + " body", "a.example Bearer " + list[1].Raw() + " more",
	}
	if fmt.Sprint(s.calls) != fmt.Sprint(want) {
		t.Errorf("the service got %d requests: %s", len(s.calls), s.calls)
	}
}

// Without another token, or if the request cannot be sent again, the caller gets the 401.
func TestTransportReturnsThe401(t *testing.T) {
	t.Parallel()
	list := tokens(t, 2)
	both := func() idp.TokenSource { return idptest.Sequence(idptest.Always(list[0]), idptest.Always(list[1])) }
	for name, tt := range map[string]struct {
		src   idp.TokenSource
		once  bool // the body has no GetBody
		calls int
	}{
		"the same token":    {idptest.Always(list[0]), false, 1},
		"no other token":    {idptest.Sequence(idptest.Always(list[0]), idptest.Fails(errors.New("down"))), false, 1},
		"an empty token":    {idptest.Sequence(idptest.Always(list[0]), idptest.Always(nil)), false, 1},
		"a body to be read": {both(), true, 1},
		"a refused token":   {both(), false, 2},
	} {
		s := &service{}
		r := request(t, "https://a.example/", "body")
		if tt.once {
			r.GetBody = nil
		}
		wantAnswer(t, newTransport(t, tt.src, idp.TransportOptions{Base: s}), r, http.StatusUnauthorized, "who are you")
		if len(s.calls) != tt.calls {
			t.Errorf("%s: %d requests, want %d", name, len(s.calls), tt.calls)
		}
	}
	s := &service{}
	c := newTransport(t, idptest.Fails(errors.New("down")), idp.TransportOptions{Base: s})
	if _, err := c.Do(request(t, "https://a.example/", "")); err == nil || !strings.Contains(err.Error(), "down") || len(s.calls) != 0 {
		t.Errorf("Do without a token = %v, %d requests", err, len(s.calls))
	}
	c = newTransport(t, idptest.Always(nil), idp.TransportOptions{Base: s})
	if _, err := c.Do(request(t, "https://a.example/", "")); err == nil || len(s.calls) != 0 {
		t.Errorf("Do with an empty token = %v, %d requests", err, len(s.calls))
	}
}

// A service that refuses every token causes one request for a token in 30 seconds, not one for each of
// its answers.
func TestTransportPausesIfANewTokenIsRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := &invalidating{tokens: tokens(t, 100)}
		s := &service{}
		c := newTransport(t, src, idp.TransportOptions{Base: s})
		for range 60 {
			wantAnswer(t, c, request(t, "https://a.example/", ""), http.StatusUnauthorized, "who are you")
			time.Sleep(time.Second)
		}
		if n := src.next.Load(); n != 2 || len(s.calls) != 62 {
			t.Errorf("%d tokens were invalidated, %d requests; want 2 and 62 in a minute", n, len(s.calls))
		}
		s.accept = src.tokens[3]
		wantAnswer(t, c, request(t, "https://a.example/", ""), http.StatusOK, "welcome")
	})
}

// 100 requests with one dead token cause one refresh, and all succeed.
func TestTransportRefreshesOnceForManyRequests(t *testing.T) {
	t.Parallel()
	list := tokens(t, 2)
	api := &invalidating{tokens: list}
	src := idp.Cached(api, nil)
	if _, err := src.Token(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := &service{accept: list[1]}
	c := newTransport(t, src, idp.TransportOptions{Base: s})
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() { wantAnswer(t, c, request(t, "https://a.example/", "body"), http.StatusOK, "welcome") })
	}
	wg.Wait()
	if n := api.calls.Load(); n != 2 {
		t.Errorf("%d calls of the source, want 2", n)
	}
}

// Neither a Transport nor its errors show the token.
func TestTransportHasNoSecret(t *testing.T) {
	t.Parallel()
	tok := tokens(t, 1)[0]
	base := roundTrip(func(r *http.Request) (*http.Response, error) {
		return nil, fmt.Errorf("dump: %v: %w", r.Header, errors.New(r.Header.Get("Authorization")))
	})
	c := newTransport(t, idptest.Always(tok), idp.TransportOptions{Base: base})
	_, err := c.Do(request(t, "https://a.example/", ""))
	for e := err; e != nil; e = errors.Unwrap(e) {
		assertNoSecret(t, tok, "error", fmt.Sprintf("%v %+v %#v", e, e, e))
	}
	if err == nil {
		t.Error("no error")
	}
	assertNoSecret(t, tok, "Transport", fmt.Sprintf("%v %+v %#v", c.Transport, c.Transport, c.Transport))
}

func TestTransportClosesIdleConnections(t *testing.T) {
	t.Parallel()
	closed := false
	newTransport(t, idptest.Blocks(), idp.TransportOptions{Base: idle{&closed}}).CloseIdleConnections()
	newTransport(t, idptest.Blocks(), idp.TransportOptions{Base: &service{}}).CloseIdleConnections()
	if !closed {
		t.Error("the base transport was not called")
	}
}

type idle struct{ closed *bool }

func (idle) RoundTrip(*http.Request) (*http.Response, error) { return nil, errors.New("unused") }
func (i idle) CloseIdleConnections()                         { *i.closed = true }

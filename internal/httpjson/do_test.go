package httpjson_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/onafed/onafed/internal/httpjson"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// roundTrip is an in-memory transport.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// answer returns a response as a transport does.
func answer(r *http.Request, status int, body string, header ...string) *http.Response {
	h := http.Header{"Content-Type": {"application/json"}}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), ContentLength: -1, Request: r}
}

func TestDoReturnsEveryStatus(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 204, 300, 304, 400, 401, 404, 429, 500, 503} {
		client := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			return answer(r, status, "{}", "Etag", `"1"`), nil
		})}
		resp, err := httpjson.Do(t.Context(), httpjson.Request{Client: client, URL: "https://app.gitpod.io/x"})
		if err != nil {
			t.Errorf("status %d: %v", status, err)
			continue
		}
		if resp.StatusCode != status || resp.Header.Get("Etag") != `"1"` || string(resp.Body) != "{}" || resp.URL.Host != "app.gitpod.io" {
			t.Errorf("status %d: Do = %+v", status, resp)
		}
	}
}

func TestDoSends(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		req  httpjson.Request
		want string // method, accept, content type, if-none-match, body
	}{
		{"GET by default", httpjson.Request{}, "GET application/json   "},
		{"POST with a body", httpjson.Request{Body: []byte("{}")}, "POST application/json application/json  {}"},
		{"a conditional request", httpjson.Request{Header: http.Header{"If-None-Match": {`"1"`}}}, `GET application/json  "1" `},
		{"headers of the caller", httpjson.Request{Header: http.Header{"Accept": {"a/b"}, "Content-Type": {"c/d"}}, Body: []byte("x")}, "POST a/b c/d  x"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			before := tt.req.Header.Clone()
			var got string
			tt.req.URL = "https://app.gitpod.io/x"
			tt.req.Client = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				var body []byte
				if r.Body != nil {
					body, _ = io.ReadAll(r.Body)
				}
				got = fmt.Sprintf("%s %s %s %s %s", r.Method, r.Header.Get("Accept"), r.Header.Get("Content-Type"), r.Header.Get("If-None-Match"), body)
				return answer(r, 200, "{}"), nil
			})}
			if _, err := httpjson.Do(t.Context(), tt.req); err != nil {
				t.Fatal(err)
			}
			if got != tt.want {
				t.Errorf("Do sent %q, want %q", got, tt.want)
			}
			if len(before) != len(tt.req.Header) {
				t.Errorf("Do changed the header of the caller to %v", tt.req.Header)
			}
		})
	}
}

func TestDoLimitsBodies(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		size   int
		length int64
		limit  int64
		ok     bool
	}{
		{"a body of the limit is taken", 100, -1, 100, true},
		{"a byte more is refused", 101, -1, 100, false},
		{"an announced length over the limit is refused unread", 0, 101, 100, false},
		{"no limit means the default", httpjson.DefaultLimit, -1, 0, true},
		{"the default is a limit", httpjson.DefaultLimit + 1, -1, 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			body := &countingBody{Reader: strings.NewReader(strings.Repeat("a", tt.size))}
			client := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: body, ContentLength: tt.length, Request: r}, nil
			})}
			resp, err := httpjson.Do(t.Context(), httpjson.Request{Client: client, URL: "https://app.gitpod.io", Limit: tt.limit})
			if tt.ok {
				if err != nil || len(resp.Body) != tt.size {
					t.Errorf("Do = %v, %v, want a body of %d bytes", resp, err, tt.size)
				}
			} else if _, ok := errors.AsType[*httpjson.LimitError](err); !ok {
				t.Errorf("Do: %v, want a *LimitError", err)
			}
			if !body.closed {
				t.Error("the body was not closed")
			}
		})
	}
}

type countingBody struct {
	io.Reader
	closed bool
}

func (b *countingBody) Close() error {
	b.closed = true
	return nil
}

// The limit applies after decompression.
func TestDoLimitsWhatIsDecompressed(t *testing.T) {
	t.Parallel()
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	_, _ = z.Write(bytes.Repeat([]byte(" "), 1<<20))
	_ = z.Close()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(bomb.Bytes())
	}))
	defer server.Close()
	client := server.Client()
	defer client.CloseIdleConnections()
	_, err := httpjson.Do(t.Context(), httpjson.Request{Client: client, URL: server.URL, Limit: 1 << 16})
	if _, ok := errors.AsType[*httpjson.LimitError](err); !ok {
		t.Errorf("Do of %d bytes that become 1 MiB: %v, want a *LimitError", bomb.Len(), err)
	}
}

// A redirectTest is one redirect from an https URL.
type redirectTest struct {
	name     string
	method   string
	status   int
	from     string
	location string
	allow    func(*url.URL) bool
	reason   string // "" if the redirect is followed
}

func TestDoRedirects(t *testing.T) {
	t.Parallel()
	toOther := func(to *url.URL) bool { return to.Host == "other.example" || to.Host == "127.0.0.1:1" }
	for _, tt := range []redirectTest{
		{"308 to the same host is followed", "POST", 308, "https://a.example/x", "/y", nil, ""},
		{"307 to the same host is followed", "POST", 307, "https://a.example/x", "https://a.example/y", nil, ""},
		{"the default port is the same host", "POST", 307, "https://a.example/x", "https://A.example:443/y", nil, ""},
		{"301 of a GET is followed", "GET", 301, "https://a.example/x", "/y", nil, ""},
		{"302 of a GET is followed", "GET", 302, "https://a.example/x", "/y", nil, ""},
		{"a fragment is dropped", "GET", 302, "https://a.example/x", "/y#z", nil, ""},
		{"302 of a POST would lose the body", "POST", 302, "https://a.example/x", "/y", nil, "method"},
		{"303 of a POST would lose the body", "POST", 303, "https://a.example/x", "/y", nil, "method"},
		{"another host is refused", "POST", 308, "https://a.example/x", "https://b.example/x", nil, "another host"},
		{"another port is refused", "POST", 308, "https://a.example/x", "https://a.example:8443/x", nil, "another host"},
		{"a subdomain is another host", "POST", 308, "https://a.example/x", "https://x.a.example/x", nil, "another host"},
		{"another host without a scheme is refused", "POST", 308, "https://a.example/x", "//b.example/x", nil, "another host"},
		{"an allowed host is followed", "POST", 308, "https://a.example/x", "https://other.example/x", toOther, ""},
		{"a host not on the list is refused", "POST", 308, "https://a.example/x", "https://b.example/x", toOther, "allowed"},
		{"http is refused even to an allowed host", "POST", 308, "https://a.example/x", "http://other.example/x", toOther, "want https"},
		{"https to loopback http is refused", "POST", 308, "https://a.example/x", "http://127.0.0.1:1/x", toOther, "must be allowed explicitly"},
		{"user information is refused", "POST", 308, "https://a.example/x", "https://u:p@a.example/x", nil, "user information"},
		{"another scheme is refused", "GET", 302, "https://a.example/x", "file:///etc/passwd", nil, "no host"},
		{"no location is refused", "GET", 302, "https://a.example/x", "", nil, "no Location"},
		{"an invalid port is refused", "GET", 302, "https://a.example/x", "https://b.example:0/", nil, "port"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.check(t)
		})
	}
}

func (tt redirectTest) check(t *testing.T) {
	t.Helper()
	var asked []string
	client := &http.Client{
		Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			body := ""
			if r.Body != nil {
				b, _ := io.ReadAll(r.Body)
				body = string(b)
			}
			asked = append(asked, fmt.Sprintf("%s %s %s %s", r.Method, r.URL, r.Header.Get("Authorization"), body))
			if len(asked) == 1 {
				return answer(r, tt.status, "", "Location", tt.location), nil
			}
			return answer(r, 200, "{}"), nil
		}),
		CheckRedirect: func(*http.Request, []*http.Request) error { return errors.New("the client's rule was used") },
	}
	req := httpjson.Request{Client: client, URL: tt.from, Header: http.Header{"Authorization": {"Bearer s3cret"}}, AllowRedirect: tt.allow}
	if tt.method == "POST" {
		req.Body = []byte("{}")
	}
	resp, err := httpjson.Do(t.Context(), req)
	if tt.reason == "" {
		if err != nil {
			t.Fatal(err)
		}
		if len(asked) != 2 || !strings.HasSuffix(asked[1], " Bearer s3cret "+string(req.Body)) || !strings.HasPrefix(asked[1], tt.method) || strings.Contains(asked[1], "#") {
			t.Errorf("sent %q, want the whole request twice", asked)
		}
		if want := strings.Fields(asked[1])[1]; resp.URL.String() != want {
			t.Errorf("Response.URL = %s, want %s", resp.URL, want)
		}
		return
	}
	if len(asked) != 1 {
		t.Errorf("sent %q, want one request", asked)
	}
	re, ok := errors.AsType[*httpjson.RedirectError](err)
	if !ok || re.StatusCode != tt.status || re.From != "a.example" || re.To != tt.location || !strings.Contains(re.Reason, tt.reason) {
		t.Errorf("Do: %v, want a *RedirectError with %q", err, tt.reason)
	}
}

// InsecureLoopbackHTTP allows a redirect from http to http, but not from https to http.
func TestDoStaysWithTLS(t *testing.T) {
	t.Parallel()
	for from, refused := range map[string]bool{"https://a.example/x": true, "https://127.0.0.1:1/x": true, "http://127.0.0.1:2/x": false} {
		requests := 0
		client := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			requests++
			if requests == 1 {
				return answer(r, 308, "", "Location", "http://127.0.0.1:1/y"), nil
			}
			return answer(r, 200, "{}"), nil
		})}
		_, err := httpjson.Do(t.Context(), httpjson.Request{
			Client: client, URL: from, InsecureLoopbackHTTP: true, AllowRedirect: func(*url.URL) bool { return true },
		})
		re, ok := errors.AsType[*httpjson.RedirectError](err)
		switch {
		case !refused && (err != nil || requests != 2):
			t.Errorf("Do of %s after %d requests: %v, want two", from, requests, err)
		case refused && (!ok || re.Reason != "from https to http" || requests != 1):
			t.Errorf("Do of %s after %d requests: %v, want a *RedirectError after one", from, requests, err)
		}
	}
}

// net/http parses Location before it calls CheckRedirect, so an invalid one is its error.
func TestDoRubbishLocation(t *testing.T) {
	t.Parallel()
	client := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		return answer(r, 302, "", "Location", "https://[\x1b"), nil
	})}
	resp, err := httpjson.Do(t.Context(), httpjson.Request{Client: client, URL: "https://a.example"})
	if err == nil || strings.Contains(err.Error(), "\x1b") {
		t.Errorf("Do = %v, %q, want a printable error", resp, err)
	}
}

func TestDoStopsCircles(t *testing.T) {
	t.Parallel()
	requests := 0
	client := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		requests++
		return answer(r, 307, "", "Location", "/"), nil
	})}
	_, err := httpjson.Do(t.Context(), httpjson.Request{Client: client, URL: "https://a.example"})
	if _, ok := errors.AsType[*httpjson.RedirectError](err); !ok || requests != 6 {
		t.Errorf("Do after %d requests: %v, want a *RedirectError after 6", requests, err)
	}
}

func TestDoInsecureLoopback(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "{}") }))
	defer server.Close()
	client := server.Client()
	defer client.CloseIdleConnections()
	if _, err := httpjson.Do(t.Context(), httpjson.Request{Client: client, URL: server.URL}); err == nil {
		t.Error("Do of http succeeds without InsecureLoopbackHTTP")
	}
	if _, err := httpjson.Do(t.Context(), httpjson.Request{Client: client, URL: server.URL, InsecureLoopbackHTTP: true}); err != nil {
		t.Errorf("Do with InsecureLoopbackHTTP: %v", err)
	}
}

func TestDoTimes(t *testing.T) {
	t.Parallel()
	hang := roundTrip(func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, errors.New("the connection was closed")
	})
	slowBody := roundTrip(func(r *http.Request) (*http.Response, error) {
		resp := answer(r, 200, "")
		resp.Body = io.NopCloser(readerFunc(func([]byte) (int, error) {
			<-r.Context().Done()
			return 0, r.Context().Err()
		}))
		return resp, nil
	})
	tests := []struct {
		name      string
		transport http.RoundTripper
		timeout   time.Duration
		deadline  time.Duration
		want      time.Duration
	}{
		{"a server that never answers", hang, time.Second, 0, time.Second},
		{"a body that never ends", slowBody, time.Second, 0, time.Second},
		{"the default", hang, 0, 0, httpjson.DefaultTimeout},
		{"the caller's deadline comes first", hang, time.Minute, time.Second, time.Second},
		{"only the caller's deadline", hang, -1, time.Hour, time.Hour},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx := t.Context()
				if tt.deadline > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, tt.deadline)
					defer cancel()
				}
				start := time.Now()
				_, err := httpjson.Do(ctx, httpjson.Request{Client: &http.Client{Transport: tt.transport}, URL: "https://a.example", Timeout: tt.timeout})
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("Do: %v, want DeadlineExceeded", err)
				}
				if got := time.Since(start); got != tt.want {
					t.Errorf("Do returned after %s, want %s", got, tt.want)
				}
			})
		})
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// The error of a transport is escaped and cut. It contains neither the path of the URL nor headers.
func TestTransportErrorText(t *testing.T) {
	t.Parallel()
	cause := errors.New("bad\n\x1b[31m" + strings.Repeat("x", 1000))
	client := &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) { return nil, cause })}
	_, err := httpjson.Do(t.Context(), httpjson.Request{Client: client, URL: "https://a.example/path", Header: http.Header{"Authorization": {"Bearer s3cret"}}})
	te, ok := errors.AsType[*httpjson.TransportError](err)
	if !ok || !errors.Is(err, cause) || !te.Temporary() || te.Host != "a.example" {
		t.Fatalf("Do: %#v, want a temporary *TransportError of a.example with the cause", err)
	}
	text := err.Error()
	if len(text) > 400 || strings.ContainsAny(text, "\n\x1b") || strings.Contains(text, "/path") || strings.Contains(text, "s3cret") {
		t.Errorf("the error reads %q", text)
	}
}

// Some transports put the whole request into their errors.
func TestTransportErrorHasNoCredential(t *testing.T) {
	t.Parallel()
	for name, cause := range map[string]error{"": nil, " and a timeout": context.DeadlineExceeded, " and a cancellation": context.Canceled} {
		t.Run("a dump"+name, func(t *testing.T) {
			t.Parallel()
			client := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				return nil, errors.Join(fmt.Errorf("failed: %v", r.Header), cause)
			})}
			_, err := httpjson.Do(t.Context(), httpjson.Request{Client: client, URL: "https://a.example", Header: http.Header{"Authorization": {"Bearer s3cret"}}})
			if _, ok := errors.AsType[*httpjson.TransportError](err); !ok || cause != nil && !errors.Is(err, cause) || !strings.Contains(err.Error(), "[redacted]") {
				t.Errorf("Do: %v, want a *TransportError without the credential", err)
			}
			for e := err; e != nil; e = errors.Unwrap(e) {
				if strings.Contains(fmt.Sprintf("%v %+v %#v", e, e, e), "s3cret") {
					t.Errorf("the %T has the credential: %v", e, e)
				}
			}
		})
	}
}

// A credential that the server repeats in Location, or a transport in its error, appears in no error.
func TestErrorsHaveNoCredential(t *testing.T) {
	t.Parallel()
	const credential = "s3cret+/=.~x"
	for name, echo := range map[string]string{
		"as it is":       credential,
		"query":          url.QueryEscape(credential),
		"lower case":     strings.ToLower(url.QueryEscape(credential)),
		"path":           url.PathEscape(credential),
		"twice":          url.QueryEscape(url.QueryEscape(credential)),
		"base64":         base64.StdEncoding.EncodeToString([]byte("Bearer " + credential)),
		"base64 in URLs": url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(credential))),
		"hexadecimal":    hex.EncodeToString([]byte(credential)),
		"JSON in a URL":  url.QueryEscape(`{"t":"s3cret\u002b\/=.~x"}`),
	} {
		for _, client := range []*http.Client{
			{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				return answer(r, 307, "", "Location", "https://b.example/?t="+echo), nil
			})},
			{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
				return nil, fmt.Errorf("b.example: %w", errors.New("request "+echo+" failed"))
			})},
			{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
				return nil, quietError{"b.example: request failed", errors.New(echo)}
			})},
		} {
			_, err := httpjson.Do(t.Context(), httpjson.Request{Client: client, URL: "https://a.example", Header: http.Header{"Authorization": {"Bearer " + credential}}})
			if err == nil || !strings.Contains(err.Error(), "b.example") {
				t.Fatalf("%s: Do: %v, want an error about b.example", name, err)
			}
			for e := err; e != nil; e = errors.Unwrap(e) {
				if text := fmt.Sprintf("%v %+v %#v", e, e, e); strings.Contains(text, echo) || strings.Contains(text, "s3cret") {
					t.Errorf("%s: Do: %s", name, text)
				}
			}
		}
	}
}

// A quietError does not show the error in it.
type quietError struct {
	text string
	err  error
}

func (e quietError) Error() string { return e.text }
func (e quietError) Unwrap() error { return e.err }

func TestDoCanceled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	client := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		cancel()
		return nil, errors.New("closed")
	})}
	_, err := httpjson.Do(ctx, httpjson.Request{Client: client, URL: "https://a.example"})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Do: %v, want context.Canceled", err)
	}
}

// Do reads answers to their end, also errors, so that many answers with 503 do not cost many TLS
// handshakes.
func TestDoKeepsConnections(t *testing.T) {
	t.Parallel()
	var conns atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprint(w, strings.Repeat("x", 5000))
	}))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			conns.Add(1)
		}
	}
	server.StartTLS()
	defer server.Close()
	client := server.Client()
	defer client.CloseIdleConnections()
	for range 50 {
		if _, err := httpjson.Do(t.Context(), httpjson.Request{Client: client, URL: server.URL}); err != nil {
			t.Fatal(err)
		}
	}
	if n := conns.Load(); n != 1 {
		t.Errorf("50 sequential requests opened %d connections, want 1", n)
	}
}

func TestIsJSON(t *testing.T) {
	t.Parallel()
	for contentType, want := range map[string]bool{
		"application/json":                true,
		"application/json; charset=utf-8": true,
		"Application/JSON":                true,
		"application/jwk-set+json":        true,
		"application/problem+json":        true,
		"text/html":                       false,
		"text/html+json":                  false,
		"application/jsonp":               false,
		"":                                false,
		"application/json; =":             false,
	} {
		r := &httpjson.Response{Header: http.Header{"Content-Type": {contentType}}}
		if got := r.IsJSON(); got != want {
			t.Errorf("IsJSON of %q = %t, want %t", contentType, got, want)
		}
	}
}

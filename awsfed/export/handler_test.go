package export_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"

	"github.com/onafed/onafed/awsfed/export"
)

const handlerToken = "0123456789abcdefTOKEN"

func newHandler(t *testing.T, src export.CredentialsSource, opts *export.HandlerOptions) *export.Handler {
	t.Helper()
	h, err := export.NewHandler(src, handlerToken, opts)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// request returns a request that the handler accepts, as it arrives on 127.0.0.1:9911.
func request(ctx context.Context) *http.Request {
	local := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 9911}
	r := httptest.NewRequestWithContext(context.WithValue(ctx, http.LocalAddrContextKey, local), http.MethodGet, "/credentials", nil)
	r.Host, r.RemoteAddr = "127.0.0.1:9911", "127.0.0.1:40000"
	r.Header.Set("Authorization", handlerToken)
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", "aws-sdk")
	return r
}

func answer(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestHandlerAnswers(t *testing.T) {
	t.Parallel()
	c := credentials(1)
	c.Expires = time.Date(2126, 1, 2, 3, 4, 5, 0, time.UTC)
	h := newHandler(t, always(c), &export.HandlerOptions{RoleARN: "arn:aws:iam::123456789012:role/r"})
	w := answer(h, request(t.Context()))
	want := `{"AccessKeyId":"` + c.AccessKeyID + `","SecretAccessKey":"` + c.SecretAccessKey + `","Token":"` + c.SessionToken +
		`","Expiration":"2126-01-02T03:04:05Z","AccountId":"123456789012","RoleArn":"arn:aws:iam::123456789012:role/r"}`
	if w.Code != http.StatusOK || w.Body.String() != want {
		t.Errorf("%d %s, want %s", w.Code, w.Body, want)
	}
	if ct := w.Header().Get("Content-Type"); ct != "application/json" {
		t.Errorf("Content-Type %q", ct)
	}
	if cc := w.Header().Get("Cache-Control"); cc != "no-store" {
		t.Errorf("Cache-Control %q", cc)
	}
}

// Every request that does not come from an SDK on this machine is refused without a reason.
func TestHandlerRejects(t *testing.T) {
	t.Parallel()
	for _, tt := range requests() {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			h := newHandler(t, always(credentials(1)), &export.HandlerOptions{Logger: slog.New(slog.NewTextHandler(&log, nil))})
			r := request(t.Context())
			w := answer(h, tt.change(r))
			if w.Code != tt.status {
				t.Fatalf("status %d, want %d: %s", w.Code, tt.status, w.Body)
			}
			if tt.status == 200 {
				return
			}
			if allow := w.Header().Get("Allow"); (allow == "GET") != (tt.status == 405) {
				t.Errorf("Allow is %q", allow)
			}
			if strings.Contains(w.Body.String(), credentials(1).AccessKeyID) || strings.Contains(log.String(), handlerToken) {
				t.Errorf("the answer or the log shows a secret: %s, %s", w.Body, &log)
			}
			var body struct{ Code, Message string }
			if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || body.Code == "" || w.Header().Get("Content-Type") != "application/json" {
				t.Errorf("the error is not in the JSON form that SDKs read: %s %q", w.Body, w.Header().Get("Content-Type"))
			}
			if log.Len() == 0 {
				t.Error("the refusal is not in the log")
			}
		})
	}
}

// A changedRequest changes one property of an accepted request.
type changedRequest struct {
	rule   string
	change func(*http.Request) *http.Request
	status int
}

func requests() []changedRequest {
	local := func(ip string, port int) func(*http.Request) *http.Request {
		return func(r *http.Request) *http.Request {
			return r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, &net.TCPAddr{IP: net.ParseIP(ip), Port: port}))
		}
	}
	header := func(name string, values ...string) func(*http.Request) *http.Request {
		return func(r *http.Request) *http.Request { r.Header[name] = values; return r }
	}
	host := func(h string) func(*http.Request) *http.Request {
		return func(r *http.Request) *http.Request { r.Host = h; return r }
	}
	return []changedRequest{
		{"nothing wrong", func(r *http.Request) *http.Request { return r }, 200},
		{"localhost", host("LocalHost:9911"), 200},
		{"IPv6 loopback", host("[::1]:9911"), 200},
		{"port 80 omitted", func(r *http.Request) *http.Request { r.Host = "127.0.0.1"; return local("127.0.0.1", 80)(r) }, 200},
		{"no token", header("Authorization"), 401},
		{"empty token", header("Authorization", ""), 401},
		{"wrong token", header("Authorization", "0123456789abcdefTOKEM"), 401},
		{"longer token", header("Authorization", handlerToken+"x"), 401},
		{"shorter token", header("Authorization", handlerToken[1:]), 401},
		{"token with a scheme", header("Authorization", "Bearer "+handlerToken), 401},
		{"two tokens", header("Authorization", handlerToken, handlerToken), 401},
		{"DNS rebinding", host("evil.example:9911"), 403},
		{"a name that begins like loopback", host("127.0.0.1.evil.example:9911"), 403},
		{"a name that ends in localhost", host("x.localhost:9911"), 403},
		{"other port", host("127.0.0.1:80"), 403},
		{"no port", host("127.0.0.1"), 403},
		{"no host", host(""), 403},
		{"address of the network", host("10.0.0.1:9911"), 403},
		{"all addresses", host("0.0.0.0:9911"), 403},
		{"local address not loopback", local("10.0.0.1", 9911), 403},
		{"local address unknown", func(r *http.Request) *http.Request {
			return r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, nil))
		}, 403},
		{"remote address not loopback", func(r *http.Request) *http.Request { r.RemoteAddr = "10.0.0.1:1"; return r }, 403},
		{"remote address unknown", func(r *http.Request) *http.Request { r.RemoteAddr = "@"; return r }, 403},
		{"Origin", header("Origin", "http://127.0.0.1:9911"), 403},
		{"empty Origin", header("Origin", ""), 403},
		{"Referer", header("Referer", "x"), 403},
		{"Sec-Fetch-Site", header("Sec-Fetch-Site", "same-origin"), 403},
		{"X-Forwarded-For", header("X-Forwarded-For", "127.0.0.1"), 403},
		{"X-Forwarded-Host", header("X-Forwarded-Host", "x"), 403},
		{"Forwarded", header("Forwarded", "for=127.0.0.1"), 403},
		{"Via", header("Via", "1.1 proxy"), 403},
		{"POST", func(r *http.Request) *http.Request { r.Method = "POST"; return r }, 405},
		{"HEAD", func(r *http.Request) *http.Request { r.Method = "HEAD"; return r }, 405},
		{"OPTIONS", func(r *http.Request) *http.Request { r.Method = "OPTIONS"; return r }, 405},
	}
}

func TestNewHandlerRefuses(t *testing.T) {
	t.Parallel()
	for _, token := range []string{"", "short", "\n0123456789abcdef", "0123456789abcdef\n", "0123456789 abcdef", "0123456789abcdefé", "0123456789abcde\x7f"} {
		if _, err := export.NewHandler(always(credentials(1)), token, nil); err == nil || token != "" && strings.Contains(err.Error(), token) {
			t.Errorf("token %q: %v", token, err)
		}
	}
	if _, err := export.NewHandler(always(credentials(1)), "0123456789abcdef", nil); err != nil {
		t.Errorf("a token of 16 characters: %v", err)
	}
	if _, err := export.NewHandler(nil, handlerToken, nil); err == nil {
		t.Error("a nil source was accepted")
	}
	if a, b := export.NewHandlerToken(), export.NewHandlerToken(); a == b || len(a) < 26 {
		t.Errorf("tokens %q and %q", a, b)
	}
}

// The Go SDK's client gets its credentials from Serve, and Serve ends with ctx.
func TestHandlerServe(t *testing.T) {
	t.Parallel()
	h := newHandler(t, always(credentials(1)), nil)
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- h.Serve(ctx, l) }()

	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	sdk := endpointcreds.New("http://"+l.Addr().String()+"/credentials", func(o *endpointcreds.Options) {
		o.HTTPClient, o.AuthorizationToken = client, handlerToken
	})
	got, err := sdk.Retrieve(t.Context())
	if err != nil || got.SessionToken != credentials(1).SessionToken || got.AccountID != "123456789012" || !got.CanExpire {
		t.Errorf("the SDK gets %v, %v", got.CanExpire, err)
	}
	sdk = endpointcreds.New("http://"+l.Addr().String(), func(o *endpointcreds.Options) {
		o.HTTPClient, o.AuthorizationToken = client, "wrong"
	})
	if _, err := sdk.Retrieve(t.Context()); err == nil || !strings.Contains(err.Error(), "AccessDenied") {
		t.Errorf("with a wrong token: %v", err)
	}
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	// net/http answers this itself unless DisableGeneralOptionsHandler is set.
	if _, err := io.WriteString(conn, "OPTIONS * HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(conn).ReadString('\n'); !strings.Contains(line, " 403 ") {
		t.Errorf("the answer to OPTIONS * is %q, %v", line, err)
	}
	cancel()
	if err := <-served; err != nil {
		t.Errorf("Serve = %v", err)
	}

	everywhere, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Serve(t.Context(), everywhere); err == nil {
		t.Error("a listener for all addresses was accepted")
	}
}

// A pipeListener accepts one connection in memory, as from this machine.
type pipeListener struct {
	conns  chan net.Conn
	closed context.Context
	close  context.CancelFunc
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed.Done():
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error { l.close(); return nil }

func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 9911} }

// A pipeConn is one side of a connection in memory with addresses of this machine.
type pipeConn struct{ net.Conn }

func (pipeConn) LocalAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 9911} }

func (pipeConn) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 40000} }

// serveOne runs Serve with one connection. The results are the client's side of it, the function that
// ends Serve, and its result.
func serveOne(t *testing.T, src export.CredentialsSource) (client net.Conn, end context.CancelFunc, served <-chan error) {
	t.Helper()
	client, server := net.Pipe()
	l := &pipeListener{conns: make(chan net.Conn, 1)}
	l.closed, l.close = context.WithCancel(context.Background())
	l.conns <- pipeConn{server}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- newHandler(t, src, nil).Serve(ctx, l) }()
	return client, cancel, done
}

const rawRequest = "GET / HTTP/1.1\r\nHost: 127.0.0.1:9911\r\nAuthorization: " + handlerToken + "\r\n\r\n"

// A client that sends its request too slowly, or nothing, loses its connection.
func TestServeLimitsTheTimeOfARequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, end, served := serveOne(t, always(credentials(1)))
		begin := time.Now()
		if _, err := io.WriteString(client, rawRequest[:20]); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(client); err != nil || time.Since(begin) != 5*time.Second {
			t.Errorf("the connection of a slow client ended with %v after %v, want 5s", err, time.Since(begin))
		}
		end()
		if err := <-served; err != nil {
			t.Errorf("Serve = %v", err)
		}
	})
}

// A request that is running when ctx ends gets its answer. A connection that stays open for two more
// seconds is closed.
func TestServeEndsGracefully(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, end, served := serveOne(t, export.CredentialsSourceFunc(func(context.Context) (aws.Credentials, error) {
			time.Sleep(500 * time.Millisecond)
			return credentials(1), nil
		}))
		if _, err := io.WriteString(client, rawRequest); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		end()
		if answer, err := io.ReadAll(client); err != nil || !strings.Contains(string(answer), credentials(1).AccessKeyID) {
			t.Errorf("a running request got %q, %v, want credentials", answer, err)
		}
		if err := <-served; err != nil {
			t.Errorf("Serve = %v", err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		client, end, served := serveOne(t, always(credentials(1)))
		if _, err := io.WriteString(client, rawRequest[:20]); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		end()
		begin := time.Now()
		if err := <-served; err != nil || time.Since(begin) != 2*time.Second {
			t.Errorf("Serve = %v after %v, want nil after 2s", err, time.Since(begin))
		}
		if _, err := client.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("the connection is still open: %v", err)
		}
	})
}

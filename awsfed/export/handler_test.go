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
	"sync"
	"sync/atomic"
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

// request is one that the handler answers, as it arrives on 127.0.0.1:9911.
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

// Everything that is not an SDK of this machine is refused, and told nothing.
func TestHandlerRefuses(t *testing.T) {
	t.Parallel()
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
	tests := []struct {
		rule   string
		change func(*http.Request) *http.Request
		status int
	}{
		{"nothing wrong", func(r *http.Request) *http.Request { return r }, 200},
		{"localhost", host("LocalHost:9911"), 200},
		{"IPv6 loopback", host("[::1]:9911"), 200},
		{"port 80 left out", func(r *http.Request) *http.Request { r.Host = "127.0.0.1"; return local("127.0.0.1", 80)(r) }, 200},
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
		{"address of a network", host("10.0.0.1:9911"), 403},
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
	for _, tt := range tests {
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
			if strings.Contains(w.Body.String(), credentials(1).AccessKeyID) || strings.Contains(log.String(), handlerToken) {
				t.Errorf("told too much: %s, %s", w.Body, &log)
			}
			var body struct{ Code, Message string }
			if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || body.Code == "" || w.Header().Get("Content-Type") != "application/json" {
				t.Errorf("the error is not JSON as SDKs read it: %s %q", w.Body, w.Header().Get("Content-Type"))
			}
			if log.Len() == 0 {
				t.Error("the refusal is not in the log")
			}
		})
	}
}

func TestNewHandlerRefuses(t *testing.T) {
	t.Parallel()
	for _, token := range []string{"", "short", "0123456789abcdef\n", "0123456789 abcdef", "0123456789abcdefé"} {
		if _, err := export.NewHandler(always(credentials(1)), token, nil); err == nil || token != "" && strings.Contains(err.Error(), token) {
			t.Errorf("token %q: %v", token, err)
		}
	}
	if _, err := export.NewHandler(nil, handlerToken, nil); err == nil {
		t.Error("a nil source was accepted")
	}
	if a, b := export.NewHandlerToken(), export.NewHandlerToken(); a == b || len(a) < 26 {
		t.Errorf("tokens %q and %q", a, b)
	}
}

type finalError struct{ error }

func (finalError) Retryable() bool { return false }

// While the source fails or hangs, what it gave last is handed out until it
// expires; after that the answer is 503 in time.
func TestHandlerThroughOutage(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"fails", "hangs", "panics"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var down atomic.Bool
				c := credentials(1)
				c.Expires = time.Now().Add(10 * time.Minute)
				h := newHandler(t, export.CredentialsSourceFunc(func(ctx context.Context) (aws.Credentials, error) {
					switch {
					case !down.Load():
						return c, nil
					case kind == "panics":
						panic("s3cr3t")
					case kind == "hangs":
						<-ctx.Done()
						return aws.Credentials{}, ctx.Err()
					}
					return aws.Credentials{}, errors.New("STS is down")
				}), nil)
				const inTime = 900 * time.Millisecond // the SDK for JavaScript gives up after a second
				ask := func(status int, atMost time.Duration) {
					t.Helper()
					began := time.Now()
					w := answer(h, request(t.Context()))
					if w.Code != status || time.Since(began) > atMost {
						t.Errorf("status %d after %v, want %d within %v: %s", w.Code, time.Since(began), status, atMost, w.Body)
					}
					if strings.Contains(w.Body.String(), "s3cr3t") {
						t.Errorf("the panic's text is told: %s", w.Body)
					}
				}
				ask(200, 0)
				down.Store(true)
				for range 5 {
					time.Sleep(time.Minute)
					ask(200, inTime)
				}
				time.Sleep(10 * time.Minute)
				ask(503, inTime)
				ask(503, 0) // known to be down: at once
				down.Store(false)
				time.Sleep(2 * time.Minute)
				c.Expires = time.Now().Add(time.Hour)
				ask(200, 0)
			})
		})
	}
}

// A refusal that trying again cannot mend is 403, so that SDKs do not retry.
func TestHandlerFinalError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		err := error(nil)
		h := newHandler(t, export.CredentialsSourceFunc(func(context.Context) (aws.Credentials, error) { return credentials(1), err }), nil)
		if w := answer(h, request(t.Context())); w.Code != http.StatusOK {
			t.Fatalf("status %d", w.Code)
		}
		err = finalError{errors.New("not authorized")}
		w := answer(h, request(t.Context()))
		if w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "not authorized") {
			t.Errorf("status %d: %s", w.Code, w.Body)
		}
		err = errors.New("down")
		time.Sleep(2 * time.Second)
		if w := answer(h, request(t.Context())); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
			t.Errorf("status %d: %s", w.Code, w.Body)
		}
	})
}

// Many requests are one question to the source.
func TestHandlerAsksOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		h := newHandler(t, export.CredentialsSourceFunc(func(context.Context) (aws.Credentials, error) {
			calls.Add(1)
			time.Sleep(500 * time.Millisecond)
			return credentials(1), nil
		}), nil)
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				if w := answer(h, request(t.Context())); w.Code != http.StatusOK {
					t.Errorf("status %d", w.Code)
				}
			})
		}
		wg.Wait()
		if n := calls.Load(); n != 1 {
			t.Errorf("%d questions, want 1", n)
		}
	})
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
	// net/http answers this one by itself unless told not to.
	if _, err := io.WriteString(conn, "OPTIONS * HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(conn).ReadString('\n'); !strings.Contains(line, " 403 ") {
		t.Errorf("OPTIONS * is answered %q, %v", line, err)
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

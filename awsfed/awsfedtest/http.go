package awsfedtest

import (
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/onafed/onafed/internal/fakehttp"
)

// notLoopback is told to those who come over a network.
const notLoopback = "awsfedtest: a test double answers on loopback only"

// ServeHTTP speaks the query protocol of STS. A connection to an address that is not loopback is refused: whoever trusts what a
// test double says must be on the same machine.
func (s *STS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !onLoopback(r) {
		http.Error(w, notLoopback, http.StatusForbidden)
		return
	}
	// One byte more than is allowed tells "too large" from "just fits".
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		fakehttp.Reset(w) // the body is malformed or incomplete
		return
	}
	resp, err := s.serve(r.Context(), request{method: r.Method, host: r.Host, url: r.URL, header: r.Header, body: body})
	if err != nil {
		fakehttp.Reset(w)
		return
	}
	resp.SendTo(w, r)
}

// onLoopback reports whether the request came in on a loopback address, or over no TCP connection at all.
func onLoopback(r *http.Request) bool {
	addr, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	return !ok || addr.IP.IsLoopback()
}

// Start serves s on a port of 127.0.0.1 and returns its URL, which an AWS client takes as its endpoint (AWS_ENDPOINT_URL_STS,
// BaseEndpoint). When the test ends, connections are closed, also those of calls that hang.
func Start(tb testing.TB, s *STS) (url string) {
	tb.Helper()
	ln, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("awsfedtest: %v", err)
	}
	var serving sync.RWMutex // read-locked by each handler
	server := &http.Server{
		ReadHeaderTimeout: 10 * time.Second,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			serving.RLock()
			defer serving.RUnlock()
			s.ServeHTTP(w, r)
		}),
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(ln) }()
	tb.Cleanup(func() {
		_ = server.Close()
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			tb.Errorf("awsfedtest: %v", err)
		}
		serving.Lock() // comes when the last handler has gone
		defer serving.Unlock()
	})
	return "http://" + ln.Addr().String()
}

// HTTPClient returns a client whose every request, whatever its URL, is answered by s in memory. It opens no connection and starts
// no goroutine, so it works in a testing/synctest bubble, and it honours the context of a request. Give it to an AWS client or to
// awsfed.LoadConfig in place of the network.
func (s *STS) HTTPClient() *http.Client {
	return &http.Client{Transport: memory{s}}
}

// Client returns an AWS client of STS whose calls are answered in memory. It signs with creds, which may be nil for calls that need
// no signature. All else is the SDK's own: requests, answers, errors, retries.
func (s *STS) Client(creds aws.CredentialsProvider, optFns ...func(*sts.Options)) *sts.Client {
	return sts.New(sts.Options{
		Region:      "us-east-1",
		HTTPClient:  s.HTTPClient(),
		Credentials: creds,
	}, optFns...)
}

// memory is the transport of HTTPClient.
type memory struct{ sts *STS }

// RoundTrip hands the request to the STS.
func (m memory) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		defer r.Body.Close()
		var err error
		if body, err = io.ReadAll(io.LimitReader(r.Body, maxBody+1)); err != nil {
			return nil, err
		}
	}
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	resp, err := m.sts.serve(r.Context(), request{method: r.Method, host: host, url: r.URL, header: r.Header, body: body})
	if err != nil {
		return nil, err
	}
	return resp.HTTP(r), nil
}

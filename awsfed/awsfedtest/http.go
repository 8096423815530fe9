package awsfedtest

import (
	"cmp"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/onafed/onafed/internal/fakehttp"
	"github.com/onafed/onafed/internal/loopback"
)

// ServeHTTP responds as STS, or as a service that was added by [STS.Handle]. It refuses connections
// that are not on a loopback address, so that no other machine relies on an STS for tests.
func (s *STS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !onLoopback(r) {
		http.Error(w, "awsfedtest: the STS for tests works on loopback only", http.StatusForbidden)
		return
	}
	resp, err := s.dispatch(r)
	if err != nil {
		fakehttp.Reset(w) // no response, or the body is malformed or incomplete
		return
	}
	resp.SendTo(w, r)
}

// dispatch responds to a request to any service. An error means that there is no response.
func (s *STS) dispatch(r *http.Request) (*fakehttp.Response, error) {
	req := request{Request: r.WithContext(r.Context())} // a copy
	req.Host = cmp.Or(r.Host, r.URL.Host)
	if r.Body != nil {
		var err error
		// One byte more than the limit shows that the body is too large.
		if req.body, err = io.ReadAll(io.LimitReader(r.Body, maxServiceBody+1)); err != nil {
			return nil, err
		}
	}
	service := s.serviceOf(req)
	if service == stsName {
		return s.serve(r.Context(), req)
	}
	return s.serveService(req, service)
}

// onLoopback reports whether a request came on a loopback address, or without a TCP connection.
func onLoopback(r *http.Request) bool {
	addr, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	return !ok || loopback.IsAddr(addr)
}

// Start serves s on a loopback port and returns its URL, for AWS_ENDPOINT_URL_STS or the BaseEndpoint
// of a client. It closes all connections at the end of the test, also those of calls that hang.
func Start(tb testing.TB, s *STS) (url string) {
	tb.Helper()
	server := httptest.NewServer(s)
	tb.Cleanup(func() {
		server.CloseClientConnections() // Close waits for calls, and a fault may make them hang
		server.Close()
	})
	return server.URL
}

// HTTPClient returns an HTTP client that sends all requests to s, whatever their URL: to STS, or to
// the services that were added by [STS.Handle]. It opens no connection and starts no goroutine, so
// it works in a testing/synctest bubble. A request to STS ends with its context.
func (s *STS) HTTPClient() *http.Client {
	return &http.Client{Transport: memory{s}}
}

// Client returns the STS client of the SDK, with s as its server. It signs with creds, which may be
// nil for calls without a signature.
func (s *STS) Client(creds aws.CredentialsProvider, optFns ...func(*sts.Options)) *sts.Client {
	return sts.New(sts.Options{
		Region:      "us-east-1",
		HTTPClient:  s.HTTPClient(),
		Credentials: creds,
	}, optFns...)
}

// memory is the transport of STS.HTTPClient.
type memory struct{ sts *STS }

// RoundTrip implements http.RoundTripper.
func (m memory) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	resp, err := m.sts.dispatch(r)
	if err != nil {
		return nil, err
	}
	return resp.HTTP(r), nil
}

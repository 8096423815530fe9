package issuer_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onafed/onafed/idp/idptest"
	"github.com/onafed/onafed/idp/issuer"
)

func TestOutage(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]idptest.Fault{
		"down":          {Err: errors.New("connection refused")},
		"hangs":         {Hang: true},
		"503":           {Status: 503},
		"429":           {Status: 429},
		"404":           {Status: 404},
		"HTML":          {Body: []byte("<html>"), Header: http.Header{"Content-Type": {"text/html"}}},
		"truncated":     {Truncate: true},
		"empty":         {Body: []byte{}},
		"null":          {Body: []byte("null")},
		"an array":      {Body: []byte("[]")},
		"keys null":     {Body: []byte(`{"keys":null}`)},
		"no keys":       {Body: []byte(`{}`)},
		"two members":   {Body: []byte(`{"keys":[],"keys":[]}`)},
		"Keys":          {Body: []byte(`{"Keys":[]}`)},
		"two documents": {Body: []byte(`{"keys":[]}{"keys":[]}`)},
		"2 MiB":         {Body: []byte(`{"keys":[],"x":"` + strings.Repeat("x", 2<<20) + `"}`)},
		"deep":          {Body: []byte(`{"keys":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`)},
		"not UTF-8":     {Body: []byte("{\"keys\":[],\"\xff\":1}")},
		"redirect":      {Status: 302, Header: http.Header{"Location": {"https://evil.example/jwks.json"}}},
		"101 RSA keys":  {Body: []byte(`{"keys":[` + strings.TrimSuffix(strings.Repeat(`{"kty":"RSA"},`, 101), ",") + `]}`)},
		"101 EC keys":   {Body: []byte(`{"keys":[` + strings.TrimSuffix(strings.Repeat(`{"kty":"EC"},`, 101), ",") + `]}`)},
		"5,000 keys":    {Body: []byte(`{"keys":[` + strings.TrimSuffix(strings.Repeat(`{},`, 5000), ",") + `]}`)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				iss, keys := remote(t, issuer.RemoteKeySetOptions{MaxStale: time.Hour})
				wantKey(t, keys, "k0")
				fetched := time.Now()
				iss.Inject(fault)
				for time.Since(fetched) < time.Hour-4*time.Minute {
					before := time.Now()
					wantKey(t, keys, "k0")
					if d := time.Since(before); d != 0 {
						t.Fatalf("a known key waited %v, %v into the outage", d, before.Sub(fetched))
					}
					time.Sleep(4 * time.Minute)
				}
				time.Sleep(4*time.Minute + time.Second)
				_, err := keys.Keys(t.Context(), "k0")
				stale, ok := errors.AsType[*issuer.StaleKeysError](err)
				if !ok || !stale.Fetched.Equal(fetched.Round(0)) || !stale.Temporary() {
					t.Fatalf("after MaxStale: %v, want a *StaleKeysError of %v", err, fetched)
				}
				iss.ClearFaults()
				time.Sleep(maxPause)
				wantKey(t, keys, "k0")
			})
		})
	}
}

func TestNotModifiedWithoutCondition(t *testing.T) {
	t.Parallel()
	iss, keys := remote(t, issuer.RemoteKeySetOptions{})
	iss.Inject(idptest.Fault{Status: http.StatusNotModified})
	if got, err := keys.Keys(t.Context(), "k0"); err == nil {
		t.Errorf("Keys = %v, want an error: the request had no condition", got)
	}
}

// maxPause is the longest pause of a key set without keys.
const maxPause = 5 * time.Second

// If a transport ignores its context, calls of Keys end nevertheless, and at most one request
// hangs.
func TestTransportIgnoresContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		iss := idptest.NewIssuer(t, &idptest.IssuerOptions{Algorithm: "ES256"})
		var calls atomic.Int32
		release := make(chan struct{})
		client := &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			if calls.Add(1) == 1 {
				return iss.Client().Transport.RoundTrip(r)
			}
			<-release
			return nil, errors.New("released")
		})}
		_, keys := remote(t, issuer.RemoteKeySetOptions{HTTPClient: client, MaxStale: time.Hour})
		wantKey(t, keys, "k0")
		time.Sleep(30 * time.Minute)
		for range 10 {
			wantKey(t, keys, "k0")
			time.Sleep(time.Minute)
		}
		if _, err := keys.Keys(t.Context(), "unknown"); err == nil {
			t.Error("an unknown key was found")
		}
		time.Sleep(time.Hour)
		start := time.Now()
		_, err := keys.Keys(t.Context(), "k0")
		if _, ok := errors.AsType[*issuer.StaleKeysError](err); !ok || time.Since(start) > 10*time.Second {
			t.Errorf("Keys = %v after %v, want a *StaleKeysError within 10s", err, time.Since(start))
		}
		if n := calls.Load(); n != 2 {
			t.Errorf("%d requests, want 2: one that succeeded and one that hangs", n)
		}
		close(release)
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestTransportPanics(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]roundTripper{
		"panics": func(*http.Request) (*http.Response, error) { panic("broken transport") },
		"goexit": func(*http.Request) (*http.Response, error) { runtime.Goexit(); return nil, nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, keys := remote(t, issuer.RemoteKeySetOptions{HTTPClient: &http.Client{Transport: f}})
			if got, err := keys.Keys(t.Context(), "k0"); err == nil || !strings.Contains(err.Error(), "the HTTP transport: ") {
				t.Errorf("Keys = %v, %v, want an error that names the transport", got, err)
			}
		})
	}
}

func TestFirstFetchIsRetriedWithinSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		iss, keys := remote(t, issuer.RemoteKeySetOptions{})
		iss.Inject(idptest.Fault{Status: 500})
		var f *issuer.FetchError
		if _, err := keys.Keys(t.Context(), "k0"); !errors.As(err, &f) || f.StatusCode != http.StatusInternalServerError || !f.Temporary() {
			t.Fatalf("Keys = %v, want a temporary *FetchError with status 500", err)
		}
		for range 100 { // during the pause there is no request
			_, _ = keys.Keys(t.Context(), "k0")
		}
		wantRequests(t, iss, 1)
		for range 60 {
			time.Sleep(time.Second)
			_, _ = keys.Keys(t.Context(), "k0")
		}
		if n := len(iss.Requests()); n < 12 || n > 30 {
			t.Errorf("%d requests in a minute, want one every 2 to 5 s", n)
		}
		iss.ClearFaults()
		time.Sleep(maxPause)
		wantKey(t, keys, "k0")
	})
}

// Responses with an error status do not leak connections. The test uses real connections.
func TestErrorsLeakNoConnection(t *testing.T) {
	t.Parallel()
	var open, most atomic.Int32
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, strings.Repeat("busy ", 1000))
	}))
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		switch s {
		case http.StateNew:
			most.Store(max(most.Load(), open.Add(1)))
		case http.StateClosed, http.StateHijacked:
			open.Add(-1)
		}
	}
	srv.Start()
	defer srv.Close()
	tr := &http.Transport{}
	defer tr.CloseIdleConnections()
	for range 50 { // new key sets, because each one pauses after a failure
		keys, err := issuer.NewRemoteKeySet(srv.URL, &issuer.RemoteKeySetOptions{HTTPClient: &http.Client{Transport: tr}, InsecureLoopbackHTTP: true})
		if err != nil {
			t.Fatal(err)
		}
		var f *issuer.FetchError
		if _, err := keys.Keys(t.Context(), "k0"); !errors.As(err, &f) || f.StatusCode != http.StatusServiceUnavailable {
			t.Fatalf("Keys = %v, want status 503", err)
		}
	}
	if n := most.Load(); n > 2 {
		t.Errorf("%d concurrent connections, want one that is reused", n)
	}
}

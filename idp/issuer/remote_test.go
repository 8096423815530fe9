package issuer_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/idptest"
	"github.com/onafed/onafed/idp/issuer"
)

// remote returns an issuer and a key set that fetches its keys.
func remote(t *testing.T, o issuer.RemoteKeySetOptions) (*idptest.Issuer, *issuer.RemoteKeySet) {
	t.Helper()
	iss := idptest.NewIssuer(t, &idptest.IssuerOptions{Algorithm: "ES256"}) // ECDSA keys are fast to generate
	if o.HTTPClient == nil {
		o.HTTPClient = iss.Client()
	}
	keys, err := issuer.NewRemoteKeySet(iss.URL+idptest.JWKSPath, &o)
	if err != nil {
		t.Fatal(err)
	}
	return iss, keys
}

func wantKey(t *testing.T, keys issuer.KeySet, kid string) {
	t.Helper()
	got, err := keys.Keys(t.Context(), kid)
	if err != nil || len(got) != 1 || got[0].ID != kid {
		t.Errorf("Keys(%q) = %v, %v; want that key", kid, got, err)
	}
}

func wantNoKey(t *testing.T, keys issuer.KeySet, kid string) {
	t.Helper()
	got, err := keys.Keys(t.Context(), kid)
	notFound, ok := errors.AsType[*issuer.KeyNotFoundError](err)
	if !ok || notFound.KeyID != kid || got != nil {
		t.Errorf("Keys(%q) = %v, %v; want a *KeyNotFoundError", kid, got, err)
	}
}

func wantRequests(t *testing.T, iss *idptest.Issuer, n int) {
	t.Helper()
	if got := len(iss.Requests()); got != n {
		t.Errorf("%d requests, want %d", got, n)
	}
}

func TestConstructorsFetchNothing(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{"", "x", "http://app.gitpod.io", "http://localhost:1", "http://127.0.0.1:1", "https://", "ftp://a", "https://a#f", "https://u:p@a"} {
		if s, err := issuer.NewRemoteKeySet(raw, nil); err == nil || s != nil {
			t.Errorf("NewRemoteKeySet(%q) = %v, %v; want an error", raw, s, err)
		}
		if s, err := issuer.NewIssuerKeySet(raw, nil); err == nil || s != nil {
			t.Errorf("NewIssuerKeySet(%q) = %v, %v; want an error", raw, s, err)
		}
	}
	o := &issuer.RemoteKeySetOptions{InsecureLoopbackHTTP: true}
	for raw, want := range map[string]bool{"http://127.0.0.1:1": true, "http://[::1]:1": true, "http://localhost:1": false, "http://10.0.0.1:1": false, "http://a.example": false} {
		if _, err := issuer.NewRemoteKeySet(raw, o); (err == nil) != want {
			t.Errorf("InsecureLoopbackHTTP: NewRemoteKeySet(%q): %v, want ok %v", raw, err, want)
		}
	}
	if _, err := issuer.NewIssuerKeySet("https://a?q=1", nil); err == nil {
		t.Error("an issuer with a query was accepted")
	}
	iss, _ := remote(t, issuer.RemoteKeySetOptions{})
	wantRequests(t, iss, 0)
}

func TestKnownKeyIsFetchedOnce(t *testing.T) {
	t.Parallel()
	for range 20 { // so that some calls start when the fetch ends
		synctest.Test(t, func(t *testing.T) {
			iss, keys := remote(t, issuer.RemoteKeySetOptions{})
			var wg sync.WaitGroup
			for range 100 {
				wg.Go(func() { wantKey(t, keys, "k0") })
			}
			wg.Wait()
			wantRequests(t, iss, 1)
			// If the keys are too old, all calls return them, and one fetch runs in the background.
			time.Sleep(11 * time.Minute)
			for range 100 {
				wg.Go(func() { wantKey(t, keys, "k0") })
			}
			wg.Wait()
			synctest.Wait()
			wantRequests(t, iss, 2)
			all, err := keys.Keys(t.Context(), "")
			if err != nil || len(all) != 1 {
				t.Errorf("Keys(\"\") = %v, %v; want one", all, err)
			}
		})
	}
}

func TestNewKeyIsFetchedAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		iss, keys := remote(t, issuer.RemoteKeySetOptions{})
		wantKey(t, keys, "k0")
		time.Sleep(31 * time.Second)
		kid := iss.RotateKey()
		start := time.Now()
		wantKey(t, keys, kid)
		if d := time.Since(start); d != 0 {
			t.Errorf("the new key took %v", d)
		}
		wantKey(t, keys, "k0")
		wantRequests(t, iss, 2)
	})
}

// 10,000 invented kids cause no request. A new key is found within 30 s, and known keys are always
// found.
func TestFloodOfUnknownKeys(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		iss, keys := remote(t, issuer.RemoteKeySetOptions{})
		wantKey(t, keys, "k0")
		flood := func(n int) {
			var wg sync.WaitGroup
			for i := range n {
				wg.Go(func() { wantNoKey(t, keys, fmt.Sprintf("garbage-%d", i)) })
			}
			wg.Wait()
		}
		flood(10_000)
		wantRequests(t, iss, 1)
		kid := iss.RotateKey()
		wantNoKey(t, keys, kid) // it is found by the next fetch
		var at time.Duration
		start := time.Now()
		for at == 0 && time.Since(start) < time.Minute {
			time.Sleep(time.Second)
			flood(20)
			wantKey(t, keys, "k0")
			if _, err := keys.Keys(t.Context(), kid); err == nil {
				at = time.Since(start)
			}
		}
		if at == 0 || at > 30*time.Second {
			t.Errorf("the new key worked after %v, want at most 30s", at)
		}
		wantRequests(t, iss, 2)
	})
}

// While a fetch for an unknown kid hangs, known keys are found, and callers can be canceled.
func TestKnownKeysDoNotWaitForUnknownKeys(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		iss, keys := remote(t, issuer.RemoteKeySetOptions{})
		wantKey(t, keys, "k0")
		time.Sleep(time.Minute)
		iss.Inject(idptest.Fault{Hang: true})
		start := time.Now()
		done := make(chan error)
		go func() {
			_, err := keys.Keys(t.Context(), "unknown")
			done <- err
		}()
		synctest.Wait()
		wantKey(t, keys, "k0")
		if d := time.Since(start); d != 0 {
			t.Errorf("a known key waited %v", d)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := keys.Keys(ctx, "unknown"); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("Keys = %v after %v, want the error of its context after 1s", err, time.Since(start))
		}
		var f *issuer.FetchError
		if err := <-done; !errors.As(err, &f) || !f.Temporary() || time.Since(start) != 10*time.Second {
			t.Errorf("Keys = %v after %v, want a temporary *FetchError after 10s", err, time.Since(start))
		}
		wantRequests(t, iss, 2)
	})
}

func TestFetchInTheBackground(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		rule   string
		header http.Header
		ttl    time.Duration
	}{
		{"no Cache-Control", http.Header{"Cache-Control": nil}, 10 * time.Minute},
		{"max-age", http.Header{"Cache-Control": {"public, max-age=300"}}, 5 * time.Minute},
		{"max-age in capitals and quotes", http.Header{"Cache-Control": {`Public, Max-Age="300"`}}, 5 * time.Minute},
		{"max-age on a second line", http.Header{"Cache-Control": {"public", "max-age=300"}}, 5 * time.Minute},
		{"max-age minus Age", http.Header{"Cache-Control": {"max-age=300"}, "Age": {"100"}}, 200 * time.Second},
		{"at least a minute", http.Header{"Cache-Control": {"max-age=1"}}, time.Minute},
		{"max-age 0", http.Header{"Cache-Control": {"max-age=0"}}, time.Minute},
		{"no-store", http.Header{"Cache-Control": {"no-store, max-age=600"}}, time.Minute},
		{"at most an hour", http.Header{"Cache-Control": {"max-age=31536000"}}, time.Hour},
		{"max-age of int64", http.Header{"Cache-Control": {"max-age=9223372036854775807"}}, time.Hour},
		{"max-age beyond int64", http.Header{"Cache-Control": {"max-age=99999999999999999999"}}, 10 * time.Minute},
		{"negative max-age", http.Header{"Cache-Control": {"max-age=-5"}}, 10 * time.Minute},
		{"max-age is not a number", http.Header{"Cache-Control": {"max-age=soon"}}, 10 * time.Minute},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				iss, keys := remote(t, issuer.RemoteKeySetOptions{})
				iss.Inject(idptest.Fault{Header: tt.header})
				wantKey(t, keys, "k0")
				time.Sleep(tt.ttl - time.Millisecond)
				wantKey(t, keys, "k0")
				synctest.Wait()
				wantRequests(t, iss, 1)
				time.Sleep(time.Millisecond)
				iss.ClearFaults()
				iss.Inject(idptest.Fault{Delay: 5 * time.Second})
				start := time.Now()
				for range 10 {
					wantKey(t, keys, "k0")
				}
				if d := time.Since(start); d != 0 {
					t.Errorf("the callers waited %v", d)
				}
				time.Sleep(6 * time.Second)
				wantRequests(t, iss, 2)
			})
		})
	}
}

func TestRemovedKeyIsDroppedByTheNextFetch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		iss, keys := remote(t, issuer.RemoteKeySetOptions{})
		kid := iss.RotateKey()
		wantKey(t, keys, "k0")
		iss.RemoveKey("k0")
		time.Sleep(10 * time.Minute) // the TTL
		iss.Inject(idptest.Fault{Status: 503})
		wantKey(t, keys, "k0")
		time.Sleep(time.Minute)
		wantKey(t, keys, "k0") // no fetch has succeeded yet
		synctest.Wait()
		iss.ClearFaults()
		time.Sleep(time.Minute)
		wantKey(t, keys, "k0") // starts the fetch
		synctest.Wait()
		wantKey(t, keys, kid)
		wantNoKey(t, keys, "k0")
	})
}

// An empty key set is valid: the issuer has withdrawn all keys.
func TestAllKeysWithdrawn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		iss, keys := remote(t, issuer.RemoteKeySetOptions{})
		wantKey(t, keys, "k0")
		iss.Inject(idptest.Fault{Body: []byte(`{"keys":[]}`)})
		time.Sleep(10 * time.Minute)
		wantKey(t, keys, "k0")
		synctest.Wait()
		wantNoKey(t, keys, "k0")
		wantNoKey(t, keys, "")
	})
}

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
			if got, err := keys.Keys(t.Context(), "k0"); err == nil {
				t.Errorf("Keys = %v, want an error", got)
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

// A canceled caller does not cancel the fetch that other callers wait for.
func TestCanceledCallerDoesNotStopTheFetch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		iss, keys := remote(t, issuer.RemoteKeySetOptions{})
		iss.Inject(idptest.Fault{Delay: 5 * time.Second})
		ctx, cancel := context.WithCancel(t.Context())
		first := make(chan error)
		go func() {
			_, err := keys.Keys(ctx, "k0")
			first <- err
		}()
		synctest.Wait()
		second := make(chan error)
		go func() {
			_, err := keys.Keys(t.Context(), "k0")
			second <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-first; !errors.Is(err, context.Canceled) {
			t.Errorf("the canceled caller: %v, want %v", err, context.Canceled)
		}
		if err := <-second; err != nil {
			t.Errorf("the other caller: %v", err)
		}
		wantRequests(t, iss, 1)
	})
}

func TestConditionalRequests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		iss, keys := remote(t, issuer.RemoteKeySetOptions{})
		wantKey(t, keys, "k0")
		for range 3 {
			time.Sleep(10 * time.Minute)
			wantKey(t, keys, "k0")
			synctest.Wait()
		}
		reqs := iss.Requests()
		if len(reqs) != 4 {
			t.Fatalf("%d requests, want 4", len(reqs))
		}
		if reqs[0].Header.Get("If-None-Match") != "" || reqs[0].Status != 200 {
			t.Errorf("first request: %+v", reqs[0])
		}
		for _, r := range reqs[1:] {
			if r.Header.Get("If-None-Match") == "" || r.Status != 304 {
				t.Errorf("later request: %+v, want a condition and 304", r)
			}
		}
		kid := iss.RotateKey()
		time.Sleep(10 * time.Minute)
		wantKey(t, keys, "k0")
		synctest.Wait()
		wantKey(t, keys, kid)
	})
}

// A 304 with Cache-Control sets a new lifetime; without it the lifetime stays (RFC 9111 section
// 4.3.4).
func TestLifetimeAfterNotModified(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		header http.Header // of the 304
		ttl    time.Duration
	}{
		"absent":  {http.Header{"Cache-Control": nil}, 5 * time.Minute},
		"shorter": {http.Header{"Cache-Control": {"max-age=120"}}, 2 * time.Minute},
		"longer":  {http.Header{"Cache-Control": {"max-age=1200"}}, 20 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				iss, keys := remote(t, issuer.RemoteKeySetOptions{})
				iss.Inject(idptest.Fault{Header: http.Header{"Cache-Control": {"max-age=300"}}, Times: 1})
				iss.Inject(idptest.Fault{Header: tt.header})
				wantKey(t, keys, "k0")
				time.Sleep(5 * time.Minute)
				wantKey(t, keys, "k0")
				synctest.Wait()
				if r := iss.Requests()[1]; r.Status != http.StatusNotModified {
					t.Fatalf("the second response has status %d, want 304", r.Status)
				}
				time.Sleep(tt.ttl - time.Millisecond)
				wantKey(t, keys, "k0")
				synctest.Wait()
				wantRequests(t, iss, 2)
				time.Sleep(time.Millisecond)
				wantKey(t, keys, "k0")
				synctest.Wait()
				wantRequests(t, iss, 3)
			})
		})
	}
}

// Without an ETag, the request has the condition If-Modified-Since.
func TestLastModified(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		iss, keys := remote(t, issuer.RemoteKeySetOptions{})
		const date = "Sat, 01 Jan 2000 00:00:00 GMT"
		iss.Inject(idptest.Fault{Body: iss.JWKS(), Header: http.Header{"Last-Modified": {date}}, Times: 1})
		wantKey(t, keys, "k0")
		time.Sleep(10 * time.Minute)
		iss.Inject(idptest.Fault{Status: 304})
		wantKey(t, keys, "k0")
		synctest.Wait()
		wantKey(t, keys, "k0")
		if r := iss.Requests()[1]; r.Header.Get("If-Modified-Since") != date {
			t.Errorf("second request: %v", r.Header)
		}
		wantRequests(t, iss, 2)
	})
}

func TestIssuerKeySetFollowsDiscovery(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		iss := idptest.NewIssuer(t, &idptest.IssuerOptions{Algorithm: "ES256"})
		keys, err := issuer.NewIssuerKeySet(iss.URL, &issuer.RemoteKeySetOptions{HTTPClient: iss.Client()})
		if err != nil {
			t.Fatal(err)
		}
		paths := func() string {
			var b strings.Builder
			for _, r := range iss.Requests() {
				b.WriteString(r.Path[len("/.well-known/"):][:1])
			}
			return b.String()
		}
		wantKey(t, keys, "k0")
		time.Sleep(10 * time.Minute)
		wantKey(t, keys, "k0")
		synctest.Wait()
		if got := paths(); got != "ojj" { // openid-configuration, jwks.json
			t.Errorf("requests %q, want discovery once", got)
		}
		time.Sleep(time.Hour)
		wantKey(t, keys, "k0")
		synctest.Wait()
		if got := paths(); got != "ojjoj" {
			t.Errorf("requests %q, want discovery again after an hour", got)
		}
		// If discovery fails, the last URL of the keys is used.
		iss.Inject(idptest.Fault{Path: idptest.DiscoveryPath, Status: 503})
		kid := iss.RotateKey()
		time.Sleep(2 * time.Hour)
		wantKey(t, keys, kid)
	})
}

func TestDiscover(t *testing.T) {
	t.Parallel()
	iss := idptest.NewIssuer(t, nil)
	o := &issuer.DiscoverOptions{HTTPClient: iss.Client()}
	m, err := issuer.Discover(t.Context(), iss.URL, o)
	if err != nil || m.Issuer != idp.Issuer || m.JWKSURI != idp.Issuer+idptest.JWKSPath || len(m.Algorithms) != 1 || m.Algorithms[0] != "RS256" {
		t.Fatalf("Discover = %+v, %v", m, err)
	}
	doc := func(iss, jwks string) string { return fmt.Sprintf(`{"issuer":%q,"jwks_uri":%q}`, iss, jwks) }
	for name, tt := range map[string]struct {
		fault    idptest.Fault
		mismatch bool
	}{
		"another issuer":       {idptest.Fault{Body: []byte(doc("https://evil.example", "https://evil.example/jwks"))}, true},
		"slash at the end":     {idptest.Fault{Body: []byte(doc(idp.Issuer+"/", "https://a.example"))}, true},
		"other letter case":    {idptest.Fault{Body: []byte(doc("https://APP.gitpod.io", "https://a.example"))}, true},
		"no issuer":            {idptest.Fault{Body: []byte(`{"jwks_uri":"https://a.example"}`)}, false},
		"issuer null":          {idptest.Fault{Body: []byte(`{"issuer":null,"jwks_uri":"https://a.example"}`)}, false},
		"issuer a number":      {idptest.Fault{Body: []byte(`{"issuer":1,"jwks_uri":"https://a.example"}`)}, false},
		"issuer twice":         {idptest.Fault{Body: []byte(`{"issuer":"https://app.gitpod.io","issuer":"https://app.gitpod.io","jwks_uri":"https://a"}`)}, false},
		"no jwks_uri":          {idptest.Fault{Body: []byte(`{"issuer":"https://app.gitpod.io"}`)}, false},
		"jwks_uri http":        {idptest.Fault{Body: []byte(doc(idp.Issuer, "http://app.gitpod.io/jwks"))}, false},
		"jwks_uri a file":      {idptest.Fault{Body: []byte(doc(idp.Issuer, "file:///etc/passwd"))}, false},
		"jwks_uri relative":    {idptest.Fault{Body: []byte(doc(idp.Issuer, "/jwks.json"))}, false},
		"algorithms a string":  {idptest.Fault{Body: []byte(`{"issuer":"https://app.gitpod.io","jwks_uri":"https://a","id_token_signing_alg_values_supported":"RS256"}`)}, false},
		"not JSON":             {idptest.Fault{Body: []byte(`<html>`)}, false},
		"an array":             {idptest.Fault{Body: []byte(`[]`)}, false},
		"too large":            {idptest.Fault{Body: []byte(doc(idp.Issuer, "https://a.example") + strings.Repeat(" ", 1<<20))}, false},
		"404":                  {idptest.Fault{Status: 404}, false},
		"redirect to a host":   {idptest.Fault{Status: 308, Header: http.Header{"Location": {"https://app.ona.com/.well-known/openid-configuration"}}}, false},
		"redirect to http":     {idptest.Fault{Status: 301, Header: http.Header{"Location": {"http://app.gitpod.io/.well-known/openid-configuration"}}}, false},
		"truncated":            {idptest.Fault{Truncate: true}, false},
		"connection is broken": {idptest.Fault{Err: io.ErrUnexpectedEOF}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			iss := idptest.NewIssuer(t, nil)
			iss.Inject(tt.fault)
			m, err := issuer.Discover(t.Context(), iss.URL, &issuer.DiscoverOptions{HTTPClient: iss.Client()})
			var f *issuer.FetchError
			var mis *issuer.MismatchError
			if m != nil || errors.As(err, &mis) != tt.mismatch || errors.As(err, &f) == tt.mismatch {
				t.Errorf("Discover = %+v, %v; want an error, mismatch %v", m, err, tt.mismatch)
			}
		})
	}
}

// keyJSON returns the JSON Web Key of a new key.
func keyJSON(t *testing.T, kid string) string {
	t.Helper()
	ring := newRing(t, nil)
	publish(t, ring, kid)
	set, err := json.Marshal(ring)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(strings.TrimPrefix(string(set), `{"keys":[`), "]}")
}

// allOnes returns an odd number of the given length in base64url.
func allOnes(bits int) string {
	return base64.RawURLEncoding.EncodeToString(bytes.Repeat([]byte{0xff}, bits/8))
}

// An entry that cannot be used does not affect the other entries of a key set, unless it has the
// same kid.
func TestUnusableEntriesAreSkipped(t *testing.T) {
	t.Parallel()
	good, impostor := keyJSON(t, "good"), keyJSON(t, "good")
	x := base64.RawURLEncoding.EncodeToString(make([]byte, 32))
	for name, tt := range map[string]struct {
		extra string
		want  bool
	}{
		"no other entry":            {``, true},
		"unknown kty":               {`,{"kty":"AKP","kid":"x","alg":"ML-DSA-44","pub":"AA"}`, true},
		"OKP":                       {`,{"kty":"OKP","crv":"Ed25519","kid":"x","x":"` + x + `"}`, true},
		"secret":                    {`,{"kty":"oct","kid":"x","k":"AAAA"}`, true},
		"no kty":                    {`,{"kid":"x"}`, true},
		"kty is a number":           {`,{"kty":1,"kid":"x"}`, true},
		"string":                    {`,"x"`, true},
		"null":                      {`,null`, true},
		"RSA of 65,536 bits":        {`,{"kty":"RSA","kid":"x","e":"AQAB","n":"` + allOnes(65536) + `"}`, true},
		"RSA of 8,200 bits":         {`,{"kty":"RSA","kid":"x","e":"AQAB","n":"` + allOnes(8200) + `"}`, true},
		"RSA of 1,024 bits":         {`,{"kty":"RSA","kid":"x","e":"AQAB","n":"` + allOnes(1024) + `"}`, true},
		"RSA with exponent 1":       {`,{"kty":"RSA","kid":"x","e":"AQ","n":"` + allOnes(2048) + `"}`, true},
		"RSA with exponent 0":       {`,{"kty":"RSA","kid":"x","e":"AA","n":"` + allOnes(2048) + `"}`, true},
		"RSA with exponent 2":       {`,{"kty":"RSA","kid":"x","e":"Ag","n":"` + allOnes(2048) + `"}`, true},
		"RSA with exponent of 2^40": {`,{"kty":"RSA","kid":"x","e":"AQAAAAAB","n":"` + allOnes(2048) + `"}`, true},
		"EC off the curve":          {`,{"kty":"EC","crv":"P-256","kid":"x","x":"` + x + `","y":"` + x + `"}`, true},
		"EC with a short x":         {`,{"kty":"EC","crv":"P-256","kid":"x","x":"AA","y":"` + x + `"}`, true},
		"EC on secp256k1":           {`,{"kty":"EC","crv":"secp256k1","kid":"x","x":"` + x + `","y":"` + x + `"}`, true},
		"member appears twice":      {`,{"kty":"EC","kty":"RSA","kid":"x"}`, true},
		"bad x5c":                   {`,{"kty":"RSA","kid":"x","e":"AQAB","n":"AA","x5c":[1]}`, true},
		"same kid, unknown kty":     {`,{"kty":"OKP","kid":"good"}`, true},
		"same kid, for encryption":  {`,` + strings.Replace(impostor, `"use":"sig"`, `"use":"enc"`, 1), true},
		"the same key twice":        {`,` + good, true},
		"another key with the kid":  {`,` + impostor, false},
		"another key, then again":   {`,` + impostor + `,` + good, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			iss, keys := remote(t, issuer.RemoteKeySetOptions{})
			iss.Inject(idptest.Fault{Body: []byte(`{"keys":[` + good + tt.extra + `]}`)})
			if !tt.want {
				wantNoKey(t, keys, "good")
				return
			}
			wantKey(t, keys, "good")
			if all, err := keys.Keys(t.Context(), ""); err != nil || len(all) != 1 {
				t.Errorf("Keys(\"\") = %v, %v; want only the usable key", all, err)
			}
		})
	}
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

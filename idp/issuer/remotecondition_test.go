package issuer_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onafed/onafed/idp/idptest"
	"github.com/onafed/onafed/idp/issuer"
)

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

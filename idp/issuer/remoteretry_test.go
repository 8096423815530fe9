package issuer_test

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onafed/onafed/idp/idptest"
	"github.com/onafed/onafed/idp/issuer"
)

// One failed fetch delays a new key by a second.
func TestNewKeyAfterOneFailedFetch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		iss, keys := remote(t, issuer.RemoteKeySetOptions{})
		wantKey(t, keys, "k0")
		time.Sleep(5 * time.Minute)
		kid := iss.RotateKey()
		iss.Inject(idptest.Fault{Status: 503, Times: 1})
		for range 100 { // during the pause there is no request
			_, err := keys.Keys(t.Context(), kid)
			if _, ok := errors.AsType[*issuer.FetchError](err); !ok {
				t.Fatalf("Keys = %v, want a *FetchError", err)
			}
		}
		wantRequests(t, iss, 2)
		time.Sleep(time.Second)
		wantKey(t, keys, kid)
		wantRequests(t, iss, 3)
	})
}

// In an outage the number of requests does not depend on the number of calls, for known and unknown
// keys.
func TestPauseAfterAFailure(t *testing.T) {
	t.Parallel()
	for _, kid := range []string{"k0", "unknown"} {
		synctest.Test(t, func(t *testing.T) {
			iss, keys := remote(t, issuer.RemoteKeySetOptions{})
			wantKey(t, keys, "k0")
			time.Sleep(10 * time.Minute) // the TTL
			iss.Inject(idptest.Fault{Status: 503})
			for range 10 * 300 {
				_, err := keys.Keys(t.Context(), kid)
				if known := kid == "k0"; known != (err == nil) {
					t.Fatalf("Keys(%q): %v", kid, err)
				}
				time.Sleep(100 * time.Millisecond)
			}
			// The pauses are 1, 2, 4, 8, 16 and then 30 seconds, each up to half shorter.
			if n := len(iss.Requests()); n < 1+6+8 || n > 1+7+20 {
				t.Errorf("%q: %d requests in five minutes of an outage, want about 20", kid, n)
			}
		})
	}
}

// wantPause checks that there is no request before the end of a pause, and one soon after it.
func wantPause(t *testing.T, iss *idptest.Issuer, keys issuer.KeySet, kid string, status int, want time.Duration) {
	t.Helper()
	n := len(iss.Requests())
	time.Sleep(want - time.Millisecond)
	_, err := keys.Keys(t.Context(), kid)
	if f, ok := errors.AsType[*issuer.FetchError](err); !ok || f.StatusCode != status {
		t.Errorf("Keys during the pause = %v, want the error of the fetch", err)
	}
	wantRequests(t, iss, n)
	time.Sleep(501 * time.Millisecond)
	wantKey(t, keys, kid)
}

// A server can ask for a pause of up to a minute, which ends before the cached keys are stale.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status int
		after  string
		want   time.Duration
	}{
		"429":              {http.StatusTooManyRequests, "20", 20 * time.Second},
		"503":              {http.StatusServiceUnavailable, "20", 20 * time.Second},
		"short":            {http.StatusServiceUnavailable, "0", 500 * time.Millisecond},
		"at most a minute": {http.StatusServiceUnavailable, "3600", time.Minute},
	} {
		fault := idptest.Fault{Status: tt.status, Header: http.Header{"Retry-After": {tt.after}}, Times: 1}
		t.Run(name+", no keys", func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				iss, keys := remote(t, issuer.RemoteKeySetOptions{})
				iss.Inject(fault)
				_, _ = keys.Keys(t.Context(), "k0")
				wantPause(t, iss, keys, "k0", tt.status, tt.want)
			})
		})
		t.Run(name+", discovery", func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				iss, keys := remoteIssuer(t, issuer.RemoteKeySetOptions{})
				iss.Inject(fault)
				_, _ = keys.Keys(t.Context(), "k0")
				wantPause(t, iss, keys, "k0", tt.status, tt.want)
			})
		})
		for rule, left := range map[string]time.Duration{"cached keys": time.Hour, "cached keys become stale": 50 * time.Second} {
			t.Run(name+", "+rule, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					iss, keys := remote(t, issuer.RemoteKeySetOptions{MaxStale: left + time.Minute})
					wantKey(t, keys, "k0")
					time.Sleep(time.Minute)
					iss.Inject(fault)
					kid := iss.RotateKey()
					_, _ = keys.Keys(t.Context(), kid)
					wantPause(t, iss, keys, kid, tt.status, min(tt.want, left-15*time.Second))
				})
			})
		}
	}
}

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

// TestBlipAtTheFetchForANewKey: where there was no flood, a failure costs the new key a second.
func TestBlipAtTheFetchForANewKey(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		iss, keys := remote(t, issuer.RemoteKeySetOptions{})
		wantKey(t, keys, "k0")
		time.Sleep(5 * time.Minute)
		kid := iss.RotateKey()
		iss.Inject(idptest.Fault{Status: 503, Times: 1})
		for range 100 { // the error is remembered: no storm
			var f *issuer.FetchError
			if _, err := keys.Keys(t.Context(), kid); !errors.As(err, &f) {
				t.Fatalf("Keys = %v, want a *FetchError", err)
			}
		}
		wantRequests(t, iss, 2)
		time.Sleep(time.Second)
		wantKey(t, keys, kid)
		wantRequests(t, iss, 3)
	})
}

// TestPauseAfterAFailure: however many ask in an outage, the issuer is asked as seldom as if it were one, and for known and unknown
// keys alike.
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
			// After 1, 2, 4, 8 and 16 seconds and then each 30, all of them up to a half shorter.
			if n := len(iss.Requests()); n < 1+6+8 || n > 1+7+20 {
				t.Errorf("%q: %d requests in five minutes of an outage, want some 20", kid, n)
			}
		})
	}
}

// TestRetryAfter: a server that asks to be left alone is, but not for longer than a minute, and not until the kept keys have ended.
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
		// leftAlone asks for a key when the issuer has just refused, and when it may be asked again, give or take our own pause of a second.
		leftAlone := func(t *testing.T, iss *idptest.Issuer, keys issuer.KeySet, kid string, want time.Duration) {
			t.Helper()
			n := len(iss.Requests())
			time.Sleep(want - time.Millisecond)
			var f *issuer.FetchError
			if _, err := keys.Keys(t.Context(), kid); !errors.As(err, &f) || f.StatusCode != tt.status {
				t.Errorf("%s: Keys before the time = %v, want the error of the fetch", name, err)
			}
			wantRequests(t, iss, n)
			time.Sleep(501 * time.Millisecond)
			wantKey(t, keys, kid)
		}
		t.Run(name+", no keys", func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				iss, keys := remote(t, issuer.RemoteKeySetOptions{})
				iss.Inject(fault)
				_, _ = keys.Keys(t.Context(), "k0")
				leftAlone(t, iss, keys, "k0", tt.want)
			})
		})
		t.Run(name+", discovery", func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				iss, keys := remoteIssuer(t, issuer.RemoteKeySetOptions{})
				iss.Inject(fault)
				_, _ = keys.Keys(t.Context(), "k0")
				leftAlone(t, iss, keys, "k0", tt.want)
			})
		})
		for rule, left := range map[string]time.Duration{"kept keys": time.Hour, "kept keys end": 50 * time.Second} {
			t.Run(name+", "+rule, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					iss, keys := remote(t, issuer.RemoteKeySetOptions{MaxStale: left + time.Minute})
					wantKey(t, keys, "k0")
					time.Sleep(time.Minute)
					iss.Inject(fault)
					kid := iss.RotateKey()
					_, _ = keys.Keys(t.Context(), kid)
					leftAlone(t, iss, keys, kid, min(tt.want, left-15*time.Second))
				})
			})
		}
	}
}

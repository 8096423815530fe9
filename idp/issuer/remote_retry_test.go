package issuer_test

import (
	"errors"
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

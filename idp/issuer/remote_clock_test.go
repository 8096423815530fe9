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

// TestMaxStaleIsADay is what its zero value means.
func TestMaxStaleIsADay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		iss, keys := remote(t, issuer.RemoteKeySetOptions{})
		wantKey(t, keys, "k0")
		iss.Inject(idptest.Fault{Err: errors.New("connection refused")})
		time.Sleep(24*time.Hour - time.Nanosecond)
		wantKey(t, keys, "k0")
		time.Sleep(time.Nanosecond)
		var stale *issuer.StaleKeysError
		if got, err := keys.Keys(t.Context(), "k0"); !errors.As(err, &stale) {
			t.Errorf("Keys after a day = %v, %v; want a *StaleKeysError", got, err)
		}
	})
}

// TestClockSetBack: what was to happen at a time that is now far ahead happens at once.
func TestClockSetBack(t *testing.T) {
	t.Parallel()
	const back = 240 * time.Hour
	for name, play := range map[string]func(*testing.T, *idptest.Issuer, *issuer.RemoteKeySet){
		"the refetch behind the callers": func(t *testing.T, iss *idptest.Issuer, keys *issuer.RemoteKeySet) {
			t.Helper()
			wantKey(t, keys, "k0")
			iss.RotateKey()
			iss.RemoveKey("k0")
			keys.SetClockBack(back)
			wantKey(t, keys, "k0") // starts the fetch
			synctest.Wait()
			wantNoKey(t, keys, "k0")
		},
		"the fetch for an unknown key": func(t *testing.T, iss *idptest.Issuer, keys *issuer.RemoteKeySet) {
			t.Helper()
			wantKey(t, keys, "k0")
			kid := iss.RotateKey()
			keys.SetClockBack(back)
			wantKey(t, keys, kid)
		},
		"the end of the pause after a failure": func(t *testing.T, iss *idptest.Issuer, keys *issuer.RemoteKeySet) {
			t.Helper()
			iss.Inject(idptest.Fault{Status: http.StatusServiceUnavailable, Times: 1})
			if _, err := keys.Keys(t.Context(), "k0"); err == nil {
				t.Fatal("a key in spite of a 503")
			}
			keys.SetClockBack(back)
			wantKey(t, keys, "k0")
		},
		"discovery": func(t *testing.T, iss *idptest.Issuer, keys *issuer.RemoteKeySet) {
			t.Helper()
			wantKey(t, keys, "k0")
			keys.SetClockBack(back)
			wantKey(t, keys, "k0") // starts the fetch
			synctest.Wait()
			wantRequests(t, iss, 4) // both documents again
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				iss, keys := remoteIssuer(t, issuer.RemoteKeySetOptions{})
				play(t, iss, keys)
			})
		})
	}
}

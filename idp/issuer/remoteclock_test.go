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

func TestMaxStaleDefaultIsADay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		iss, keys := remote(t, issuer.RemoteKeySetOptions{})
		wantKey(t, keys, "k0")
		iss.Inject(idptest.Fault{Err: errors.New("connection refused")})
		time.Sleep(24*time.Hour - time.Nanosecond)
		wantKey(t, keys, "k0")
		time.Sleep(time.Nanosecond)
		got, err := keys.Keys(t.Context(), "k0")
		if _, ok := errors.AsType[*issuer.StaleKeysError](err); !ok {
			t.Errorf("Keys after a day = %v, %v; want a *StaleKeysError", got, err)
		}
	})
}

// If the clock is set back, waits that end far in the future end at once.
func TestClockSetBack(t *testing.T) {
	t.Parallel()
	const back = 240 * time.Hour
	for name, test := range map[string]func(*testing.T, *idptest.Issuer, *issuer.RemoteKeySet){
		"fetch in the background": func(t *testing.T, iss *idptest.Issuer, keys *issuer.RemoteKeySet) {
			t.Helper()
			wantKey(t, keys, "k0")
			iss.RotateKey()
			iss.RemoveKey("k0")
			keys.SetClockBack(back)
			wantKey(t, keys, "k0") // starts the fetch
			synctest.Wait()
			wantNoKey(t, keys, "k0")
		},
		"fetch for an unknown key": func(t *testing.T, iss *idptest.Issuer, keys *issuer.RemoteKeySet) {
			t.Helper()
			wantKey(t, keys, "k0")
			kid := iss.RotateKey()
			keys.SetClockBack(back)
			wantKey(t, keys, kid)
		},
		"fetch for an unknown key at the limit": func(t *testing.T, iss *idptest.Issuer, keys *issuer.RemoteKeySet) {
			t.Helper()
			wantKey(t, keys, "k0")
			wantNoKey(t, keys, "a")
			wantNoKey(t, keys, "a")
			kid := iss.RotateKey()
			wantLimit(t, keys, kid)
			keys.SetClockBack(back)
			wantKey(t, keys, kid)
		},
		"pause after a failure": func(t *testing.T, iss *idptest.Issuer, keys *issuer.RemoteKeySet) {
			t.Helper()
			iss.Inject(idptest.Fault{Status: http.StatusServiceUnavailable, Times: 1})
			if _, err := keys.Keys(t.Context(), "k0"); err == nil {
				t.Fatal("a key although the status was 503")
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
				test(t, iss, keys)
			})
		})
	}
}

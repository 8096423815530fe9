package issuer_test

import (
	"cmp"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onafed/onafed/idp/idptest"
	"github.com/onafed/onafed/idp/issuer"
)

// remoteIssuer returns an issuer and a key set that finds its keys by discovery.
func remoteIssuer(t *testing.T, o issuer.RemoteKeySetOptions) (*idptest.Issuer, *issuer.RemoteKeySet) {
	t.Helper()
	iss := idptest.NewIssuer(t, &idptest.IssuerOptions{Algorithm: "ES256"})
	o.HTTPClient = iss.Client()
	keys, err := issuer.NewIssuerKeySet(iss.URL, &o)
	if err != nil {
		t.Fatal(err)
	}
	return iss, keys
}

// If discovery hangs, the keys are fetched from their last URL within the time limit.
func TestDiscoveryHangs(t *testing.T) {
	t.Parallel()
	for _, timeout := range []time.Duration{0, time.Second} {
		synctest.Test(t, func(t *testing.T) {
			iss, keys := remoteIssuer(t, issuer.RemoteKeySetOptions{Timeout: timeout})
			wantKey(t, keys, "k0")
			iss.Inject(idptest.Fault{Path: idptest.DiscoveryPath, Hang: true})
			for range 3 { // hours
				time.Sleep(61 * time.Minute)
				kid := iss.RotateKey()
				start := time.Now()
				wantKey(t, keys, kid)
				if d, most := time.Since(start), cmp.Or(timeout, 10*time.Second)/3; d > most {
					t.Errorf("Timeout %v: a new key took %v, want at most %v", timeout, d, most)
				}
			}
			iss.RemoveKey("k0")
			time.Sleep(10 * time.Minute)
			wantKey(t, keys, "k0") // starts the fetch
			time.Sleep(10 * time.Second)
			wantNoKey(t, keys, "k0")
		})
	}
}

// After a failed fetch of the keys, their URL is discovered again.
func TestURLOfTheKeysChanges(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		iss, keys := remoteIssuer(t, issuer.RemoteKeySetOptions{})
		wantKey(t, keys, "k0")
		kid := iss.RotateKey()
		iss.Inject(idptest.Fault{Path: idptest.JWKSPath, Status: http.StatusNotFound})
		iss.Inject(idptest.Fault{Path: "/moved.json", Body: iss.JWKS()})
		iss.Inject(idptest.Fault{Path: idptest.DiscoveryPath, Body: fmt.Appendf(nil, `{"issuer":%q,"jwks_uri":%q}`, iss.URL, iss.URL+"/moved.json")})
		time.Sleep(10 * time.Minute)
		wantKey(t, keys, "k0") // starts the fetch that fails
		time.Sleep(2 * time.Second)
		wantKey(t, keys, "k0") // starts the next one
		synctest.Wait()
		wantKey(t, keys, kid)
	})
}

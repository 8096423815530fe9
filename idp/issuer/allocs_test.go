package issuer_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/onafed/onafed/idp/idptest"
	"github.com/onafed/onafed/idp/issuer"
)

// TestAllocations counts; the tests beside it cannot run at the same time, so it is not parallel.
func TestAllocations(t *testing.T) {
	h := newHandler(t, "https://issuer.example/a/b", 3)
	get := httptest.NewRequest(http.MethodGet, "/a/b/.well-known/jwks.json", nil)
	again := get.Clone(t.Context())
	again.Header.Set("If-None-Match", `"x", W/"y"`)
	w := discard{http.Header{}}
	iss, keys := remote(t, issuer.RemoteKeySetOptions{})
	wantKey(t, keys, "k0")
	ring := newRing(t, nil)
	if err := ring.Publish(newSigner(t, iss.PrivateKey(), "k0")); err != nil {
		t.Fatal(err)
	}
	rs := idptest.NewIssuer(t, nil)
	v, raw := rs.Verifier("a"), rs.Sign(rs.Claims("a"))
	for name, tt := range map[string]struct {
		most float64
		do   func()
	}{
		"a known key of a RemoteKeySet": {0, func() { _, _ = keys.Keys(t.Context(), "k0") }},
		"a key of a KeyRing":            {0, func() { _, _ = ring.Keys(t.Context(), "k0") }},
		"the Handler":                   {0, func() { h.ServeHTTP(w, get) }},
		"the Handler with a condition":  {0, func() { h.ServeHTTP(w, again) }},
		"Verify":                        {24, func() { _, _ = v.Verify(t.Context(), raw) }}, // 9 of them are crypto/rsa's
	} {
		if n := testing.AllocsPerRun(50, tt.do); n > tt.most {
			t.Errorf("%s: %v allocations, want at most %v", name, n, tt.most)
		}
	}
}

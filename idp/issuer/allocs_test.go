package issuer_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/onafed/onafed/idp/idptest"
	"github.com/onafed/onafed/idp/issuer"
)

// TestAllocations is not parallel, because AllocsPerRun counts the allocations of all goroutines.
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
		"RemoteKeySet, known key":      {0, func() { _, _ = keys.Keys(t.Context(), "k0") }},
		"KeyRing, key":                 {0, func() { _, _ = ring.Keys(t.Context(), "k0") }},
		"Handler":                      {0, func() { h.ServeHTTP(w, get) }},
		"Handler, conditional request": {0, func() { h.ServeHTTP(w, again) }},
		"Verify":                       {24, func() { _, _ = v.Verify(t.Context(), raw) }}, // 9 of them in crypto/rsa
	} {
		if n := testing.AllocsPerRun(50, tt.do); n > tt.most {
			t.Errorf("%s: %v allocations, want at most %v", name, n, tt.most)
		}
	}
}

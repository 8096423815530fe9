package issuer_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/onafed/onafed/idp/issuer"
)

func record(h http.Handler, r *http.Request) *http.Response {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func TestHandlerPaths(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		url, path string
		want      int
	}{
		{"https://issuer.example", "/.well-known/openid-configuration", 200},
		{"https://issuer.example", "/.well-known/jwks.json", 200},
		{"https://issuer.example/", "/.well-known/jwks.json", 200},
		{"https://issuer.example", "/", 404},
		{"https://issuer.example", "/.well-known/jwks.json/", 404},
		{"https://issuer.example", "//.well-known/jwks.json", 404},
		{"https://issuer.example/a", "/.well-known/jwks.json", 404},
		{"https://issuer.example/a", "/a/.well-known/jwks.json", 200},
		{"https://issuer.example/a/", "/a/.well-known/openid-configuration", 200},
		{"http://127.0.0.1:8080", "/.well-known/openid-configuration", 200},
	} {
		h := newHandler(t, tt.url, 1)
		for _, host := range []string{"issuer.example", "127.0.0.1:1", "evil.example"} {
			r := httptest.NewRequest(http.MethodGet, tt.path, nil)
			r.Host = host
			resp := record(h, r)
			if resp.StatusCode != tt.want {
				t.Errorf("%s: GET %s, Host %s: %d, want %d", tt.url, tt.path, host, resp.StatusCode, tt.want)
			}
			if tt.want == 200 {
				checkDocument(t, h, tt.path, resp)
			}
		}
	}
}

// checkDocument checks the header of a document, conditional requests and other methods.
func checkDocument(t *testing.T, h http.Handler, path string, resp *http.Response) {
	t.Helper()
	if got := resp.Header.Get("Cache-Control"); got != "public, max-age=600" {
		t.Errorf("Cache-Control %q", got)
	}
	if got := resp.Header.Get("Content-Type"); got != "application/json" {
		t.Errorf("Content-Type %q", got)
	}
	etag := resp.Header.Get("Etag")
	for condition, want := range map[string]int{
		etag: 304, "W/" + etag: 304, `"a", ` + etag: 304, "*": 304, `"a"`: 200, "": 200, strings.Trim(etag, `"`): 200,
	} {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		if condition != "" {
			r.Header.Set("If-None-Match", condition)
		}
		if resp := record(h, r); resp.StatusCode != want || want == 304 && resp.ContentLength > 0 {
			t.Errorf("If-None-Match %s: %d, want %d", condition, resp.StatusCode, want)
		}
	}
	head := record(h, httptest.NewRequest(http.MethodHead, path, nil))
	if head.StatusCode != http.StatusOK || head.Header.Get("Content-Length") == "" {
		t.Errorf("HEAD: %d, %v", head.StatusCode, head.Header)
	}
	for _, m := range []string{"POST", "PUT", "DELETE", "OPTIONS"} {
		if resp := record(h, httptest.NewRequest(m, path, nil)); resp.StatusCode != http.StatusMethodNotAllowed || resp.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: %d", m, resp.StatusCode)
		}
	}
}

func TestNewHandlerRefuses(t *testing.T) {
	t.Parallel()
	ring := newRing(t, nil)
	for _, raw := range []string{"", "issuer.example", "http://issuer.example", "http://127.0.0.1", "https://issuer.example?x", "https://issuer.example#x"} {
		if h, err := issuer.NewHandler(raw, ring, nil); err == nil || h != nil {
			t.Errorf("NewHandler(%q) = %v, %v; want an error", raw, h, err)
		}
	}
	if _, err := issuer.NewHandler("https://issuer.example", nil, nil); err == nil {
		t.Error("NewHandler accepts a nil ring")
	}
}

func TestDiscoveryDocument(t *testing.T) {
	t.Parallel()
	h := newHandler(t, "https://issuer.example/a", 2)
	var got map[string]any
	if err := json.Unmarshal(h.Documents()[".well-known/openid-configuration"], &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"issuer":                                "https://issuer.example/a",
		"jwks_uri":                              "https://issuer.example/a/.well-known/jwks.json",
		"response_types_supported":              []any{"id_token"},
		"subject_types_supported":               []any{"public"},
		"id_token_signing_alg_values_supported": []any{"ES256"},
		"claims_supported":                      []any{"aud", "exp", "iat", "iss", "org", "sub"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	m, err := issuer.ParseMetadata(h.Documents()[".well-known/openid-configuration"])
	if err != nil || m.Issuer != "https://issuer.example/a" {
		t.Errorf("ParseMetadata = %+v, %v", m, err)
	}
	if n := len(h.Documents()); n != 2 {
		t.Errorf("%d documents, want 2", n)
	}
	h.Documents()[".well-known/jwks.json"][0] = 'x' // a copy
	if h.Documents()[".well-known/jwks.json"][0] != '{' {
		t.Error("Documents returns shared bytes")
	}
}

// The prepared documents change with the ring.
func TestHandlerFollowsTheRing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ring := newRing(t, nil)
		h, err := issuer.NewHandler("https://issuer.example", ring, nil)
		if err != nil {
			t.Fatal(err)
		}
		get := func() (string, []string) {
			resp := record(h, httptest.NewRequest(http.MethodGet, "/.well-known/jwks.json", nil))
			var b bytes.Buffer
			_, _ = b.ReadFrom(resp.Body)
			keys, err := issuer.ParseKeySet(b.Bytes())
			if err != nil {
				t.Fatal(err)
			}
			var kids []string
			for _, k := range keys {
				kids = append(kids, k.ID)
			}
			return resp.Header.Get("Etag"), kids
		}
		none, kids := get()
		if len(kids) != 0 {
			t.Errorf("keys %v of a ring without keys", kids)
		}
		publish(t, ring, "a")
		one, kids := get()
		if !slices.Equal(kids, []string{"a"}) || one == none {
			t.Errorf("keys %v, ETags %s %s", kids, none, one)
		}
		publish(t, ring, "b")
		two, kids := get()
		if !slices.Equal(kids, []string{"a", "b"}) || two == one {
			t.Errorf("keys %v", kids)
		}
		time.Sleep(12 * time.Minute)
		if same, _ := get(); same != two {
			t.Error("the ETag changed although the documents did not")
		}
		time.Sleep(2 * time.Hour)
		if _, kids := get(); !slices.Equal(kids, []string{"b"}) {
			t.Errorf("keys %v, want only b", kids)
		}
	})
}

// secretNumbers returns private keys of each kind and their secret numbers.
func secretNumbers(t *testing.T) ([]crypto.Signer, map[string][]byte) {
	t.Helper()
	rk, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	keys := []crypto.Signer{rk}
	secrets := map[string][]byte{
		"d": rk.D.Bytes(), "p": rk.Primes[0].Bytes(), "q": rk.Primes[1].Bytes(),
		"dp": rk.Precomputed.Dp.Bytes(), "dq": rk.Precomputed.Dq.Bytes(), "qi": rk.Precomputed.Qinv.Bytes(),
	}
	for _, c := range []elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		k, err := ecdsa.GenerateKey(c, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		d, err := k.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, k)
		secrets["d of "+c.Params().Name] = d
	}
	return keys, secrets
}

// signedBytes returns a token of the signer and its decoded parts.
func signedBytes(t *testing.T, s *issuer.Signer) [][]byte {
	t.Helper()
	raw, err := s.Sign(t.Context(), map[string]any{"sub": "a"})
	if err != nil {
		t.Fatal(err)
	}
	out := [][]byte{[]byte(raw)}
	for part := range strings.SplitSeq(raw, ".") {
		b, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, b)
	}
	return out
}

// Tokens and documents contain no part of a private key.
func TestNoPrivateKeyIsPublished(t *testing.T) {
	t.Parallel()
	keys, secrets := secretNumbers(t)
	ring := newRing(t, nil)
	var out [][]byte
	for _, k := range keys {
		s, err := issuer.NewSigner(k, &issuer.SignerOptions{Certificates: [][]byte{certificate(t, k)}})
		if err != nil {
			t.Fatal(err)
		}
		if err := ring.Publish(s); err != nil {
			t.Fatal(err)
		}
		out = append(out, signedBytes(t, s)...)
	}
	h, err := issuer.NewHandler("https://issuer.example", ring, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range h.Documents() {
		out = append(out, d)
	}
	marshalled, err := json.Marshal(ring)
	if err != nil {
		t.Fatal(err)
	}
	out = append(out, marshalled)
	for name, secret := range secrets {
		secret = bytes.TrimLeft(secret, "\x00")
		for _, form := range []string{
			string(secret), hex.EncodeToString(secret), base64.RawURLEncoding.EncodeToString(secret), base64.StdEncoding.EncodeToString(secret),
		} {
			for _, b := range out {
				if bytes.Contains(b, []byte(form)) {
					t.Errorf("%s is published", name)
				}
			}
		}
	}
	onlyPublicMembers(t, h.Documents()[".well-known/jwks.json"], len(keys))
}

// onlyPublicMembers checks that a key set has no member that RFC 7518 calls private.
func onlyPublicMembers(t *testing.T, jwks []byte, want int) {
	t.Helper()
	var set struct {
		Keys []map[string]json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(jwks, &set); err != nil {
		t.Fatal(err)
	}
	public := []string{"kty", "use", "alg", "kid", "crv", "x", "y", "n", "e", "x5c"}
	for _, k := range set.Keys {
		for name := range k {
			if !slices.Contains(public, name) {
				t.Errorf("member %q is published", name)
			}
		}
	}
	if len(set.Keys) != want {
		t.Errorf("%d keys, want %d", len(set.Keys), want)
	}
}

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

func TestHandler(t *testing.T) {
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
			if tt.want != 200 {
				continue
			}
			if got := resp.Header.Get("Cache-Control"); got != "public, max-age=600" {
				t.Errorf("Cache-Control %q", got)
			}
			if got := resp.Header.Get("Content-Type"); got != "application/json" {
				t.Errorf("Content-Type %q", got)
			}
			etag := resp.Header.Get("Etag")
			for cond, want := range map[string]int{
				etag: 304, "W/" + etag: 304, `"a", ` + etag: 304, "*": 304, `"a"`: 200, "": 200, strings.Trim(etag, `"`): 200,
			} {
				r := httptest.NewRequest(http.MethodGet, tt.path, nil)
				if cond != "" {
					r.Header.Set("If-None-Match", cond)
				}
				if resp := record(h, r); resp.StatusCode != want || want == 304 && resp.ContentLength > 0 {
					t.Errorf("If-None-Match %s: %d, want %d", cond, resp.StatusCode, want)
				}
			}
			head := record(h, httptest.NewRequest(http.MethodHead, tt.path, nil))
			if head.StatusCode != http.StatusOK || head.Header.Get("Content-Length") == "" {
				t.Errorf("HEAD: %d, %v", head.StatusCode, head.Header)
			}
			for _, m := range []string{"POST", "PUT", "DELETE", "OPTIONS"} {
				if resp := record(h, httptest.NewRequest(m, tt.path, nil)); resp.StatusCode != http.StatusMethodNotAllowed || resp.Header.Get("Allow") != "GET, HEAD" {
					t.Errorf("%s: %d", m, resp.StatusCode)
				}
			}
		}
	}
	ring := newRing(t, nil)
	for _, raw := range []string{"", "issuer.example", "http://issuer.example", "http://127.0.0.1", "https://issuer.example?x", "https://issuer.example#x"} {
		if h, err := issuer.NewHandler(raw, ring, nil); err == nil || h != nil {
			t.Errorf("NewHandler(%q) = %v, %v; want an error", raw, h, err)
		}
	}
	if _, err := issuer.NewHandler("https://issuer.example", nil, nil); err == nil {
		t.Error("a nil ring was taken")
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
	h.Documents()[".well-known/jwks.json"][0] = 'x' // the caller's copy
	if h.Documents()[".well-known/jwks.json"][0] != '{' {
		t.Error("Documents returns shared bytes")
	}
}

// TestHandlerFollowsTheRing holds that the precomputed bytes are those of now.
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
			t.Errorf("keys %v of an empty ring", kids)
		}
		publish(t, ring, "a")
		one, kids := get()
		if !slices.Equal(kids, []string{"a"}) || one == none {
			t.Errorf("keys %v, tags %s %s", kids, none, one)
		}
		publish(t, ring, "b")
		two, kids := get()
		if !slices.Equal(kids, []string{"a", "b"}) || two == one {
			t.Errorf("keys %v", kids)
		}
		time.Sleep(12 * time.Minute)
		if same, _ := get(); same != two {
			t.Error("the tag changed although the documents did not")
		}
		time.Sleep(2 * time.Hour)
		if _, kids := get(); !slices.Equal(kids, []string{"b"}) {
			t.Errorf("keys %v, want the retired one gone", kids)
		}
	})
}

// TestNothingPrivateIsGivenOut walks every byte that an issuer gives out, with every kind of key.
func TestNothingPrivateIsGivenOut(t *testing.T) {
	t.Parallel()
	rk, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	keys := []crypto.Signer{rk}
	secrets := map[string][]byte{"d": rk.D.Bytes(), "p": rk.Primes[0].Bytes(), "q": rk.Primes[1].Bytes()}
	secrets["dp"], secrets["dq"], secrets["qi"] = rk.Precomputed.Dp.Bytes(), rk.Precomputed.Dq.Bytes(), rk.Precomputed.Qinv.Bytes()
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
		raw, err := s.Sign(t.Context(), map[string]any{"sub": "a"})
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, []byte(raw))
		for part := range strings.SplitSeq(raw, ".") {
			b, err := base64.RawURLEncoding.DecodeString(part)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, b)
		}
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
					t.Errorf("%s is given out", name)
				}
			}
		}
	}
	// And no member that RFC 7518 calls private, whatever its value.
	var set struct {
		Keys []map[string]json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(h.Documents()[".well-known/jwks.json"], &set); err != nil {
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
	if len(set.Keys) != 4 {
		t.Errorf("%d keys, want 4", len(set.Keys))
	}
}

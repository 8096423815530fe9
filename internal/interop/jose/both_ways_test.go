package jose_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	gojose "github.com/go-jose/go-jose/v4"
	josejwt "github.com/go-jose/go-jose/v4/jwt"
	"github.com/golang-jwt/jwt/v5"

	"github.com/onafed/onafed/idp/idptest"
	"github.com/onafed/onafed/idp/issuer"
	"github.com/onafed/onafed/internal/interop/program"
)

func newKey(t *testing.T, algorithm string) crypto.Signer {
	t.Helper()
	curves := map[string]elliptic.Curve{"ES256": elliptic.P256(), "ES384": elliptic.P384(), "ES512": elliptic.P521()}
	var key crypto.Signer
	var err error
	if curve := curves[algorithm]; curve != nil {
		key, err = ecdsa.GenerateKey(curve, rand.Reader)
	} else {
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// newNodeOrNil returns npm's jose, or nil if it is missing and may be.
func newNodeOrNil(t *testing.T) *node {
	t.Helper()
	var n *node
	t.Run("start node", func(t *testing.T) { program.Need(t, "node", "../node_modules/jose") })
	if program.Has("node", "../node_modules/jose") {
		n = newNode(t)
	}
	return n
}

func standardClaims(issuerURL string) map[string]any {
	now := time.Now()
	return map[string]any{
		"iss": issuerURL, "aud": audience, "sub": idptest.Subject, "org": idptest.OrganizationID,
		"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}
}

// serve starts an issuer's web server, whose documents contain its URL, and returns the URL.
func serve(t *testing.T, documents func(url string) map[string][]byte) string {
	t.Helper()
	var served map[string][]byte
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := served[strings.TrimPrefix(r.URL.Path, "/")]
		if body == nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Write(body)
	}))
	t.Cleanup(s.Close)
	served = documents(s.URL)
	return s.URL
}

// The other libraries find our keys by discovery and verify our tokens, with every algorithm.
func TestTheyVerifyOurs(t *testing.T) {
	t.Parallel()
	n := newNodeOrNil(t)
	for _, algorithm := range algorithms {
		ring, err := issuer.NewKeyRing(&issuer.KeyRingOptions{Wait: -1})
		if err != nil {
			t.Fatal(err)
		}
		signer, err := issuer.NewSigner(newKey(t, algorithm), &issuer.SignerOptions{Algorithm: algorithm})
		if err != nil {
			t.Fatal(err)
		}
		if err := ring.Publish(signer); err != nil {
			t.Fatal(err)
		}
		url := serve(t, func(url string) map[string][]byte {
			handler, err := issuer.NewHandler(url, ring, &issuer.HandlerOptions{InsecureLoopbackHTTP: true})
			if err != nil {
				t.Fatal(err)
			}
			return handler.Documents()
		})
		token, err := ring.Sign(t.Context(), standardClaims(url))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range peers(t, n) {
			t.Run(p.name+" "+algorithm, func(t *testing.T) {
				if sub, err := p.verify(t.Context(), url, token); err != nil || sub != idptest.Subject {
					t.Errorf("sub is %q, %v, want %q", sub, err, idptest.Subject)
				}
			})
		}
	}
}

// published returns the documents of an issuer whose keys were written by another library.
func published(t *testing.T, url string, keys any) map[string][]byte {
	t.Helper()
	metadata, err := json.Marshal(map[string]any{
		"issuer": url, "jwks_uri": url + "/keys", "response_types_supported": []string{"id_token"},
		"subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": algorithms,
	})
	if err != nil {
		t.Fatal(err)
	}
	set, err := json.Marshal(map[string]any{"keys": keys})
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{".well-known/openid-configuration": metadata, "keys": set}
}

// This library finds the keys of the others by discovery and verifies their tokens, with every
// algorithm.
func TestWeVerifyTheirs(t *testing.T) {
	t.Parallel()
	check := func(t *testing.T, url, token string, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if sub, err := ours(t.Context(), url, token); err != nil || sub != idptest.Subject {
			t.Errorf("sub is %q, %v, want %q", sub, err, idptest.Subject)
		}
	}
	for _, algorithm := range algorithms {
		key := newKey(t, algorithm)
		// go-jose writes the key, because golang-jwt does not write keys.
		url := serve(t, func(url string) map[string][]byte {
			return published(t, url, []any{gojose.JSONWebKey{Key: key.Public(), KeyID: algorithm, Algorithm: algorithm, Use: "sig"}})
		})
		t.Run("go-jose "+algorithm, func(t *testing.T) {
			signer, err := gojose.NewSigner(gojose.SigningKey{Algorithm: gojose.SignatureAlgorithm(algorithm), Key: key},
				(&gojose.SignerOptions{}).WithType("JWT").WithHeader("kid", algorithm))
			if err != nil {
				t.Fatal(err)
			}
			token, err := josejwt.Signed(signer).Claims(standardClaims(url)).Serialize()
			check(t, url, token, err)
		})
		t.Run("golang-jwt "+algorithm, func(t *testing.T) {
			unsigned := jwt.NewWithClaims(jwt.GetSigningMethod(algorithm), jwt.MapClaims(standardClaims(url)))
			unsigned.Header["kid"] = algorithm
			token, err := unsigned.SignedString(key)
			check(t, url, token, err)
		})
	}
	t.Run("jose", func(t *testing.T) {
		n := newNode(t)
		set, err := n.ask(map[string]any{"op": "keys", "algorithms": algorithms})
		if err != nil {
			t.Fatal(err)
		}
		url := serve(t, func(url string) map[string][]byte { return published(t, url, set.Keys) })
		for _, algorithm := range algorithms {
			t.Run(algorithm, func(t *testing.T) {
				a, err := n.ask(map[string]any{"op": "sign", "alg": algorithm, "claims": standardClaims(url)})
				check(t, url, a.Token, err)
			})
		}
	})
}

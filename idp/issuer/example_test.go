package issuer_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/issuer"
)

const (
	exampleIssuer = "https://issuer.example"
	exampleOrg    = "0191e223-1c3c-7607-badf-303c98b52d2f"
	exampleSub    = "org:" + exampleOrg + "/env:019527e4-75d5-704d-a5a4-a2b52cf56196"
)

// exampleRing returns a ring with one key.
func exampleRing() *issuer.KeyRing {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	signer, err := issuer.NewSigner(key, &issuer.SignerOptions{KeyID: "2026-11"})
	if err != nil {
		log.Fatal(err)
	}
	ring, err := issuer.NewKeyRing(nil)
	if err != nil {
		log.Fatal(err)
	}
	if err := ring.Publish(signer); err != nil {
		log.Fatal(err)
	}
	return ring
}

func exampleClaims(audience string, lifetime time.Duration) map[string]any {
	now := time.Now()
	return map[string]any{
		"iss": exampleIssuer, "sub": exampleSub, "org": exampleOrg, "aud": audience,
		"iat": now.Unix(), "exp": now.Add(lifetime).Unix(),
	}
}

// A service accepts the tokens of one organization. It fetches the keys from the issuer, which is
// in memory here.
func Example() {
	ctx := context.Background()
	ring := exampleRing()
	handler, err := issuer.NewHandler(exampleIssuer, ring, nil)
	if err != nil {
		log.Fatal(err)
	}

	keys, err := issuer.NewIssuerKeySet(exampleIssuer, &issuer.RemoteKeySetOptions{HTTPClient: handlerClient(handler)})
	if err != nil {
		log.Fatal(err)
	}
	verifier, err := issuer.NewVerifier(exampleIssuer, keys, &issuer.VerifierOptions{
		Audiences:     []string{"https://service.example"},
		Organizations: []string{exampleOrg},
		Algorithms:    []string{"ES256"},
	})
	if err != nil {
		log.Fatal(err)
	}

	token, err := ring.Sign(ctx, exampleClaims("https://service.example", time.Hour))
	if err != nil {
		log.Fatal(err)
	}
	c, err := verifier.Verify(ctx, token)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(c.Subject)
	// Output: org:0191e223-1c3c-7607-badf-303c98b52d2f/env:019527e4-75d5-704d-a5a4-a2b52cf56196
}

// The organization is required for the issuer that all customers of Ona share.
func ExampleNewVerifier() {
	keys, err := issuer.NewIssuerKeySet(idp.Issuer, nil)
	if err != nil {
		log.Fatal(err)
	}
	_, err = issuer.NewVerifier(idp.Issuer, keys, &issuer.VerifierOptions{Audiences: []string{"https://service.example"}})
	fmt.Println(err)
	// Output: issuer: NewVerifier: Organizations: must not be empty unless AnyOrganization is set: https://app.gitpod.io signs tokens for all customers of Ona
}

// The reason of a refusal is a value.
func ExampleVerifier_Verify() {
	ctx := context.Background()
	ring := exampleRing()
	verifier, err := issuer.NewVerifier(exampleIssuer, ring, &issuer.VerifierOptions{
		Audiences: []string{"https://service.example"}, Algorithms: []string{"ES256"},
	})
	if err != nil {
		log.Fatal(err)
	}
	token, err := ring.Sign(ctx, exampleClaims("https://service.example", -time.Hour))
	if err != nil {
		log.Fatal(err)
	}
	_, err = verifier.Verify(ctx, token)
	if refused, ok := errors.AsType[*issuer.VerifyError](err); ok {
		fmt.Println(refused.Reason, errors.Is(err, claims.ErrExpired))
	}
	// Output: expired true
}

func ExampleVerifier_Middleware() {
	ring := exampleRing()
	verifier, err := issuer.NewVerifier(exampleIssuer, ring, &issuer.VerifierOptions{
		Audiences: []string{"https://service.example"}, Algorithms: []string{"ES256"},
	})
	if err != nil {
		log.Fatal(err)
	}
	handler := verifier.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, _ := issuer.ClaimsFromContext(r.Context())
		fmt.Fprintln(w, "hello", c.OrganizationID)
	}))

	token, err := ring.Sign(context.Background(), exampleClaims("https://service.example", time.Hour))
	if err != nil {
		log.Fatal(err)
	}
	for _, authorization := range []string{"Bearer " + token, "Bearer " + token[1:], ""} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		if authorization != "" {
			r.Header.Set("Authorization", authorization)
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		fmt.Print(w.Code, " ", w.Header().Get("WWW-Authenticate"), " ", w.Body)
	}
	// Output:
	// 200  hello 0191e223-1c3c-7607-badf-303c98b52d2f
	// 401 Bearer error="invalid_token" unauthorized
	// 401 Bearer unauthorized
}

// A handler behind the middleware can be tested without tokens.
func ExampleContextWithClaims() {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, _ := issuer.ClaimsFromContext(r.Context())
		fmt.Fprintln(w, "hello", c.OrganizationID)
	})

	r := httptest.NewRequest(http.MethodGet, "/", nil)
	ctx := issuer.ContextWithClaims(r.Context(), claims.Claims{OrganizationID: "0191e223-1c3c-7607-badf-303c98b52d2f"})
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r.WithContext(ctx))
	fmt.Print(w.Code, " ", w.Body)
	// Output:
	// 200 hello 0191e223-1c3c-7607-badf-303c98b52d2f
}

// A service can accept the tokens of some projects and environments only.
func ExampleVerifierOptions() {
	_, err := issuer.NewVerifier(idp.Issuer, issuer.StaticKeySet(), &issuer.VerifierOptions{
		Audiences:     []string{"https://service.example"},
		Organizations: []string{"0191e223-1c3c-7607-badf-303c98b52d2f"},
		Projects:      []string{"my-project"},
	})
	fmt.Println(err)
	// Output:
	// issuer: NewVerifier: Projects: "my-project" is not an ID of Ona, a UUID in lower case: not a UUID: hexadecimal digit expected
}

// cloudKey is a key in a key management service (KMS). SignContext is optional: with it, the call
// of the service ends with the context of Sign.
type cloudKey struct {
	public  crypto.PublicKey
	service func(ctx context.Context, digest []byte) ([]byte, error)
}

func (k cloudKey) Public() crypto.PublicKey { return k.public }

func (k cloudKey) Sign(_ io.Reader, digest []byte, _ crypto.SignerOpts) ([]byte, error) {
	return k.service(context.Background(), digest)
}

func (k cloudKey) SignContext(ctx context.Context, _ io.Reader, digest []byte, _ crypto.SignerOpts) ([]byte, error) {
	return k.service(ctx, digest)
}

// A signer can use a key in a KMS, as any crypto.Signer.
func ExampleNewSigner_kms() {
	hidden, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	key := cloudKey{public: hidden.Public(), service: func(ctx context.Context, digest []byte) ([]byte, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		return ecdsa.SignASN1(rand.Reader, hidden, digest)
	}}

	signer, err := issuer.NewSigner(key, &issuer.SignerOptions{KeyID: "alias/issuer-2026"})
	if err != nil {
		log.Fatal(err)
	}
	token, err := signer.Sign(context.Background(), exampleClaims(idp.AudienceAWS, time.Hour))
	if err != nil {
		log.Fatal(err)
	}
	header, _, err := claims.ParseUnverified(token)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(header.Algorithm, header.KeyID)
	// Output: ES256 alias/issuer-2026
}

// A rotation is one call. The new key is published at once, and signs when all caches have it.
func ExampleKeyRing_Publish() {
	ring := exampleRing()
	next, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	signer, err := issuer.NewSigner(next, &issuer.SignerOptions{KeyID: "2026-12"})
	if err != nil {
		log.Fatal(err)
	}
	if err := ring.Publish(signer); err != nil {
		log.Fatal(err)
	}
	for _, k := range ring.Status() {
		fmt.Println(k.ID, k.State, k.Signs.Sub(k.Published))
	}
	// Output:
	// 2026-11 signing 0s
	// 2026-12 waiting 11m0s
}

// The documents of an issuer are written to a folder, for example to upload them to an object
// store.
func ExampleHandler_Documents() {
	handler, err := issuer.NewHandler(exampleIssuer, exampleRing(), nil)
	if err != nil {
		log.Fatal(err)
	}
	folder, err := os.MkdirTemp("", "issuer")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)

	documents := handler.Documents()
	for _, path := range slices.Sorted(maps.Keys(documents)) {
		file := filepath.Join(folder, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			log.Fatal(err)
		}
		if err := os.WriteFile(file, documents[path], 0o644); err != nil {
			log.Fatal(err)
		}
		fmt.Println(exampleIssuer + "/" + path)
	}
	// Output:
	// https://issuer.example/.well-known/jwks.json
	// https://issuer.example/.well-known/openid-configuration
}

func ExampleDiscover() {
	handler, err := issuer.NewHandler(exampleIssuer, exampleRing(), nil)
	if err != nil {
		log.Fatal(err)
	}
	meta, err := issuer.Discover(context.Background(), exampleIssuer, &issuer.DiscoverOptions{HTTPClient: handlerClient(handler)})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(meta.JWKSURI, meta.Algorithms)
	// Output: https://issuer.example/.well-known/jwks.json [ES256]
}

// The status of a ring, such as for a page for operators.
func ExampleKeyStatus() {
	at := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	text, err := json.MarshalIndent([]issuer.KeyStatus{
		{ID: "k0", Algorithm: "ES256", State: issuer.KeySigning, Published: at, Signs: at, Removed: at.Add(time.Hour)},
		{ID: "k1", Algorithm: "ES256", State: issuer.KeyWaiting, Published: at, Signs: at.Add(11 * time.Minute)},
	}, "", "  ")
	fmt.Println(string(text), err)
	// Output:
	// [
	//   {
	//     "id": "k0",
	//     "algorithm": "ES256",
	//     "state": "signing",
	//     "published": "2026-11-27T12:00:00Z",
	//     "signs": "2026-11-27T12:00:00Z",
	//     "removed": "2026-11-27T13:00:00Z"
	//   },
	//   {
	//     "id": "k1",
	//     "algorithm": "ES256",
	//     "state": "waiting",
	//     "published": "2026-11-27T12:00:00Z",
	//     "signs": "2026-11-27T12:11:00Z"
	//   }
	// ] <nil>
}

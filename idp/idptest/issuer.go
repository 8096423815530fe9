package idptest

import (
	"cmp"
	"context"
	"crypto"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/issuer"
	"github.com/onafed/onafed/internal/fakehttp"
	"github.com/onafed/onafed/internal/jose"
)

// The IDs in the tokens of an [Issuer], unless a test changes the claims.
const (
	OrganizationID = "0191e223-1c3c-7607-badf-303c98b52d2f"
	ProjectID      = "019527e4-75d5-704d-a5a4-a2b52cf56198"
	EnvironmentID  = "019527e4-75d5-704d-a5a4-a2b52cf56196"
)

// Subject is the sub of the tokens of an [Issuer]: an environment in a project of an organization.
const Subject = "org:" + OrganizationID + "/prj:" + ProjectID + "/env:" + EnvironmentID

// IssuerOptions are the options of [NewIssuer]. The zero value means an issuer like Ona's.
type IssuerOptions struct {
	// URL is the issuer URL; "" means https://app.gitpod.io.
	URL string
	// Algorithm is RS256, RS384, RS512, ES256, ES384 or ES512; "" means RS256.
	Algorithm string
	// Lifetime is exp - iat of the tokens; 0 means 1 hour. With a negative value they have expired.
	Lifetime time.Duration
	// MaxAge is the max-age of the documents, from 1 minute to 24 hours; 0 means 10 minutes.
	MaxAge time.Duration
}

// An Issuer is an OpenID Connect issuer in memory. It signs tokens, and serves its documents
// through [Issuer.Client]. It opens no connection and starts no goroutine, so it works in a
// testing/synctest bubble. The zero value is not usable; call [NewIssuer].
//
// All methods are safe for concurrent use, except [Issuer.Start], which must be called first.
type Issuer struct {
	// URL is the iss of the tokens. Do not change it. Start changes it unless the options contain a
	// URL.
	URL string

	tb       testing.TB
	fixedURL bool // the options contain a URL
	lifetime time.Duration
	alg      string
	ring     *issuer.KeyRing
	handler  *issuer.Handler

	faults fakehttp.Faults[Fault]

	mu       sync.Mutex // guards the fields below
	key      crypto.Signer
	signer   *issuer.Signer
	keys     int // number of keys made
	issued   int // number of tokens signed
	requests []Request
}

// NewIssuer returns an issuer with one key, whose kid is "k0". An RSA key is the same in all tests.
// Nil options mean the zero value.
func NewIssuer(tb testing.TB, opts *IssuerOptions) *Issuer {
	tb.Helper()
	o := *cmp.Or(opts, &IssuerOptions{})
	i := &Issuer{
		URL: cmp.Or(o.URL, idp.Issuer), tb: tb, fixedURL: o.URL != "",
		lifetime: cmp.Or(o.Lifetime, time.Hour), alg: cmp.Or(o.Algorithm, "RS256"),
	}
	var err error
	if i.ring, err = issuer.NewKeyRing(&issuer.KeyRingOptions{MaxAge: o.MaxAge, Wait: -1, TokenLifetime: 365 * 24 * time.Hour}); err != nil {
		tb.Fatalf("idptest: NewIssuer: %v", err)
	}
	i.serve()
	var key crypto.Signer
	if strings.HasPrefix(i.alg, "RS") {
		key, err = testKey()
	} else {
		key, err = newKey(i.alg)
	}
	if err != nil {
		tb.Fatalf("idptest: NewIssuer: %v", err)
	}
	i.addKey(key)
	return i
}

// serve makes the handler for the current URL.
func (i *Issuer) serve() {
	i.tb.Helper()
	h, err := issuer.NewHandler(i.URL, i.ring, &issuer.HandlerOptions{InsecureLoopbackHTTP: true})
	if err != nil {
		i.tb.Fatalf("idptest: %v", err)
	}
	i.handler = h
}

// addKey publishes a key, signs with it from now on, and returns its kid.
func (i *Issuer) addKey(key crypto.Signer) string {
	i.tb.Helper()
	i.mu.Lock()
	defer i.mu.Unlock()
	kid := fmt.Sprintf("k%d", i.keys)
	s, err := issuer.NewSigner(key, &issuer.SignerOptions{KeyID: kid, Algorithm: i.alg})
	if err == nil {
		err = i.ring.Publish(s)
	}
	if err != nil {
		i.tb.Fatalf("idptest: %v", err)
	}
	i.keys++
	i.key, i.signer = key, s
	return kid
}

// Start serves the issuer on a loopback port until the test ends, for programs in other processes,
// and returns "http://127.0.0.1:<port>". This is also the new URL of the issuer unless the options
// contain a URL, so call Start before you sign tokens. Verifiers need InsecureLoopbackHTTP.
func (i *Issuer) Start() string {
	i.tb.Helper()
	srv := httptest.NewServer(i)
	i.tb.Cleanup(func() {
		srv.CloseClientConnections() // Close waits for requests, and a fault may make them hang
		srv.Close()
	})
	if !i.fixedURL {
		i.URL = srv.URL
		i.serve()
	}
	return srv.URL
}

// Claims returns the claims of a new token for an audience. They are those of a V2 token of an Ona
// environment. The caller may change the map.
func (i *Issuer) Claims(audience string) map[string]any {
	now := time.Now()
	return map[string]any{
		"aud": audience,
		"exp": now.Add(i.lifetime).Unix(),
		"iat": now.Unix(),
		"iss": i.URL,
		"org": OrganizationID,
		"sub": Subject,
	}
}

// With returns a copy of claims with some of them replaced, given as pairs of name and value:
//
//	iss.Sign(idptest.With(iss.Claims("a"), "sub", "org:…/user:…", "exp", nil))
//
// A nil value removes the claim. With panics if a name is not a string or has no value.
func With(claims map[string]any, pairs ...any) map[string]any {
	out := make(map[string]any, len(claims)+len(pairs)/2)
	maps.Copy(out, claims)
	for n := 0; n+1 < len(pairs); n += 2 {
		name, ok := pairs[n].(string)
		if !ok {
			panic("idptest: With: a name is not a string")
		}
		if pairs[n+1] == nil {
			delete(out, name)
		} else {
			out[name] = pairs[n+1]
		}
	}
	if len(pairs)%2 != 0 {
		panic("idptest: With: a name has no value")
	}
	return out
}

// Sign returns a token with the given claims: a value that encoding/json encodes as an object, or
// the object as []byte. Sign does not add or check claims.
func (i *Issuer) Sign(claims any) string {
	i.tb.Helper()
	i.mu.Lock()
	s := i.signer
	i.issued++
	i.mu.Unlock()
	raw, err := s.Sign(context.Background(), claims)
	if err != nil {
		i.tb.Errorf("idptest: Sign: %v", err)
	}
	return raw
}

// SignRaw returns a token with any header and payload, and with a valid signature by the current
// key. It makes tokens that a real issuer does not make.
func (i *Issuer) SignRaw(header, payload []byte) string {
	i.tb.Helper()
	i.mu.Lock()
	key := i.key
	i.mu.Unlock()
	signed := jose.Encode(header) + "." + jose.Encode(payload)
	alg, _ := jose.Lookup(i.alg)
	sig, err := alg.Sign(context.Background(), key, []byte(signed))
	if err != nil {
		i.tb.Errorf("idptest: SignRaw: %v", err)
	}
	return signed + "." + jose.Encode(sig)
}

// Token returns a new token for an audience, with the claims of [Issuer.Claims].
func (i *Issuer) Token(audience string) *idp.Token {
	i.tb.Helper()
	t, err := idp.ParseToken(i.Sign(i.Claims(audience)))
	if err != nil {
		i.tb.Errorf("idptest: Token: %v", err)
	}
	return t
}

// TokenSource returns a source that signs a new token for an audience in each call. A call with a
// context that has ended fails.
func (i *Issuer) TokenSource(audience string) idp.TokenSource {
	return idp.TokenSourceFunc(func(ctx context.Context) (*idp.Token, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		return i.Token(audience), nil
	})
}

// Issued returns the number of tokens that were signed, except those of SignRaw.
func (i *Issuer) Issued() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.issued
}

// RotateKey publishes a new key, signs with it from now on, and returns its kid: k1, k2 and so on.
// The old keys stay published. A real issuer waits before it signs with a new key. This one does
// not, so that a verifier must fetch the key.
func (i *Issuer) RotateKey() string {
	i.tb.Helper()
	key, err := newKey(i.alg)
	if err != nil {
		i.tb.Fatalf("idptest: RotateKey: %v", err)
	}
	return i.addKey(key)
}

// RemoveKey removes a key from the key set, so that its tokens cannot be verified. If it is the
// current key, it still signs. It fails the test if there is no such key.
func (i *Issuer) RemoveKey(kid string) {
	i.tb.Helper()
	if err := i.ring.Remove(kid); err != nil {
		i.tb.Errorf("idptest: RemoveKey: %v", err)
	}
}

// PrivateKey returns the key that signs.
func (i *Issuer) PrivateKey() crypto.Signer {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.key
}

// Keys returns the public keys, for an [issuer.Verifier] that does not fetch them.
func (i *Issuer) Keys() issuer.KeySet { return i.ring }

// JWKS returns the key set as it is served.
func (i *Issuer) JWKS() []byte {
	i.tb.Helper()
	b, err := json.Marshal(i.ring)
	if err != nil {
		i.tb.Errorf("idptest: JWKS: %v", err)
	}
	return b
}

// Verifier returns a verifier for tokens of this issuer with an audience. It does not fetch the
// keys.
func (i *Issuer) Verifier(audience string) *issuer.Verifier {
	i.tb.Helper()
	v, err := issuer.NewVerifier(i.URL, i.ring, &issuer.VerifierOptions{
		Audiences: []string{audience}, AnyOrganization: true, Algorithms: []string{i.alg},
	})
	if err != nil {
		i.tb.Fatalf("idptest: Verifier: %v", err)
	}
	return v
}

var _ http.Handler = (*Issuer)(nil)

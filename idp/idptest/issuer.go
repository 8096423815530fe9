package idptest

import (
	"context"
	"crypto"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/issuer"
	"github.com/onafed/onafed/internal/fakehttp"
	"github.com/onafed/onafed/internal/jose"
)

// The identity in the tokens of an [Issuer], unless a test changes the claims: an environment of a project of an organization.
const (
	OrganizationID = "0191e223-1c3c-7607-badf-303c98b52d2f"
	ProjectID      = "019527e4-75d5-704d-a5a4-a2b52cf56198"
	EnvironmentID  = "019527e4-75d5-704d-a5a4-a2b52cf56196"
)

// Subject is the sub of those tokens.
const Subject = "org:" + OrganizationID + "/prj:" + ProjectID + "/env:" + EnvironmentID

// IssuerOptions are the choices of [NewIssuer]. The zero value is an issuer like Ona's.
type IssuerOptions struct {
	// URL is the issuer; "" means https://app.gitpod.io.
	URL string
	// Algorithm is one of RS256 (for ""), RS384, RS512, ES256, ES384 and ES512.
	Algorithm string
	// Lifetime is exp - iat of the tokens; 0 means 1 hour.
	Lifetime time.Duration
	// MaxAge is what the key set's Cache-Control says, from 1 minute to 24 hours; 0 means 10 minutes.
	MaxAge time.Duration
}

// An Issuer is an OpenID Connect issuer in memory. It signs tokens, and answers the requests of those who verify them through
// [Issuer.Client], without a socket and without a goroutine, so it works in a testing/synctest bubble. Use [NewIssuer]. All methods
// are safe for concurrent use, but for [Issuer.Start], which comes before them.
type Issuer struct {
	// URL is the iss of the tokens. It is read-only, and changed by Start if the options did not name one.
	URL string

	tb       testing.TB
	given    bool // URL was given
	lifetime time.Duration
	alg      string
	ring     *issuer.KeyRing
	handler  *issuer.Handler

	faults fakehttp.Faults[Fault]

	mu       sync.Mutex // guards the rest
	key      crypto.Signer
	signer   *issuer.Signer
	keys     int
	issued   int
	requests []Request
}

// NewIssuer returns an issuer with one key, whose kid is "k0". For RSA it is the same in every test. Nothing is started.
func NewIssuer(tb testing.TB, opts *IssuerOptions) *Issuer {
	tb.Helper()
	var o IssuerOptions
	if opts != nil {
		o = *opts
	}
	i := &Issuer{URL: o.URL, tb: tb, given: o.URL != "", lifetime: o.Lifetime, alg: o.Algorithm}
	if !i.given {
		i.URL = idp.Issuer
	}
	if i.lifetime == 0 {
		i.lifetime = time.Hour
	}
	if i.alg == "" {
		i.alg = "RS256"
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
		key, err = freshKey(i.alg)
	}
	if err != nil {
		tb.Fatalf("idptest: NewIssuer: %v", err)
	}
	i.addKey(key)
	return i
}

func (i *Issuer) serve() {
	i.tb.Helper()
	h, err := issuer.NewHandler(i.URL, i.ring, &issuer.HandlerOptions{InsecureLoopbackHTTP: true})
	if err != nil {
		i.tb.Fatalf("idptest: %v", err)
	}
	i.handler = h
}

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

// Start serves the issuer on a loopback port until the test ends, for programs that are not in this process, and returns
// "http://127.0.0.1:<port>". Unless the options named a URL, that becomes the issuer's URL too, so call Start before the first token.
// Whoever verifies must allow http for loopback addresses.
func (i *Issuer) Start() string {
	i.tb.Helper()
	srv := httptest.NewServer(i)
	i.tb.Cleanup(func() {
		srv.CloseClientConnections() // a request that a fault makes hang would hold Close
		srv.Close()
	})
	if !i.given {
		i.URL = srv.URL
		i.serve()
	}
	return srv.URL
}

// Claims returns the claims of a token for an audience as of now, like those of a V2 token of an Ona environment. The map is the
// caller's to change before it is signed.
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

// With returns the claims with others in them, for tokens that differ in little:
//
//	iss.Sign(idptest.With(iss.Claims("a"), "sub", "org:…/user:…", "exp", nil))
//
// A nil value takes the claim away. The claims that are given are not changed.
func With(claims map[string]any, pairs ...any) map[string]any {
	out := maps.Clone(claims)
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

// Sign returns a token with these claims: anything that encoding/json turns into an object, or the object as []byte. Nothing is
// added and nothing is checked.
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

// SignRaw returns three parts joined by dots: header and payload encoded as they are, whatever they are, and a true signature over
// them by the current key. It makes tokens that no honest issuer makes.
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

// Token returns a new token for an audience.
func (i *Issuer) Token(audience string) *idp.Token {
	i.tb.Helper()
	t, err := idp.ParseToken(i.Sign(i.Claims(audience)))
	if err != nil {
		i.tb.Errorf("idptest: Token: %v", err)
	}
	return t
}

// TokenSource returns a source that signs a new token for the audience at each call. It honours its context.
func (i *Issuer) TokenSource(audience string) idp.TokenSource {
	return idp.TokenSourceFunc(func(ctx context.Context) (*idp.Token, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		return i.Token(audience), nil
	})
}

// Issued returns how many tokens were signed, but for those of SignRaw.
func (i *Issuer) Issued() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.issued
}

// RotateKey publishes a new key, signs with it as of now, and returns its kid: k1, k2 and so on. The old keys stay published. An
// honest issuer waits before it signs with a new key; this one does not, so that verifiers must notice.
func (i *Issuer) RotateKey() string {
	i.tb.Helper()
	key, err := freshKey(i.alg)
	if err != nil {
		i.tb.Fatalf("idptest: RotateKey: %v", err)
	}
	return i.addKey(key)
}

// RemoveKey takes a key out of the key set. Tokens that it signs, and it may be the one that signs now, cannot be verified any more.
func (i *Issuer) RemoveKey(kid string) {
	i.tb.Helper()
	if err := i.ring.Remove(kid); err != nil {
		i.tb.Errorf("idptest: RemoveKey: %v", err)
	}
}

// PrivateKey returns the key that signs now, for tests that need it in another form.
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

// Verifier returns a verifier of this issuer's tokens for the audience that reads the keys from memory.
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

// host is the scheme and host that the client answers for.
func (i *Issuer) host() (scheme, host string) {
	u, err := url.Parse(i.URL)
	if err != nil {
		return "", ""
	}
	return u.Scheme, u.Host
}

var _ http.Handler = (*Issuer)(nil)

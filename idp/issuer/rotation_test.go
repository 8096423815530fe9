package issuer_test

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/issuer"
)

// TestRotation simulates an issuer that rotates its key three times, and verifiers whose key sets
// have all ages that Cache-Control allows. Each valid token, up to five minutes after exp, finds
// its key in each key set at each time.
func TestRotation(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]issuer.KeyRingOptions{
		"default":           {},
		"short caches":      {MaxAge: time.Minute},
		"caches of an hour": {MaxAge: time.Hour},
		"long tokens":       {MaxAge: 5 * time.Minute, TokenLifetime: 2 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if broken := simulateRotation(t, o); len(broken) > 0 {
				t.Errorf("%d tokens were refused, first: %s", len(broken), broken[0])
			}
		})
	}
	// Without the wait, the simulation must find refused tokens.
	t.Run("without the wait", func(t *testing.T) {
		t.Parallel()
		if broken := simulateRotation(t, issuer.KeyRingOptions{Wait: -1}); len(broken) == 0 {
			t.Error("no token was refused without the wait")
		}
	})
}

// A rotation is an issuer that rotates its key, with several verifiers.
type rotation struct {
	t                *testing.T
	ring             *issuer.KeyRing
	handler          *issuer.Handler
	maxAge, lifetime time.Duration
	caches           []cache
	remote           *issuer.Verifier // fetches its keys with a RemoteKeySet
	live             []liveToken
	refused          []string
}

// A cache fetches the key set when its copy is older than Cache-Control allows, and never for an
// unknown kid, as STS may do.
type cache struct {
	fetched time.Time
	keys    issuer.KeySet
}

type liveToken struct {
	raw, kid string
	exp      time.Time
}

const rotationIssuer = "https://issuer.example"

func newRotation(t *testing.T, o issuer.KeyRingOptions) *rotation {
	t.Helper()
	s := &rotation{
		t: t, ring: newRing(t, &o), caches: make([]cache, 7),
		maxAge: cmp.Or(o.MaxAge, 10*time.Minute), lifetime: cmp.Or(o.TokenLifetime, time.Hour),
	}
	var err error
	if s.handler, err = issuer.NewHandler(rotationIssuer, s.ring, nil); err != nil {
		t.Fatal(err)
	}
	keys, err := issuer.NewIssuerKeySet(rotationIssuer, &issuer.RemoteKeySetOptions{HTTPClient: handlerClient(s.handler)})
	if err != nil {
		t.Fatal(err)
	}
	s.remote = newVerifier(t, rotationIssuer, keys, issuer.VerifierOptions{AnyAudience: true, Algorithms: []string{"ES256"}, Leeway: 5 * time.Minute})
	return s
}

// fetch returns the current key set.
func (s *rotation) fetch() issuer.KeySet {
	keys, err := issuer.ParseKeySet(s.handler.Documents()[".well-known/jwks.json"])
	if err != nil {
		s.t.Fatal(err)
	}
	return issuer.StaticKeySet(keys...)
}

// sign adds a token, and removes the tokens that are no longer valid.
func (s *rotation) sign() {
	now := time.Now()
	raw, err := s.ring.Sign(s.t.Context(), map[string]any{"iss": rotationIssuer, "sub": "s-000001", "iat": now.Unix(), "exp": now.Add(s.lifetime).Unix()})
	if err != nil {
		s.t.Fatal(err)
	}
	tok, err := idp.ParseToken(raw)
	if err != nil {
		s.t.Fatal(err)
	}
	s.live = append(s.live, liveToken{raw, tok.Header().KeyID, tok.Expiry()})
	s.live = slices.DeleteFunc(s.live, func(k liveToken) bool { return !now.Before(k.exp.Add(5 * time.Minute)) })
}

// check verifies the tokens. Cache i exists from step i, so that the caches have different ages.
func (s *rotation) check(step int) {
	for i := range min(step+1, len(s.caches)) {
		c := &s.caches[i]
		if c.keys == nil || time.Since(c.fetched) >= s.maxAge {
			c.keys, c.fetched = s.fetch(), time.Now()
		}
		for n, k := range s.live {
			if n > 0 && s.live[n-1].kid == k.kid {
				continue
			}
			_, err := c.keys.Keys(s.t.Context(), k.kid)
			s.record(fmt.Sprintf("a cache of age %v", time.Since(c.fetched)), k, err)
		}
	}
	for _, k := range []liveToken{s.live[0], s.live[len(s.live)-1]} {
		_, err := s.remote.Verify(s.t.Context(), k.raw)
		s.record("a RemoteKeySet", k, err)
	}
}

func (s *rotation) record(verifier string, k liveToken, err error) {
	if err != nil {
		s.refused = append(s.refused, fmt.Sprintf("%s, key %s, %v before exp: %v", verifier, k.kid, time.Until(k.exp), err))
	}
}

// simulateRotation returns the tokens that a verifier refused.
func simulateRotation(t *testing.T, o issuer.KeyRingOptions) (refused []string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := newRotation(t, o)
		start, interval := time.Now(), s.maxAge+2*time.Minute+s.lifetime/3
		for step, published := 0, 0; published < 4 && len(s.refused) == 0; step++ {
			if time.Since(start) >= time.Duration(published)*interval {
				publish(t, s.ring, fmt.Sprintf("k%d", published))
				published++
			}
			s.sign()
			s.check(step)
			time.Sleep(s.maxAge/3 + 7*time.Second)
		}
		refused = s.refused
	})
	return refused
}

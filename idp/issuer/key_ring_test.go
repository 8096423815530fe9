package issuer_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/idptest"
	"github.com/onafed/onafed/idp/issuer"
)

func publish(t *testing.T, r *issuer.KeyRing, kid string) {
	t.Helper()
	if err := r.Publish(newSigner(t, ecKey(t), kid)); err != nil {
		t.Fatal(err)
	}
}

func states(r *issuer.KeyRing) map[string]issuer.KeyState {
	m := make(map[string]issuer.KeyState)
	for _, s := range r.Status() {
		m[s.ID] = s.State
	}
	return m
}

func wantStates(t *testing.T, r *issuer.KeyRing, want map[string]issuer.KeyState) {
	t.Helper()
	if got := states(r); !maps.Equal(got, want) {
		t.Errorf("states %v, want %v", got, want)
	}
	// What is served is what Status says.
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := issuer.ParseKeySet(b)
	if err != nil {
		t.Fatal(err)
	}
	var kids []string
	for _, k := range keys {
		kids = append(kids, k.ID)
	}
	slices.Sort(kids)
	if all := slices.Sorted(maps.Keys(want)); !slices.Equal(kids, all) {
		t.Errorf("published %v, want %v", kids, all)
	}
}

func TestLifeOfAKey(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const waiting, signing, retired = issuer.KeyWaiting, issuer.KeySigning, issuer.KeyRetired
		r := newRing(t, &issuer.KeyRingOptions{MaxAge: 10 * time.Minute, TokenLifetime: time.Hour})
		wantStates(t, r, map[string]issuer.KeyState{})
		if _, err := r.Sign(t.Context(), map[string]any{"exp": time.Now().Unix() + 1}); err == nil {
			t.Error("an empty ring signed")
		}
		publish(t, r, "a") // the first signs at once: nobody has a copy without it
		wantStates(t, r, map[string]issuer.KeyState{"a": signing})
		time.Sleep(24 * time.Hour)
		wantStates(t, r, map[string]issuer.KeyState{"a": signing})
		publish(t, r, "b")
		wantStates(t, r, map[string]issuer.KeyState{"a": signing, "b": waiting})
		time.Sleep(11*time.Minute - time.Nanosecond)
		wantStates(t, r, map[string]issuer.KeyState{"a": signing, "b": waiting})
		time.Sleep(time.Nanosecond)
		wantStates(t, r, map[string]issuer.KeyState{"a": retired, "b": signing})
		time.Sleep(65*time.Minute - time.Nanosecond) // lifetime and the grace of STS
		wantStates(t, r, map[string]issuer.KeyState{"a": retired, "b": signing})
		time.Sleep(time.Nanosecond)
		wantStates(t, r, map[string]issuer.KeyState{"b": signing})
	})
}

func TestRingByHand(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const waiting, signing, retired = issuer.KeyWaiting, issuer.KeySigning, issuer.KeyRetired
		r := newRing(t, nil)
		publish(t, r, "a")
		if r.Retire("a") == nil {
			t.Error("the only key was retired")
		}
		publish(t, r, "b")
		if r.Retire("a") == nil {
			t.Error("a was retired while b was waiting")
		}
		var none *issuer.KeyNotFoundError
		for _, err := range []error{r.Remove("x"), r.Retire("x")} {
			if !errors.As(err, &none) || none.KeyID != "x" {
				t.Errorf("Remove or Retire of what is not there: %v", err)
			}
		}
		if err := r.Publish(newSigner(t, ecKey(t), "b")); err == nil {
			t.Error("a kid was taken twice")
		}
		time.Sleep(11 * time.Minute)
		if err := r.Retire("b"); err != nil { // b is suspect, a is still published
			t.Fatal(err)
		}
		wantStates(t, r, map[string]issuer.KeyState{"a": signing, "b": retired})
		time.Sleep(2 * time.Hour)
		wantStates(t, r, map[string]issuer.KeyState{"a": signing})
		publish(t, r, "c")
		time.Sleep(11 * time.Minute)
		wantStates(t, r, map[string]issuer.KeyState{"a": retired, "c": signing})
		if err := r.Remove("a"); err != nil { // in the wrong hands
			t.Fatal(err)
		}
		wantStates(t, r, map[string]issuer.KeyState{"c": signing})
		publish(t, r, "d")
		wantStates(t, r, map[string]issuer.KeyState{"c": signing, "d": waiting})
		if err := r.Remove("d"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		wantStates(t, r, map[string]issuer.KeyState{"c": signing})
	})
}

// TestKeyInTheWrongHands: it is gone at once, and the issuer goes on with what it has.
func TestKeyInTheWrongHands(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const waiting, signing = issuer.KeyWaiting, issuer.KeySigning
		r := newRing(t, nil)
		publish(t, r, "a")
		publish(t, r, "b")
		publish(t, r, "c")
		if err := r.Remove("a"); err != nil {
			t.Fatal(err)
		}
		wantStates(t, r, map[string]issuer.KeyState{"b": signing, "c": waiting})
		claims := map[string]any{"exp": time.Now().Unix()}
		if _, err := r.Sign(t.Context(), claims); err != nil {
			t.Error(err)
		}
		for _, kid := range []string{"c", "b"} {
			if err := r.Remove(kid); err != nil {
				t.Fatal(err)
			}
		}
		wantStates(t, r, map[string]issuer.KeyState{})
		if _, err := r.Sign(t.Context(), claims); err == nil {
			t.Error("an empty ring signed")
		}
		publish(t, r, "d")
		wantStates(t, r, map[string]issuer.KeyState{"d": signing})
	})
}

// TestRingsOfSeveralMachinesAgree: the times of publication are all that they must share.
func TestRingsOfSeveralMachinesAgree(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		a, b := newSigner(t, ecKey(t), "a"), newSigner(t, ecKey(t), "b")
		time.Sleep(48 * time.Hour)
		for _, at := range []time.Duration{5 * time.Minute, 15 * time.Minute, 20 * time.Hour} {
			r := newRing(t, nil) // a process that starts now
			if err := r.PublishAt(a, start); err != nil {
				t.Fatal(err)
			}
			if err := r.PublishAt(b, time.Now().Add(-at)); err != nil {
				t.Fatal(err)
			}
			want := map[string]issuer.KeyState{"a": issuer.KeyRetired, "b": issuer.KeySigning}
			switch at {
			case 5 * time.Minute:
				want = map[string]issuer.KeyState{"a": issuer.KeySigning, "b": issuer.KeyWaiting}
			case 20 * time.Hour:
				delete(want, "a")
			}
			wantStates(t, r, want)
			if err := r.PublishAt(newSigner(t, ecKey(t), "c"), start); err == nil {
				t.Error("a key older than the last was taken")
			}
		}
	})
}

// TestPublishedAhead: a key with a time that is to come is served at once and waits from that time on.
func TestPublishedAhead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const waiting, signing, retired = issuer.KeyWaiting, issuer.KeySigning, issuer.KeyRetired
		r := newRing(t, nil)
		publish(t, r, "a")
		if err := r.PublishAt(newSigner(t, ecKey(t), "b"), time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		wantStates(t, r, map[string]issuer.KeyState{"a": signing, "b": waiting})
		time.Sleep(time.Hour + 11*time.Minute - time.Nanosecond)
		wantStates(t, r, map[string]issuer.KeyState{"a": signing, "b": waiting})
		time.Sleep(time.Nanosecond)
		wantStates(t, r, map[string]issuer.KeyState{"a": retired, "b": signing})
	})
}

// TestDocumentsAreWrittenInTime: of the documents on an object store a cache may have taken the old ones just before the new ones came.
func TestDocumentsAreWrittenInTime(t *testing.T) {
	t.Parallel()
	const maxAge, wait = 10 * time.Minute, 15 * time.Minute
	for _, c := range []struct {
		name    string
		written time.Duration // after the publication
		known   bool
	}{
		{"at once", 0, true},
		{"within Wait less MaxAge", wait - maxAge, true},
		{"later", wait - maxAge + time.Second, false},
		{"just within Wait", wait - time.Second, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRing(t, &issuer.KeyRingOptions{MaxAge: maxAge, Wait: wait})
				h, err := issuer.NewHandler("https://issuer.example", r, nil)
				if err != nil {
					t.Fatal(err)
				}
				publish(t, r, "a")
				cached := h.Documents()[".well-known/jwks.json"]
				publish(t, r, "b")
				published := time.Now()
				time.Sleep(c.written)
				store := h.Documents()[".well-known/jwks.json"]
				time.Sleep(maxAge) // then the copy is too old, and the cache takes what is in the store
				if time.Since(published) <= wait {
					cached = store
				}
				time.Sleep(time.Until(published.Add(wait)))
				wantStates(t, r, map[string]issuer.KeyState{"a": issuer.KeyRetired, "b": issuer.KeySigning})
				keys, err := issuer.ParseKeySet(cached)
				if err != nil {
					t.Fatal(err)
				}
				known := slices.ContainsFunc(keys, func(k issuer.Key) bool { return k.ID == "b" })
				if known != c.known {
					t.Errorf("the cache knows the key that signs: %t, want %t", known, c.known)
				}
			})
		})
	}
}

func TestRingOptions(t *testing.T) {
	t.Parallel()
	for _, o := range []issuer.KeyRingOptions{
		{MaxAge: time.Second},
		{MaxAge: -1},
		{MaxAge: 25 * time.Hour},
		{MaxAge: 90*time.Second + 1},
		{MaxAge: time.Hour, Wait: time.Minute},
		{TokenLifetime: -1},
	} {
		if r, err := issuer.NewKeyRing(&o); err == nil || r != nil {
			t.Errorf("NewKeyRing(%+v) = %v, %v; want an error", o, r, err)
		}
	}
	r := newRing(t, nil)
	if err := r.Publish(nil); err == nil {
		t.Error("a nil signer was published")
	}
	for i := range 100 {
		publish(t, r, fmt.Sprint(i))
	}
	if err := r.Publish(newSigner(t, ecKey(t), "x")); err == nil {
		t.Error("a 101st key was published")
	}
}

// TestRingSignsNothingThatOutlivesItsKey: else a retired key would have to stay for ever.
func TestRingSignsNothingThatOutlivesItsKey(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRing(t, nil)
		publish(t, r, "a")
		now := time.Now().Unix()
		for name, tt := range map[string]struct {
			claims any
			want   bool
		}{
			"an hour":         {map[string]any{"exp": now + 3600}, true},
			"past":            {map[string]any{"exp": now - 1}, true}, // nobody's harm
			"as bytes":        {fmt.Appendf(nil, `{"exp":%d}`, now), true},
			"a float":         {fmt.Appendf(nil, `{"exp":%d.5}`, now), true},
			"more":            {map[string]any{"exp": now + 3700}, false},
			"1e300":           {[]byte(`{"exp":1e300}`), false},
			"none":            {map[string]any{}, false},
			"null":            {[]byte(`{"exp":null}`), false},
			"text":            {[]byte(`{"exp":"1"}`), false},
			"no object":       {[]byte(`[]`), false},
			"not JSON":        {[]byte(`{`), false},
			"nil":             {nil, false},
			"nothing":         {[]byte(nil), false},
			"cannot marshal":  {make(chan int), false},
			"a small integer": {[]byte(`{"exp":1}`), true},
			"twice":           {fmt.Appendf(nil, `{"exp":%d,"exp":%d}`, now+1e6, now), false},
			"in two cases":    {fmt.Appendf(nil, `{"exp":%d,"Exp":%d}`, now+1e6, now), false},
			"in capitals":     {fmt.Appendf(nil, `{"EXP":%d}`, now), false},
			"a map's two":     {map[string]any{"exp": now, "eXp": now}, false},
		} {
			raw, err := r.Sign(t.Context(), tt.claims)
			if (err == nil) != tt.want || (raw != "") != tt.want {
				t.Errorf("%s: Sign = %q, %v; want ok %v", name, raw, err, tt.want)
			}
		}
	})
}

// TestRotationBreaksNobody simulates an issuer that rotates three times, and verifiers whose copies of the keys are of every age that the
// Cache-Control allows. At each moment each token that lives, from its first second to the end of STS's grace, finds its key in each.
func TestRotationBreaksNobody(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]issuer.KeyRingOptions{
		"as by default":     {},
		"short copies":      {MaxAge: time.Minute},
		"copies of an hour": {MaxAge: time.Hour},
		"long tokens":       {MaxAge: 5 * time.Minute, TokenLifetime: 2 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if broken := rotate(t, o); len(broken) > 0 {
				t.Errorf("%d refusals, first: %s", len(broken), broken[0])
			}
		})
	}
	// The simulation must be able to fail: a ring that does not wait breaks whoever has a copy.
	t.Run("without the wait", func(t *testing.T) {
		t.Parallel()
		if broken := rotate(t, issuer.KeyRingOptions{Wait: -1}); len(broken) == 0 {
			t.Error("no refusal without a wait: the simulation proves nothing")
		}
	})
}

func rotate(t *testing.T, o issuer.KeyRingOptions) (broken []string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		const url = "https://issuer.example"
		ring := newRing(t, &o)
		h, err := issuer.NewHandler(url, ring, nil)
		if err != nil {
			t.Fatal(err)
		}
		lifetime := o.TokenLifetime
		if lifetime == 0 {
			lifetime = time.Hour
		}
		maxAge := o.MaxAge
		if maxAge == 0 {
			maxAge = 10 * time.Minute
		}
		origin := handlerClient(h)
		// copyOf is a verifier that fetches when its copy is older than Cache-Control allows and never otherwise, not even for an unknown
		// kid: STS may be such a one. Each starts at another time, so that copies of all ages meet each rotation.
		type copyOf struct {
			fetched time.Time
			keys    issuer.KeySet
		}
		copies := make([]copyOf, 7)
		fetch := func() issuer.KeySet {
			keys, err := issuer.ParseKeySet(h.Documents()[".well-known/jwks.json"])
			if err != nil {
				t.Fatal(err)
			}
			return issuer.StaticKeySet(keys...)
		}
		remote, err := issuer.NewIssuerKeySet(url, &issuer.RemoteKeySetOptions{HTTPClient: origin})
		if err != nil {
			t.Fatal(err)
		}
		v := newVerifier(t, url, remote, issuer.VerifierOptions{AnyAudience: true, Algorithms: []string{"ES256"}, Leeway: 5 * time.Minute})
		type token struct {
			raw, kid string
			exp      time.Time
		}
		var live []token
		refused := func(who string, tok token, err error) {
			if err != nil {
				broken = append(broken, fmt.Sprintf("%s, key %s, %v before exp: %v", who, tok.kid, time.Until(tok.exp), err))
			}
		}
		begin, every := time.Now(), maxAge+2*time.Minute+lifetime/3
		for step, published := 0, 0; published < 4 && len(broken) == 0; step++ {
			if time.Since(begin) >= time.Duration(published)*every {
				publish(t, ring, fmt.Sprintf("k%d", published))
				published++
			}
			now := time.Now()
			raw, err := ring.Sign(t.Context(), map[string]any{"iss": url, "sub": "s-000001", "iat": now.Unix(), "exp": now.Add(lifetime).Unix()})
			if err != nil {
				t.Fatal(err)
			}
			tok, err := idp.ParseToken(raw)
			if err != nil {
				t.Fatal(err)
			}
			live = append(live, token{raw, tok.Header().KeyID, tok.Expiry()})
			live = slices.DeleteFunc(live, func(k token) bool { return !now.Before(k.exp.Add(5 * time.Minute)) }) // the grace of STS
			for i := range copies {
				c := &copies[i]
				if step < i {
					continue
				}
				if c.keys == nil || now.Sub(c.fetched) >= maxAge {
					c.keys, c.fetched = fetch(), now
				}
				for n, k := range live {
					if n > 0 && live[n-1].kid == k.kid {
						continue
					}
					_, err := c.keys.Keys(t.Context(), k.kid)
					refused(fmt.Sprintf("a copy of %v", now.Sub(c.fetched)), k, err)
				}
			}
			for _, k := range []token{live[0], live[len(live)-1]} {
				_, err := v.Verify(t.Context(), k.raw)
				refused("a RemoteKeySet", k, err)
			}
			time.Sleep(maxAge/3 + 7*time.Second)
		}
	})
	return broken
}

// handlerClient calls a handler in memory.
func handlerClient(h http.Handler) *http.Client {
	return &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		if err := r.Context().Err(); err != nil {
			return nil, err
		}
		return record(h, r), nil
	})}
}

func TestRingIsAKeySet(t *testing.T) {
	t.Parallel()
	r := newRing(t, nil)
	publish(t, r, "a")
	wantKey(t, r, "a")
	wantNoKey(t, r, "b")
	v := newVerifier(t, "https://issuer.example", r, issuer.VerifierOptions{AnyAudience: true, Algorithms: []string{"ES256"}})
	raw, err := r.Sign(t.Context(), map[string]any{"iss": "https://issuer.example", "exp": time.Now().Add(time.Minute).Unix()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Verify(t.Context(), raw); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Sign(ctx, map[string]any{"exp": time.Now().Unix()}); !errors.Is(err, context.Canceled) {
		t.Errorf("Sign with a context that has ended: %v", err)
	}
	idptest.AssertNoSecret(t, fmt.Sprint(r.Status()), raw)
}

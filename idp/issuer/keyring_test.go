package issuer_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

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
	// The published keys are those of Status.
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

func TestStagesOfAKey(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const waiting, signing, retired = issuer.KeyWaiting, issuer.KeySigning, issuer.KeyRetired
		r := newRing(t, &issuer.KeyRingOptions{MaxAge: 10 * time.Minute, TokenLifetime: time.Hour})
		wantStates(t, r, map[string]issuer.KeyState{})
		if _, err := r.Sign(t.Context(), map[string]any{"exp": time.Now().Unix() + 1}); err == nil {
			t.Error("a ring without keys signed")
		}
		publish(t, r, "a") // the first key signs at once, because no cache has a key set without it
		wantStates(t, r, map[string]issuer.KeyState{"a": signing})
		time.Sleep(24 * time.Hour)
		wantStates(t, r, map[string]issuer.KeyState{"a": signing})
		publish(t, r, "b")
		wantStates(t, r, map[string]issuer.KeyState{"a": signing, "b": waiting})
		time.Sleep(11*time.Minute - time.Nanosecond)
		wantStates(t, r, map[string]issuer.KeyState{"a": signing, "b": waiting})
		time.Sleep(time.Nanosecond)
		wantStates(t, r, map[string]issuer.KeyState{"a": retired, "b": signing})
		time.Sleep(65*time.Minute - time.Nanosecond) // lifetime and maximum leeway
		wantStates(t, r, map[string]issuer.KeyState{"a": retired, "b": signing})
		time.Sleep(time.Nanosecond)
		wantStates(t, r, map[string]issuer.KeyState{"b": signing})
	})
}

func TestRetireAndRemove(t *testing.T) {
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
		for _, err := range []error{r.Remove("x"), r.Retire("x")} {
			if notFound, ok := errors.AsType[*issuer.KeyNotFoundError](err); !ok || notFound.KeyID != "x" {
				t.Errorf("Remove or Retire of an unknown key: %v", err)
			}
		}
		if err := r.Publish(newSigner(t, ecKey(t), "b")); err == nil {
			t.Error("two keys with the same kid were published")
		}
		time.Sleep(11 * time.Minute)
		if err := r.Retire("b"); err != nil { // a is still published
			t.Fatal(err)
		}
		wantStates(t, r, map[string]issuer.KeyState{"a": signing, "b": retired})
		time.Sleep(2 * time.Hour)
		wantStates(t, r, map[string]issuer.KeyState{"a": signing})
		publish(t, r, "c")
		time.Sleep(11 * time.Minute)
		wantStates(t, r, map[string]issuer.KeyState{"a": retired, "c": signing})
		if err := r.Remove("a"); err != nil {
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

// If the current key is removed, the next key signs at once.
func TestRemoveTheCurrentKey(t *testing.T) {
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
			t.Error("a ring without keys signed")
		}
		publish(t, r, "d")
		wantStates(t, r, map[string]issuer.KeyState{"d": signing})
	})
}

// The ID of a key in the ring cannot be published again, and every key can be retired or removed,
// whatever its place in the ring is.
func TestRingFindsEachKey(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const waiting, signing = issuer.KeyWaiting, issuer.KeySigning
		r := newRing(t, nil)
		publish(t, r, "a")
		publish(t, r, "b")
		for _, kid := range []string{"a", "b"} {
			if err := r.Publish(newSigner(t, ecKey(t), kid)); err == nil {
				t.Errorf("a second key %s was published", kid)
			}
		}
		if err := r.Remove("b"); err != nil {
			t.Errorf("Remove of the last key: %v", err)
		}
		wantStates(t, r, map[string]issuer.KeyState{"a": signing})
		publish(t, r, "c")
		wantStates(t, r, map[string]issuer.KeyState{"a": signing, "c": waiting})
		time.Sleep(time.Second)
		signs := r.Status()[0].Signs
		if err := r.Remove("c"); err != nil {
			t.Fatal(err)
		}
		wantStates(t, r, map[string]issuer.KeyState{"a": signing})
		if got := r.Status()[0].Signs; !got.Equal(signs) {
			t.Errorf("after the removal of another key, the current key signs since %v, want %v", got, signs)
		}
		for _, call := range []func(string) error{r.Remove, r.Retire} {
			var notFound *issuer.KeyNotFoundError
			if err := call("c"); !errors.As(err, &notFound) {
				t.Errorf("a key that is not in the ring: %v, want a *KeyNotFoundError", err)
			}
		}
	})
}

// Machines with the same keys and times of publication sign with the same key.
func TestPublishedInThePast(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		a, b := newSigner(t, ecKey(t), "a"), newSigner(t, ecKey(t), "b")
		time.Sleep(48 * time.Hour)
		for _, at := range []time.Duration{5 * time.Minute, 15 * time.Minute, 20 * time.Hour} {
			r := newRing(t, nil) // of a new process
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
				t.Error("a key older than the last one was published")
			}
		}
	})
}

// A key with a time in the future is served at once, and its wait starts at that time.
func TestPublishedInTheFuture(t *testing.T) {
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

// A cache may fetch the old documents from an object store just before the new ones are uploaded.
func TestUploadOfDocuments(t *testing.T) {
	t.Parallel()
	const maxAge, wait = 10 * time.Minute, 15 * time.Minute
	for _, c := range []struct {
		name     string
		uploaded time.Duration // after the publication
		known    bool
	}{
		{"at once", 0, true},
		{"within Wait minus MaxAge", wait - maxAge, true},
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
				time.Sleep(c.uploaded)
				store := h.Documents()[".well-known/jwks.json"]
				time.Sleep(maxAge) // the cache fetches the documents again
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
					t.Errorf("the cache has the current key: %t, want %t", known, c.known)
				}
			})
		})
	}
}

// tenYears is the longest TokenLifetime and Wait.
const tenYears = 10 * 365 * 24 * time.Hour

// With the longest lifetime, a key stays published after a second one signs.
func TestRingKeepsKeysForTheLongestLifetime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRing(t, &issuer.KeyRingOptions{TokenLifetime: tenYears, Wait: -1})
		publish(t, r, "a")
		publish(t, r, "b")
		for range 2 {
			if got := states(r); got["a"] != issuer.KeyRetired || got["b"] != issuer.KeySigning {
				t.Errorf("the states are %v, want a retired and b signing", got)
			}
			time.Sleep(tenYears)
		}
		if got := states(r); len(got) != 1 {
			t.Errorf("the states after 20 years are %v, want b only", got)
		}
	})
}

func TestTheZeroRingRefusesKeys(t *testing.T) {
	t.Parallel()
	if err := new(issuer.KeyRing).Publish(newSigner(t, ecKey(t), "a")); err == nil || !strings.Contains(err.Error(), "call NewKeyRing") {
		t.Errorf("Publish: %v, want an error that names NewKeyRing", err)
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
		{TokenLifetime: tenYears + 1},
		{TokenLifetime: math.MaxInt64},
		{TokenLifetime: math.MinInt64},
		{Wait: tenYears + 1},
		{Wait: math.MaxInt64},
	} {
		r, err := issuer.NewKeyRing(&o)
		if refused, ok := errors.AsType[*issuer.OptionError](err); !ok || r != nil || !strings.ContainsAny(refused.Err.Error(), "0123456789") {
			t.Errorf("NewKeyRing(%+v) = %v, %v; want an *OptionError with the value", o, r, err)
		}
	}
	for _, o := range []issuer.KeyRingOptions{
		{MaxAge: time.Minute},
		{MaxAge: 24 * time.Hour},
		{MaxAge: time.Hour, Wait: time.Hour},
		{MaxAge: time.Hour, Wait: -1},
		{TokenLifetime: 1},
		{TokenLifetime: tenYears, Wait: tenYears},
	} {
		if _, err := issuer.NewKeyRing(&o); err != nil {
			t.Errorf("NewKeyRing(%+v) = %v", o, err)
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

// A token must not be valid longer than its key is published.
func TestRingLimitsTheLifetime(t *testing.T) {
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
			"past":            {map[string]any{"exp": now - 1}, true},
			"as bytes":        {fmt.Appendf(nil, `{"exp":%d}`, now), true},
			"a float":         {fmt.Appendf(nil, `{"exp":%d.5}`, now), true},
			"a second more":   {map[string]any{"exp": now + 3601}, true}, // now is cut to seconds
			"two seconds":     {map[string]any{"exp": now + 3602}, false},
			"more":            {map[string]any{"exp": now + 3700}, false},
			"1e300":           {[]byte(`{"exp":1e300}`), false},
			"none":            {map[string]any{}, false},
			"null":            {[]byte(`{"exp":null}`), false},
			"text":            {[]byte(`{"exp":"1"}`), false},
			"an array":        {[]byte(`[]`), false},
			"not JSON":        {[]byte(`{`), false},
			"nil":             {nil, false},
			"no bytes":        {[]byte(nil), false},
			"cannot marshal":  {make(chan int), false},
			"a small integer": {[]byte(`{"exp":1}`), true},
			"twice":           {fmt.Appendf(nil, `{"exp":%d,"exp":%d}`, now+1e6, now), false},
			"exp and Exp":     {fmt.Appendf(nil, `{"exp":%d,"Exp":%d}`, now+1e6, now), false},
			"EXP":             {fmt.Appendf(nil, `{"EXP":%d}`, now), false},
			"exp and eXp":     {map[string]any{"exp": now, "eXp": now}, false},
		} {
			raw, err := r.Sign(t.Context(), tt.claims)
			if (err == nil) != tt.want || (raw != "") != tt.want {
				t.Errorf("%s: Sign = %q, %v; want ok %v", name, raw, err, tt.want)
			}
		}
	})
}

// handlerClient returns a client that calls a handler in memory.
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

// The first key of a ring can be retired, like every other one, if another key signs.
func TestRetireTheFirstKey(t *testing.T) {
	t.Parallel()
	r := newRing(t, &issuer.KeyRingOptions{Wait: -1}) // later keys sign at once
	publish(t, r, "a")
	publish(t, r, "b")
	if err := r.Retire("a"); err != nil {
		t.Fatal(err)
	}
	wantStates(t, r, map[string]issuer.KeyState{"a": issuer.KeyRetired, "b": issuer.KeySigning})
}

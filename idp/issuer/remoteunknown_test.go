package issuer_test

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onafed/onafed/idp/idptest"
	"github.com/onafed/onafed/idp/issuer"
)

// wantLimit checks that the limit for unknown keys prevents a fetch, and returns how long.
func wantLimit(t *testing.T, keys issuer.KeySet, kid string) time.Duration {
	t.Helper()
	got, err := keys.Keys(t.Context(), kid)
	limit, ok := errors.AsType[*issuer.FetchLimitError](err)
	if !ok || limit.KeyID != kid || !limit.Temporary() || limit.RetryAfter <= 0 || limit.RetryAfter > 30*time.Second || got != nil {
		t.Fatalf("Keys(%q) = %v, %v; want a *FetchLimitError", kid, got, err)
	}
	return limit.RetryAfter
}

// A rotation is noticed with the first token, directly after the start and after other tokens with
// unknown keys.
func TestNewKeyIsFetchedAtOnce(t *testing.T) {
	t.Parallel()
	for _, invented := range []int{0, 1} {
		synctest.Test(t, func(t *testing.T) {
			iss, keys := remote(t, issuer.RemoteKeySetOptions{})
			wantKey(t, keys, "k0")
			for i := range invented {
				wantNoKey(t, keys, fmt.Sprintf("garbage-%d", i))
			}
			kid := iss.RotateKey()
			start := time.Now()
			wantKey(t, keys, kid)
			if d := time.Since(start); d != 0 {
				t.Errorf("the new key took %v", d)
			}
			wantKey(t, keys, "k0")
			wantRequests(t, iss, invented+2)
		})
	}
}

// At most three fetches begin within 30 s. After that a token with an unknown key is neither accepted
// nor refused, because its key may be new, and works after the time that the error says.
func TestLimitOfUnknownKeys(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		iss, keys := remote(t, issuer.RemoteKeySetOptions{})
		wantKey(t, keys, "k0")
		time.Sleep(10 * time.Second)
		wantNoKey(t, keys, "a")
		wantNoKey(t, keys, "a")
		wantRequests(t, iss, 3)
		kid := iss.RotateKey()
		wait := wantLimit(t, keys, kid)
		if wait != 20*time.Second {
			t.Errorf("RetryAfter = %v, want 20s, when the first fetch is 30s old", wait)
		}
		wantKey(t, keys, "k0")
		time.Sleep(wait - time.Nanosecond)
		wantLimit(t, keys, kid)
		wantRequests(t, iss, 3)
		time.Sleep(time.Nanosecond)
		wantKey(t, keys, kid)
		wantRequests(t, iss, 4)
		if wait := wantLimit(t, keys, "b"); wait != 10*time.Second {
			t.Errorf("RetryAfter = %v, want 10s", wait)
		}
	})
}

// 10,000 invented kids cause two requests, and a steady flood at most six a minute. Known keys are
// always found, and a new one within 30 s.
func TestFloodOfUnknownKeys(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		iss, keys := remote(t, issuer.RemoteKeySetOptions{})
		wantKey(t, keys, "k0")
		flood := func(n int) {
			var wg sync.WaitGroup
			for i := range n {
				wg.Go(func() {
					_, err := keys.Keys(t.Context(), fmt.Sprintf("garbage-%d", i))
					_, notFound := errors.AsType[*issuer.KeyNotFoundError](err)
					_, limit := errors.AsType[*issuer.FetchLimitError](err)
					if !notFound && !limit {
						t.Errorf("Keys of an invented kid: %v", err)
					}
				})
			}
			wg.Wait()
		}
		flood(10_000)
		if n := len(iss.Requests()); n > 3 {
			t.Errorf("%d requests, want at most 3", n)
		}
		kid := iss.RotateKey()
		var at time.Duration
		start := time.Now()
		for time.Since(start) < 10*time.Minute {
			time.Sleep(time.Second)
			flood(20)
			wantKey(t, keys, "k0")
			if _, err := keys.Keys(t.Context(), kid); err == nil && at == 0 {
				at = time.Since(start)
			}
		}
		if at == 0 || at > 30*time.Second {
			t.Errorf("the new key worked after %v, want at most 30s", at)
		}
		if n := len(iss.Requests()); n > 3+10*6 {
			t.Errorf("%d requests in ten minutes, want at most 6 a minute", n)
		}
	})
}

// A slowTransport holds back responses that the server has already sent.
type slowTransport struct {
	base  http.RoundTripper
	delay atomic.Int64
}

func (s *slowTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := s.base.RoundTrip(r)
	time.Sleep(time.Duration(s.delay.Load()))
	return resp, err
}

// A call that joins a fetch does not take its response as proof that the key does not exist: the
// response may be older than the key.
func TestKeyThatIsPublishedDuringAFetch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		base := idptest.NewIssuer(t, &idptest.IssuerOptions{Algorithm: "ES256"})
		slow := &slowTransport{base: base.Client().Transport}
		keys, err := issuer.NewRemoteKeySet(base.URL+idptest.JWKSPath, &issuer.RemoteKeySetOptions{HTTPClient: &http.Client{Transport: slow}})
		if err != nil {
			t.Fatal(err)
		}
		slow.delay.Store(int64(time.Second))
		var wg sync.WaitGroup
		wg.Go(func() { wantKey(t, keys, "k0") })
		synctest.Wait()
		kid := base.RotateKey()
		slow.delay.Store(0)
		for range 100 {
			wg.Go(func() { wantKey(t, keys, kid) })
			wg.Go(func() { wantNoKey(t, keys, "garbage") })
		}
		wg.Wait()
		wantRequests(t, base, 2)
	})
}

// When the limit prevents a fetch, Verify fails with a temporary error, and the middleware answers 503
// with the time to wait. A key that is not in the fetched key set is a 401.
func TestMiddlewareAtTheLimitOfUnknownKeys(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		iss, keys := remote(t, issuer.RemoteKeySetOptions{})
		v := newVerifier(t, iss.URL, keys, issuer.VerifierOptions{Audiences: []string{"a"}, AnyOrganization: true, Algorithms: []string{"ES256"}})
		h := v.Middleware(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
		get := func(token string) (status int, wait, challenge string) {
			r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
			r.Header.Set("Authorization", "Bearer "+token)
			resp := record(h, r)
			return resp.StatusCode, resp.Header.Get("Retry-After"), resp.Header.Get("WWW-Authenticate")
		}
		want := func(token string, status int, wait string) {
			t.Helper()
			gotStatus, gotWait, challenge := get(token)
			if gotStatus != status || gotWait != wait || (challenge != "") != (status == http.StatusUnauthorized) {
				t.Errorf("status %d, Retry-After %q, WWW-Authenticate %q; want %d, %q", gotStatus, gotWait, challenge, status, wait)
			}
		}
		unknown := iss.SignRaw([]byte(`{"alg":"ES256","kid":"garbage"}`), []byte(`{}`))
		want(iss.Sign(iss.Claims("a")), http.StatusTeapot, "")
		want(unknown, http.StatusUnauthorized, "")
		want(unknown, http.StatusUnauthorized, "")
		time.Sleep(1500 * time.Millisecond)
		iss.RotateKey()
		token := iss.Sign(iss.Claims("a"))
		want(token, http.StatusServiceUnavailable, "29")
		want(unknown, http.StatusServiceUnavailable, "29")
		_, err := v.Verify(t.Context(), token)
		if e, ok := errors.AsType[*issuer.VerifyError](err); !ok || e.Reason != issuer.ReasonKeysUnavailable || !e.Temporary() {
			t.Errorf("Verify = %v, want a temporary error", err)
		}
		time.Sleep(29 * time.Second)
		want(token, http.StatusTeapot, "")
		iss.Inject(idptest.Fault{Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"20"}}})
		time.Sleep(time.Minute)
		want(unknown, http.StatusServiceUnavailable, "20")
	})
}
